//! One run of an experiment, read from its task and the task's log.

use glassworks_protocol::{Event, EventBody, State, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json;
use crate::task_view::advance;

/// A run as far as it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LabRun {
    /// The task.
    pub(crate) task: Task,
    /// The `seq` of the latest event that was taken in.
    pub(crate) seen: u64,
    /// The attempt that all below is of.
    pub(crate) attempt: u32,
    /// The servers, the broken one first.
    pub(crate) servers: Vec<Server>,
    /// What was done, in the order in which it was over.
    pub(crate) spans: Vec<Span>,
    /// Whether the log had more to tell than it kept.
    pub(crate) cut: bool,
}

/// The server of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// The variant.
    pub(crate) variant: String,
    /// What it does, in a few words.
    pub(crate) title: String,
    /// What to type to try it by hand.
    pub(crate) curl: String,
    /// When it was up, in milliseconds since the attempt began.
    pub(crate) started_ms: f64,
    /// What was measured, once it has been.
    pub(crate) measured: Option<Measured>,
}

/// What was measured of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The figures.
    pub(crate) figures: Vec<Figure>,
    /// The longest time that the server's runtime did not wake up.
    pub(crate) victim_silence_ms: f64,
    /// The longest time that the observer's did not.
    pub(crate) observer_silence_ms: f64,
}

/// One figure, by a name that is the same in each variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// Its name.
    pub(crate) name: String,
    /// What it says.
    pub(crate) label: String,
    /// Absent where nothing was measured.
    pub(crate) value: Option<f64>,
    /// `ms`, `count` or `bytes`.
    pub(crate) unit: String,
}

/// A piece of what happened. Times are milliseconds since the attempt began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// The variant that it is of.
    pub(crate) variant: String,
    /// Its row on the time line.
    pub(crate) track: String,
    /// What was done.
    pub(crate) name: String,
    /// When it began. A request: when it was sent.
    pub(crate) start_ms: f64,
    /// When it was over.
    pub(crate) end_ms: f64,
    /// When the server took it up, by its own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) received_ms: Option<f64>,
    /// When its handler had returned, by the server's own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answered_ms: Option<f64>,
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u32>,
    /// Why there was no whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
    /// Of a heartbeat: whether it was silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) silent: Option<bool>,
    /// Whether it is a request to the server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) request: bool,
}

/// As much of a result as is shown.
#[derive(Deserialize)]
struct Report {
    variants: Vec<Shown>,
    phenomenon: String,
}

#[derive(Deserialize)]
struct Shown {
    variant: String,
    title: String,
    curl: String,
    started_ms: f64,
    figures: Vec<Figure>,
    victim_silence_ms: f64,
    observer_silence_ms: f64,
}

impl From<Shown> for Server {
    fn from(shown: Shown) -> Self {
        Self {
            variant: shown.variant,
            title: shown.title,
            curl: shown.curl,
            started_ms: shown.started_ms,
            measured: Some(Measured {
                figures: shown.figures,
                victim_silence_ms: shown.victim_silence_ms,
                observer_silence_ms: shown.observer_silence_ms,
            }),
        }
    }
}

