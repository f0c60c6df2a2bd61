//! From what a client submits to what is stored: checks and defaults.

use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{
    FieldError, NewTask, Problem, QueueSettings, RetryPolicy, TaskId, Timestamp,
};
use uuid::Uuid;

use crate::error::Error;
use crate::limits::Limits;
use crate::registry::Registry;
use crate::shape;
use crate::store::{Due, NewRow};

const LOWEST_PRIORITY: u8 = 9;
const MOST_ATTEMPTS: u32 = 1_000;
const LONGEST_TIMEOUT_MS: u64 = 7 * 24 * 3_600 * 1_000;
pub(crate) const LONGEST_BACKOFF_MS: u64 = 24 * 3_600 * 1_000;
const STEEPEST_BACKOFF: f64 = 100.0;
/// Ten years: further ahead is a slip of units.
const LONGEST_DELAY_MS: u64 = 10 * 366 * 24 * 3_600 * 1_000;
const LONGEST_NAME: usize = 64;
pub(crate) const NAME_RULE: &str = "must be 1 to 64 letters, digits, `-`, `_`, `.` or `:`";
const MOST_STARTS: u32 = 1_000_000;
const LONGEST_UNIQUE_KEY: usize = 256;
const MOST_TAGS: usize = 16;
/// Kinds that are named to somebody who names none of them.
const TOLD_KINDS: usize = 50;
const LONGEST_IDEMPOTENCY_KEY: usize = 255;
/// Twice that of the present version.
const LONGEST_TRACEPARENT: usize = 110;

/// Checks `new` and fills in its defaults. Every fault is told, not only the first.
pub(crate) fn check(
    new: &NewTask,
    registry: &Registry,
    limits: &Limits,
    now: Timestamp,
) -> Result<NewRow, Error> {
    let payload = new.payload.get();
    if payload.len() > limits.payload_bytes {
        return Err(Error::TooLarge(format!(
            "the payload is {} bytes of JSON; at most {} are accepted",
            payload.len(),
            limits.payload_bytes
        )));
    }
    let mut faults = Faults::default();
    let checked = match shape::check_sound(payload) {
        Ok(()) => registry.check(&new.kind, &new.payload),
        Err(fault) => registry.knows(&new.kind).then_some(Err(vec![fault])),
    };
    match checked {
        Some(checked) => {
            for fault in checked.err().unwrap_or_default() {
                faults.add(&format!("/payload{}", fault.pointer), fault.detail);
            }
        }
        None => faults.add("/kind", unknown_kind(&new.kind, registry)),
    }
    if let Some(queue) = &new.queue {
        faults.check(is_name(queue), "/queue", || NAME_RULE.to_owned());
    }
    let priority = new.priority.unwrap_or(NewTask::DEFAULT_PRIORITY);
    faults.check(priority <= LOWEST_PRIORITY, "/priority", || {
        format!("must be 0 (first) to {LOWEST_PRIORITY} (last)")
    });
    let max_attempts = new.max_attempts.unwrap_or(NewTask::DEFAULT_MAX_ATTEMPTS);
    faults.check(
        (1..=MOST_ATTEMPTS).contains(&max_attempts),
        "/max_attempts",
        || format!("must be 1 to {MOST_ATTEMPTS}"),
    );
    let timeout_ms = new.timeout_ms.unwrap_or(NewTask::DEFAULT_TIMEOUT_MS);
    faults.check(
        (1..=LONGEST_TIMEOUT_MS).contains(&timeout_ms),
        "/timeout_ms",
        || format!("must be 1 to {LONGEST_TIMEOUT_MS} (a week)"),
    );
    let due = faults.moment(new, now);
    if let Some(retry) = &new.retry {
        faults.backoff(retry);
    }
    if let Some(key) = &new.unique_key {
        faults.check(
            (1..=LONGEST_UNIQUE_KEY).contains(&key.len()),
            "/unique_key",
            || format!("must be 1 to {LONGEST_UNIQUE_KEY} bytes"),
        );
    }
    faults.check(new.tags.len() <= MOST_TAGS, "/tags", || {
        format!("must be at most {MOST_TAGS}")
    });
    for (index, tag) in new.tags.iter().take(MOST_TAGS).enumerate() {
        let fits =
            (1..=LONGEST_NAME).contains(&tag.chars().count()) && !tag.chars().any(char::is_control);
        faults.check(fits, &format!("/tags/{index}"), || {
            format!("must be 1 to {LONGEST_NAME} characters, none of them a control character")
        });
    }
    faults.into_result()?;
    Ok(NewRow {
        id: TaskId(Uuid::now_v7()),
        kind: new.kind.clone(),
        queue: new
            .queue
            .clone()
            .unwrap_or_else(|| NewTask::DEFAULT_QUEUE.to_owned()),
        payload: payload.to_owned(),
        priority,
        tags: new.tags.clone(),
        max_attempts,
        timeout_ms,
        due,
        retry: new.retry,
        unique_key: new.unique_key.clone(),
        schedule_id: None,
        traceparent: None,
        submitted_by: None,
    })
}

/// Checks a key that a request is to be known by
/// (draft-ietf-httpapi-idempotency-key-header, section 2.1).
pub(crate) fn check_idempotency_key(key: &str) -> Result<(), Error> {
    let mut faults = Faults::default();
    let fits = (1..=LONGEST_IDEMPOTENCY_KEY).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    faults.check(fits, "Idempotency-Key", || {
        format!("must be 1 to {LONGEST_IDEMPOTENCY_KEY} visible characters of ASCII")
    });
    faults.into_result()
}

