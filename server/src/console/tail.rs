//! Following a task through whatever happens to the connection, each event once.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use bytes::Bytes;
use eventsource_stream::Eventsource as _;
use futures::{Stream, StreamExt as _, stream};
use glassworks_protocol::{Event, EventBody, OutputStream, State, TaskId};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyDataStream;
use tokio::time::{sleep, timeout};

use super::{ANSWER_WITHIN, say};
use crate::client::{Ask, CallError, Patience, Server, refusal};

/// The server says something every 15 seconds; who is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// What is told of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// What it prints, and what happens to it.
    Words,
    /// Its events, a line of JSON each.
    Events,
    /// Nothing.
    Nothing,
}

/// Tells of a task from its first event until it is over.
pub(super) async fn follow(
    server: &Server,
    id: TaskId,
    telling: Telling,
) -> Result<(), Box<dyn Error>> {
    let mut told = Told {
        telling,
        to_terminal: io::stderr().is_terminal(),
        seen: None,
    };
    let mut patience = Patience::default();
    let mut complained = false;
    loop {
        let before = told.seen;
        match listen(server, id, &mut told).await? {
            Heard::End => return Ok(()),
            Heard::Nothing(error) if error.is_final() => return Err(error.into()),
            Heard::Nothing(error) if !complained => {
                say(&format!("{error}; trying again"));
                complained = true;
            }
            Heard::Nothing(_) | Heard::Part => {}
        }
        if told.seen != before {
            patience = Patience::default();
            complained = false;
        }
        sleep(patience.next()).await;
    }
}

/// What one connection brought.
enum Heard {
    /// All there is.
    End,
    /// Some of it: the server is ending, or the connection broke.
    Part,
    /// The server did not begin.
    Nothing(CallError),
}

async fn listen(server: &Server, id: TaskId, told: &mut Told) -> io::Result<Heard> {
    let mut ask = Ask::new(Method::GET, format!("/api/tasks/{id}/events"));
    ask = ask.with(
        header::ACCEPT,
        HeaderValue::from_static("text/event-stream"),
    );
    if let Some(seen) = told.seen {
        ask = ask.with(LAST_EVENT_ID, seen.into());
    }
    let Ok(begun) = timeout(ANSWER_WITHIN, server.send(ask)).await else {
        return Ok(Heard::Nothing(CallError::late()));
    };
    let (answer, _connection) = match begun {
        Ok(begun) => begun,
        Err(error) => return Ok(Heard::Nothing(error)),
    };
    match answer.status() {
        StatusCode::NO_CONTENT => return Ok(Heard::End),
        StatusCode::OK => {}
        _ => return Ok(Heard::Nothing(refusal(answer).await)),
    }
    let mut events = pieces(answer.into_body()).eventsource();
    while let Some(event) = events.next().await {
        let Ok(event) = event else {
            return Ok(Heard::Part);
        };
        match event.event.as_str() {
            // It says why: the task is over, or the server is ending.
            "end" if event.data.contains("shutting_down") => return Ok(Heard::Part),
            "end" => return Ok(Heard::End),
            "problem" => return Ok(Heard::Part),
            _ => told.tell(&event.data)?,
        }
    }
    Ok(Heard::Part)
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A body's pieces, until it ends, breaks or is silent for too long.
fn pieces(body: hyper::body::Incoming) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
    let body = BodyDataStream::new(body);
    stream::unfold(body, async |mut body| {
        let piece = timeout(SILENCE, body.next()).await.ok()??.ok()?;
        Some((Ok(piece), body))
    })
    .boxed()
}

/// What the person has been told.
struct Told {
    telling: Telling,
    /// Whether progress is of use where it goes.
    to_terminal: bool,
    /// The last event.
    seen: Option<u64>,
}

impl Told {
    fn tell(&mut self, data: &str) -> io::Result<()> {
        // An event that this version does not know is none of its business.
        let Ok(event) = serde_json::from_str::<Event>(data) else {
            return Ok(());
        };
        if self.seen.is_some_and(|seen| event.seq <= seen) {
            return Ok(());
        }
        self.seen = Some(event.seq);
        let mut out = io::stdout().lock();
        match self.telling {
            Telling::Nothing => return Ok(()),
            Telling::Events => return writeln!(out, "{data}"),
            Telling::Words => {}
        }
        match &event.body {
            EventBody::Output { stream, text } => match stream {
                OutputStream::Stdout => {
                    out.write_all(text.as_bytes())?;
                    out.flush()?;
                }
                OutputStream::Stderr => io::stderr().lock().write_all(text.as_bytes())?,
            },
            EventBody::Truncated { .. } => {
                if let Some(gap) = event.body.gap() {
                    out.write_all(gap.as_bytes())?;
                }
            }
            EventBody::State { .. } => {
                if let Some(line) = passage(&event) {
                    say(&line);
                }
            }
            EventBody::Progress { fraction, message } if self.to_terminal => {
                let message = message.as_deref().unwrap_or_default();
                say(&format!("{:3.0} % {message}", fraction * 100.0));
            }
            EventBody::Progress { .. } | EventBody::Span { .. } => {}
        }
        Ok(())
    }
}

/// What a person wants to hear of a change of state on the way; its end is told by itself.
fn passage(event: &Event) -> Option<String> {
    let EventBody::State {
        state,
        error,
        run_at,
        reason,
    } = &event.body
    else {
        return None;
    };
    let due = || run_at.map_or(String::new(), |at| format!(", due at {at}"));
    match state {
        State::Scheduled => Some(format!("scheduled{}", due())),
        State::Running if reason.is_some() => Some("asked to stop".to_owned()),
        State::Running => Some(format!("attempt {} begins", event.attempt)),
        State::Retrying => {
            let error = error.as_deref().unwrap_or("it failed");
            Some(format!("attempt {}: {error}{}", event.attempt, due()))
        }
        State::Queued | State::Completed | State::Failed | State::Cancelled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::passage;
    use glassworks_protocol::Event;
    use serde_json::json;

    fn event(more: &serde_json::Value) -> Event {
        let mut event = json!({
            "task_id": "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60", "seq": 3, "attempt": 2,
            "at": "2026-01-31T09:30:00Z", "type": "state",
        });
        let more = more.as_object().unwrap().clone();
        event.as_object_mut().unwrap().extend(more);
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn what_happens_on_the_way_is_told_in_words() {
        let told = |more| passage(&event(&more));
        assert_eq!(told(json!({"state": "queued"})), None);
        assert_eq!(told(json!({"state": "completed"})), None);
        assert_eq!(
            told(json!({"state": "running"})).unwrap(),
            "attempt 2 begins"
        );
        assert_eq!(
            told(json!({"state": "running", "reason": "cancel_requested"})).unwrap(),
            "asked to stop"
        );
        let retrying = json!({
            "state": "retrying", "error": "no route", "run_at": "2026-01-31T09:31:00Z",
        });
        assert_eq!(
            told(retrying).unwrap(),
            "attempt 2: no route, due at 2026-01-31T09:31:00.000Z"
        );
    }
}