impl LabRun {
    /// A run whose log is read from the event after `after`.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn new(task: Task, after: u64) -> Self {
        Self {
            task,
            seen: after,
            attempt: 0,
            servers: Vec::new(),
            spans: Vec::new(),
            cut: after > 0,
        }
    }

    /// The experiment that was run, as its payload says.
    pub(crate) fn experiment(&self) -> Option<String> {
        let payload: Value = json::read(self.task.payload.get()).ok()?;
        Some(payload.get("experiment")?.as_str()?.to_owned())
    }

    /// Whether all that is to be measured has been: the servers may still be up.
    pub(crate) fn is_measured(&self) -> bool {
        self.task.state == State::Completed || self.is_held()
    }

    /// Whether the servers stay up although all has been measured.
    pub(crate) fn is_held(&self) -> bool {
        let progress = self.task.progress.as_ref();
        let is_over = progress.is_some_and(|progress| progress.fraction >= 1.0);
        self.task.state == State::Running
            && is_over
            && !self.servers.is_empty()
            && self.servers.iter().all(|server| server.measured.is_some())
    }

    /// What was seen, in words.
    pub(crate) fn phenomenon(&self) -> Option<String> {
        let result = self.task.result.as_ref()?;
        Some(json::read::<Report>(result.get()).ok()?.phenomenon)
    }

    /// A figure of a variant.
    pub(crate) fn figure(&self, variant: &str, name: &str) -> Option<f64> {
        let server = self.servers.iter().find(|it| it.variant == variant)?;
        let mut figures = server.measured.as_ref()?.figures.iter();
        figures.find(|figure| figure.name == name)?.value
    }

    /// Takes in the next event.
    pub(crate) fn apply(&mut self, event: &Event) {
        if event.seq <= self.seen {
            return;
        }
        self.seen = event.seq;
        if event.seq > self.task.last_seq {
            self.task.last_seq = event.seq;
            advance(&mut self.task, event);
        }
        // What an attempt before this one has shown is not this one's.
        if event.attempt > self.attempt {
            self.attempt = event.attempt;
            self.spans.clear();
            self.servers.clear();
        }
        match &event.body {
            EventBody::Span {
                name,
                track,
                start_ms,
                end_ms,
                attributes,
            } => self.take(name, track, (*start_ms, *end_ms), attributes),
            EventBody::Truncated { .. } => self.cut = true,
            EventBody::State { .. } | EventBody::Progress { .. } | EventBody::Output { .. } => {}
        }
    }

    /// Takes the task as the server has it, unless that is older than what is known here.
    pub(crate) fn replace(&mut self, task: Task) {
        if task.last_seq >= self.task.last_seq {
            self.task = task;
            self.read_result();
        }
    }

    /// Takes what the servers have shown from the task's result, which says it even where the log was
    /// cut. After the log.
    pub(crate) fn read_result(&mut self) {
        if let Some(result) = &self.task.result
            && let Ok(result) = json::read::<Report>(result.get())
        {
            self.servers = result.variants.into_iter().map(Server::from).collect();
        }
    }

    fn take(
        &mut self,
        name: &str,
        track: &str,
        (start_ms, end_ms): (f64, f64),
        attributes: &Map<String, Value>,
    ) {
        let text = |key| Some(attributes.get(key)?.as_str()?.to_owned());
        let number = |key| match attributes.get(key)? {
            Value::Number(number) => json::float(number),
            _ => None,
        };
        let Some(variant) = text("variant") else {
            return;
        };
        if let (Some(title), Some(curl)) = (text("title"), text("curl")) {
            let known = self.servers.iter().any(|it| it.variant == variant);
            if !known {
                self.servers.push(Server {
                    variant,
                    title,
                    curl,
                    started_ms: start_ms,
                    measured: None,
                });
                // They start at the same time, and the broken one is to stand first.
                self.servers
                    .sort_by_key(|server| server.variant != "broken");
            }
            return;
        }
        if let Some(measured) = attributes.get("measured") {
            let server = self.servers.iter_mut().find(|it| it.variant == variant);
            if let (Some(server), Ok(measured)) = (server, json::read(&measured.to_string())) {
                server.measured = Some(measured);
            }
            return;
        }
        let of_variant = track.strip_prefix(variant.as_str());
        let track = of_variant.map_or(track, |rest| rest.trim_start_matches(" · "));
        self.spans.push(Span {
            track: track.to_owned(),
            name: name.to_owned(),
            start_ms,
            end_ms,
            received_ms: number("received_ms"),
            answered_ms: number("answered_ms"),
            status: attributes
                .get("status")
                .and_then(Value::as_u64)
                .and_then(|status| u32::try_from(status).ok()),
            failure: text("failure"),
            silent: attributes
                .get("heartbeat")
                .and_then(|_| attributes.get("silent")?.as_bool()),
            request: attributes.contains_key("request"),
            variant,
        });
    }
}

