//! `glassworks submit`: a task from the command line, accepted once however often it is sent.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use glassworks_protocol::{JsonText, NewTask, Task, Timestamp};
use http::{HeaderName, HeaderValue, Method};
use tokio::time::sleep;
use uuid::Uuid;

use super::tail::{Telling, follow};
use super::{ANSWER_WITHIN, Ending, say, show, task};
use crate::client::{Ask, CallError, Patience, Server, ServerOption, read};
use crate::config::read_span;

/// How often it is sent before its person hears that nobody answers.
const TRIES: u32 = 4;
/// More than a server takes, whatever its limits.
const LONGEST_PAYLOAD: u64 = 8 * 1024 * 1024;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The task to be.
#[derive(Args, Clone, Debug)]
pub struct SubmitOptions {
    /// Its kind: the name of the code that runs it.
    #[arg(value_name = "KIND")]
    kind: String,
    /// Its payload, as JSON; `-` for what comes on the standard input. An empty object when absent.
    #[arg(value_name = "JSON")]
    payload: Option<String>,
    /// A file with its payload.
    #[arg(long, value_name = "FILE", conflicts_with = "payload")]
    file: Option<PathBuf>,
    /// The queue it waits in.
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// From 0, which is first, to 9.
    #[arg(long, value_name = "0..9")]
    priority: Option<u8>,
    /// Not before so long from now: `90s`, `5min`, `2h`.
    #[arg(long, value_name = "SPAN", value_parser = read_span, conflicts_with = "at")]
    delay: Option<Duration>,
    /// Not before this moment: `2026-01-31T09:30:00Z`.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How often it may be tried.
    #[arg(long, value_name = "COUNT")]
    max_attempts: Option<u32>,
    /// How long one attempt may take: `90s`, `5min`, `2h`.
    #[arg(long, value_name = "SPAN", value_parser = read_span)]
    timeout: Option<Duration>,
    /// At most one unfinished task has this key; the answer is that one.
    #[arg(long, value_name = "TEXT")]
    unique_key: Option<String>,
    /// A word to find it by. Repeatable.
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// The same key again gets the same task and adds none. Without it each call has its own.
    #[arg(long, value_name = "TEXT")]
    idempotency_key: Option<String>,
    /// Show what it prints and wait for its end, which is the exit status: 0 completed, 3 failed,
    /// 4 cancelled.
    #[arg(long)]
    wait: bool,
    /// Print the task as the server sends it; with `--wait`, as it is at its end.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOption,
}

/// Submits it, and waits for its end if that was asked for.
pub(super) async fn submit(options: SubmitOptions) -> Result<Ending, Box<dyn Error>> {
    let server = options.server.server()?;
    let (wait, json) = (options.wait, options.json);
    let ask = Submission::of(options)?;
    let answer = ask.send(&server).await?;
    let accepted: Task = read(&answer)?;
    if !wait {
        let mut out = io::stdout().lock();
        if json {
            out.write_all(&answer)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", accepted.id)?;
            say(&format!(
                "{}; to watch it: glassworks tail {}",
                accepted.state, accepted.id
            ));
        }
        return Ok(Ending::Done);
    }
    if !json {
        say(&format!("{}", accepted.id));
    }
    let telling = if json {
        Telling::Nothing
    } else {
        Telling::Words
    };
    follow(&server, accepted.id, telling).await?;
    let ended = task(&server, accepted.id).await?;
    if json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &ended).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        say(&show::outcome(&ended));
    }
    Ok(Ending::of(&ended))
}

/// The request, the same each time it is sent.
struct Submission {
    body: Vec<u8>,
    key: HeaderValue,
}

impl Submission {
    fn of(options: SubmitOptions) -> Result<Self, Box<dyn Error>> {
        let payload = match (&options.payload, &options.file) {
            (None, None) => JsonText::empty_object(),
            (Some(text), _) if text == "-" => {
                parse(text_of(io::stdin().lock(), "the standard input")?)?
            }
            (Some(text), _) => parse(text.clone())?,
            (None, Some(file)) => {
                let name = file.display().to_string();
                let file = std::fs::File::open(file)
                    .map_err(|error| format!("cannot read {name}: {error}"))?;
                parse(text_of(file, &name)?)?
            }
        };
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let task = NewTask {
            queue: options.queue,
            priority: options.priority,
            run_at: options.at,
            delay_ms: options.delay.map(millis),
            max_attempts: options.max_attempts,
            timeout_ms: options.timeout.map(millis),
            unique_key: options.unique_key,
            tags: options.tags,
            ..NewTask::new(options.kind, payload)
        };
        let key = options
            .idempotency_key
            .unwrap_or_else(|| Uuid::new_v4().to_string());
        Ok(Self {
            body: serde_json::to_vec(&task)?,
            key: HeaderValue::try_from(key).map_err(|_| "no header can hold that key")?,
        })
    }

    /// Sends it until it is answered: with its key it is accepted once.
    async fn send(&self, server: &Server) -> Result<bytes::Bytes, CallError> {
        let mut patience = Patience::default();
        for _ in 1..TRIES {
            match server.ask(self.ask(), ANSWER_WITHIN).await {
                Err(error) if !error.is_final() => sleep(patience.next()).await,
                answered => return answered,
            }
        }
        server.ask(self.ask(), ANSWER_WITHIN).await
    }

    fn ask(&self) -> Ask {
        Ask::new(Method::POST, "/api/tasks")
            .with_body(self.body.clone())
            .with(IDEMPOTENCY_KEY, self.key.clone())
    }
}

fn text_of(from: impl io::Read, name: &str) -> Result<String, String> {
    let mut text = String::new();
    let read = from.take(LONGEST_PAYLOAD + 1).read_to_string(&mut text);
    let length = read.map_err(|error| format!("cannot read {name}: {error}"))?;
    if length as u64 > LONGEST_PAYLOAD {
        return Err(format!("{name} has more than 8 MiB"));
    }
    Ok(text)
}

fn parse(text: String) -> Result<JsonText, String> {
    JsonText::parse(text).map_err(|error| format!("the payload is no JSON: {error}"))
}
