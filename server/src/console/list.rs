//! `glassworks list`: a table for people, or lines of JSON.

use std::error::Error;
use std::io::{self, Write as _};

use clap::{Args, value_parser};
use form_urlencoded::Serializer;
use glassworks_protocol::{State, TaskPage, TaskSummary};
use http::Method;
use serde_json::value::RawValue;

use super::{ANSWER_WITHIN, Ending, plain};
use crate::client::{Ask, ServerOption, read};

/// The most that one page has.
const PAGE: u32 = 100;

/// Which tasks to list.
#[derive(Args, Clone, Debug)]
pub struct ListOptions {
    /// Only those in this state, or in one of several with commas between them.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<State>,
    /// Only those of this kind.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only those of this queue.
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// Only those with this tag.
    #[arg(long, value_name = "WORD")]
    tag: Option<String>,
    /// Only those with this text in id, kind, tags, payload or error.
    #[arg(long, short, value_name = "TEXT")]
    q: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = value_parser!(u32).range(1..))]
    limit: u32,
    /// Print each as the server sends it, on a line of its own.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOption,
}

/// Prints them page by page, as they come.
pub(super) async fn list(options: ListOptions) -> Result<Ending, Box<dyn Error>> {
    let server = options.server.server()?;
    let mut left = options.limit;
    let mut cursor = None;
    let mut is_first = true;
    while left > 0 {
        let path = options.path(left.min(PAGE), cursor.as_deref());
        let answer = server
            .ask(Ask::new(Method::GET, path), ANSWER_WITHIN)
            .await?;
        let page: TaskPage<Box<RawValue>> = read(&answer)?;
        let mut out = io::stdout().lock();
        for task in page.tasks {
            left = left.saturating_sub(1);
            if options.json {
                writeln!(out, "{}", task.get())?;
                continue;
            }
            if is_first {
                writeln!(out, "{HEAD}")?;
                is_first = false;
            }
            writeln!(out, "{}", row(&read(task.get().as_bytes())?))?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Ending::Done)
}

impl ListOptions {
    fn path(&self, limit: u32, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        let states: Vec<_> = self.state.iter().map(|state| state.as_str()).collect();
        let states = Some(states.join(",")).filter(|states| !states.is_empty());
        for (name, value) in [
            ("state", states.as_deref()),
            ("kind", self.kind.as_deref()),
            ("queue", self.queue.as_deref()),
            ("tag", self.tag.as_deref()),
            ("q", self.q.as_deref()),
            ("cursor", cursor),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("/api/tasks?{}", query.finish())
    }
}

const HEAD: &str = "ID                                    STATE      KIND             QUEUE            CREATED                   ATTEMPT  NOTE";

/// One line, whatever its texts hold.
fn row(task: &TaskSummary) -> String {
    let note = match (&task.error, &task.progress) {
        (Some(error), _) if task.state != State::Completed => error.message.as_str(),
        (_, Some(progress)) if !task.state.is_final() => {
            progress.message.as_deref().unwrap_or_default()
        }
        _ => "",
    };
    let note = note.lines().next().unwrap_or_default();
    let attempts = task.attempts_in_words();
    let row = format!(
        "{}  {:<9}  {:<15}  {:<15}  {}  {attempts:<7}  {note}",
        task.id, task.state, task.kind, task.queue, task.created_at
    );
    plain(row.trim_end())
}