/// Whether a text is a `traceparent` (W3C Trace Context, section 3.2): a version, a trace, a
/// parent and flags, in lower-case hexadecimal. Later versions may add fields behind a dash.
pub(crate) fn is_traceparent(text: &str) -> bool {
    const FIELDS: [usize; 4] = [2, 32, 16, 2];
    let fields: Vec<&str> = text.split('-').collect();
    let hexadecimal = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let sound = |(field, length): (&&str, usize)| field.len() == length && hexadecimal(field);
    let zero = |field: &str| field.bytes().all(|byte| byte == b'0');
    text.len() <= LONGEST_TRACEPARENT
        && fields.len() >= FIELDS.len()
        && fields.iter().zip(FIELDS).all(sound)
        && fields[0] != "ff"
        && (fields[0] != "00" || fields.len() == FIELDS.len())
        && !zero(fields[1])
        && !zero(fields[2])
}

/// Checks the name and the settings of a queue.
pub(crate) fn check_queue(name: &str, settings: &QueueSettings) -> Result<(), Error> {
    let mut faults = Faults::default();
    faults.check(is_name(name), "name", || NAME_RULE.to_owned());
    for (limit, pointer) in [
        (settings.concurrency, "/concurrency"),
        (settings.max_running, "/max_running"),
    ] {
        faults.check(limit != Some(0), pointer, || {
            "must be at least 1; to stop a queue, pause it".to_owned()
        });
    }
    faults.check(
        settings.paused || settings.paused_until.is_none(),
        "/paused_until",
        || "is for a queue that is paused".to_owned(),
    );
    if let Some(rate) = settings.rate {
        faults.check(
            (1..=MOST_STARTS).contains(&rate.tasks),
            "/rate/tasks",
            || format!("must be 1 to {MOST_STARTS}"),
        );
        let span = u64::from(rate.per_ms);
        faults.check(
            (1..=LONGEST_BACKOFF_MS).contains(&span),
            "/rate/per_ms",
            || format!("must be 1 to {LONGEST_BACKOFF_MS} (a day)"),
        );
    }
    faults.into_result()
}

fn unknown_kind(kind: &str, registry: &Registry) -> String {
    let known = registry.names();
    let told = known[..known.len().min(TOLD_KINDS)].join(", ");
    let more = match known.len().saturating_sub(TOLD_KINDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} is not a kind; the kinds are: {told}{more}",
        quoted(kind)
    )
}

pub(crate) fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// What is wrong so far. One more than a problem tells is noted, which says that there is more.
#[derive(Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    pub(crate) fn add(&mut self, pointer: &str, detail: String) {
        if !self.are_enough() {
            self.0.push(FieldError::new(pointer, detail));
        }
    }

    /// Whether looking for more is of no use.
    fn are_enough(&self) -> bool {
        self.0.len() > Problem::MOST_ERRORS
    }

    pub(crate) fn check(&mut self, holds: bool, pointer: &str, detail: impl FnOnce() -> String) {
        if !holds {
            self.add(pointer, detail());
        }
    }

    /// When the task is due, if not at once.
    fn moment(&mut self, new: &NewTask, now: Timestamp) -> Due {
        self.check(
            new.run_at.is_none() || new.delay_ms.is_none(),
            "/delay_ms",
            || "excludes run_at: give one of the two".to_owned(),
        );
        if let Some(delay) = new.delay_ms {
            self.check(delay <= LONGEST_DELAY_MS, "/delay_ms", || {
                format!("must be at most {LONGEST_DELAY_MS} (ten years)")
            });
            return Due::After(delay);
        }
        let Some(run_at) = new.run_at else {
            return Due::AtOnce;
        };
        let ahead = u64::try_from(run_at.millis_since(now)).unwrap_or(0);
        self.check(ahead <= LONGEST_DELAY_MS, "/run_at", || {
            "must be within ten years".to_owned()
        });
        Due::At(run_at)
    }

    fn backoff(&mut self, retry: &RetryPolicy) {
        let day = || format!("must be at most {LONGEST_BACKOFF_MS} (a day)");
        self.check(
            retry.initial_ms <= LONGEST_BACKOFF_MS,
            "/retry/initial_ms",
            day,
        );
        self.check(retry.max_ms <= LONGEST_BACKOFF_MS, "/retry/max_ms", day);
        let gentle = (1.0..=STEEPEST_BACKOFF).contains(&retry.factor);
        self.check(gentle, "/retry/factor", || {
            format!("must be 1 to {STEEPEST_BACKOFF}")
        });
    }

    pub(crate) fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_traceparent;

    #[test]
    fn a_traceparent_is_taken_as_its_standard_says() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = "00f067aa0ba902b7";
        for text in [
            format!("00-{trace}-{parent}-01"),
            format!("cc-{trace}-{parent}-00"),
            format!("cc-{trace}-{parent}-00-more"),
        ] {
            assert!(is_traceparent(&text), "{text}");
        }
        for text in [
            String::new(),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{trace}-{parent}-01-more"),
            format!("00-{trace}-{parent}"),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{trace}-{parent}-1"),
            format!("cc-{trace}-{parent}-00-{}", "x".repeat(100)),
        ] {
            assert!(!is_traceparent(&text), "{text}");
        }
    }
}