/// What a finished run of the lab says of each variant.
#[cfg(feature = "ssr")]
pub(crate) fn servers_of(task: &Task) -> Vec<Server> {
    let result = task.result.as_ref();
    let result = result.and_then(|result| json::read::<Report>(result.get()).ok());
    let shown = result.map(|result| result.variants).unwrap_or_default();
    shown.into_iter().map(Server::from).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use glassworks_protocol::{Event, EventBody, State, Task};
    use serde_json::{Value, json};

    use super::LabRun;
    use crate::fixture::{event, id, state_event};

    pub(crate) fn span(seq: u64, track: &str, name: &str, times: (f64, f64), more: Value) -> Event {
        let Value::Object(attributes) = more else {
            panic!("attributes are an object");
        };
        let body = EventBody::Span {
            name: name.to_owned(),
            track: track.to_owned(),
            start_ms: times.0,
            end_ms: times.1,
            attributes,
        };
        event(seq, 1, 1_000, body)
    }

    pub(crate) fn task(state: State) -> Task {
        let at = glassworks_protocol::Timestamp::from_millis(1_000);
        Task {
            state,
            ..Task::queued(id(1), "lab", json!({"experiment": "blocking"}), at)
        }
    }

    /// A run with one request that waited, one silence, and what was measured.
    pub(crate) fn small() -> LabRun {
        let listening = json!({"variant": "broken", "title": "sleeps", "curl": "curl x"});
        let ping = json!({"variant": "broken", "request": 3, "received_ms": 60.0,
            "answered_ms": 61.0, "status": 200, "failure": null});
        let silence = json!({"variant": "broken", "heartbeat": true, "silent": true});
        let measured = json!({"variant": "broken", "measured": {
            "figures": [{"name": "pings_stalled", "label": "stalled", "value": 16.0, "unit": "count"}],
            "victim_silence_ms": 50.0, "observer_silence_ms": 0.0}});
        let events = [
            state_event(1, 1, 1_000, State::Running),
            span(2, "broken · server", "listening", (5.0, 5.0), listening),
            span(3, "broken · ping", "GET /ping", (10.0, 62.0), ping),
            span(
                4,
                "broken · server's heartbeat",
                "silent",
                (12.0, 60.0),
                silence,
            ),
            span(5, "broken · server", "measured", (5.0, 70.0), measured),
        ];
        let mut run = LabRun::new(task(State::Queued), 0);
        for event in &events {
            run.apply(event);
        }
        run
    }

    #[test]
    fn spans_servers_and_figures_are_read_from_the_log() {
        let run = small();
        assert_eq!(run.task.state, State::Running);
        assert_eq!(run.servers.len(), 1);
        assert_eq!(run.servers[0].curl, "curl x");
        assert_eq!(run.spans.len(), 2);
        assert_eq!(run.spans[0].track, "ping");
        assert_eq!(run.spans[0].received_ms, Some(60.0));
        assert_eq!(run.spans[1].silent, Some(true));
        assert_eq!(run.figure("broken", "pings_stalled"), Some(16.0));
        assert_eq!(run.experiment().as_deref(), Some("blocking"));
    }

    #[test]
    fn a_run_is_read_from_its_result_when_the_log_says_nothing_of_it() {
        let mut done = task(State::Completed);
        let shown = json!({"variant": "broken", "title": "sleeps", "curl": "curl x",
            "started_ms": 1.0, "ended_ms": 9.0, "requests": 1,
            "figures": [{"name": "work", "label": "the work", "value": null, "unit": "ms"}],
            "victim_silence_ms": 0.0, "observer_silence_ms": 0.0});
        done.result = Some(json!({"variants": [shown], "phenomenon": "It froze."}).into());
        let mut run = LabRun::new(done, 0);
        run.read_result();
        assert_eq!(run.phenomenon().as_deref(), Some("It froze."));
        assert!(run.servers[0].measured.is_some() && run.is_measured());
        assert_eq!(run.figure("broken", "work"), None);
    }

    #[test]
    fn another_attempt_starts_with_an_empty_picture() {
        let mut run = small();
        run.apply(&state_event(6, 2, 2_000, State::Running));
        assert_eq!((run.spans.len(), run.servers.len()), (0, 0));
        assert_eq!(run.attempt, 2);
    }

    #[test]
    fn an_event_seen_before_changes_nothing() {
        let mut run = small();
        let before = run.clone();
        run.apply(&span(
            3,
            "broken · ping",
            "GET /ping",
            (0.0, 1.0),
            json!({"variant": "broken"}),
        ));
        assert_eq!(run, before);
    }
}
