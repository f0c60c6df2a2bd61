//! The forms of a queue: its limits, and for how long it is paused.

use glassworks_protocol::QueueSettings;
#[cfg(any(feature = "ssr", test))]
use glassworks_protocol::{FieldError, RateLimit, Timestamp};

use super::fields::{Control, Field};
#[cfg(any(feature = "ssr", test))]
use super::number::{integer, millis};
#[cfg(any(feature = "ssr", test))]
use super::typed::Typed;

/// For how long a queue can be paused: what is sent, in minutes, and what is shown.
pub(crate) const PAUSES: [(&str, &str); 6] = [
    ("", "until it is resumed"),
    ("10", "for 10 minutes"),
    ("60", "for an hour"),
    ("480", "for 8 hours"),
    ("1440", "for a day"),
    ("10080", "for a week"),
];

/// The limits' fields, filled in with what is in force.
pub(crate) fn limit_fields(settings: &QueueSettings) -> Vec<Field> {
    let field = |key: &str, pointer: &str, label: &str, help: &str, integer, most: &str, value| {
        let most = (!most.is_empty()).then(|| most.to_owned());
        let initial: Option<String> = value;
        Field {
            name: format!("typed[{key}]"),
            pointer: pointer.to_owned(),
            label: label.to_owned(),
            help: Some(help.to_owned()),
            control: Control::Number {
                integer,
                least: Some(if integer { "1" } else { "0.001" }.to_owned()),
                most,
            },
            required: false,
            initial: initial.unwrap_or_default(),
        }
    };
    let number = |limit: Option<u32>| limit.map(|limit| limit.to_string());
    let rate = settings.rate;
    vec![
        field(
            "concurrency",
            "/concurrency",
            "At a time on each node",
            "No limit but the node's own when empty.",
            true,
            "",
            number(settings.concurrency),
        ),
        field(
            "max_running",
            "/max_running",
            "At a time on all nodes",
            "No limit when empty.",
            true,
            "",
            number(settings.max_running),
        ),
        field(
            "rate_tasks",
            "/rate/tasks",
            "Starts",
            "How many in the span beside it; no limit when both are empty.",
            true,
            "1000000",
            number(rate.map(|rate| rate.tasks)),
        ),
        field(
            "rate_per_ms",
            "/rate/per_ms",
            "In a span of seconds",
            "On average; so many may start at once.",
            false,
            "86400",
            rate.map(|rate| seconds(rate.per_ms)),
        ),
    ]
}

/// Milliseconds as they are typed.
fn seconds(ms: u32) -> String {
    match ms % 1_000 {
        0 => (ms / 1_000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1_000),
    }
}

/// The settings that were typed over those `before`, or what cannot be understood and where.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn settings(
    typed: &Typed,
    before: QueueSettings,
) -> Result<QueueSettings, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut number = |key: &str, pointer: &str| {
        let text = text(typed, key)?;
        let read = integer(text).map_err(|detail| errors.push(FieldError::new(pointer, detail)));
        read.ok()
    };
    let concurrency = number("concurrency", "/concurrency");
    let max_running = number("max_running", "/max_running");
    let tasks = number("rate_tasks", "/rate/tasks");
    let per_ms = text(typed, "rate_per_ms").and_then(|text| {
        let read = millis(text).and_then(|ms| u32::try_from(ms).map_err(|_| "is too long".into()));
        let read = read.map_err(|detail| errors.push(FieldError::new("/rate/per_ms", detail)));
        read.ok()
    });
    if errors.is_empty() && tasks.is_some() != per_ms.is_some() {
        let missing = if tasks.is_some() {
            "/rate/per_ms"
        } else {
            "/rate/tasks"
        };
        errors.push(FieldError::new(
            missing,
            "must be given, or both left empty",
        ));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(QueueSettings {
        concurrency,
        max_running,
        rate: tasks
            .zip(per_ms)
            .map(|(tasks, per_ms)| RateLimit { tasks, per_ms }),
        ..before
    })
}

/// Until when to pause at `now`: a moment in UTC, or so many minutes, or for good.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn pause_until(
    typed: &Typed,
    now: Timestamp,
) -> Result<Option<Timestamp>, Vec<FieldError>> {
    if let Some(until) = text(typed, "until") {
        // A browser leaves out the seconds when they are none, and never says a zone.
        let seconds = if until.matches(':').count() == 1 {
            ":00Z"
        } else {
            "Z"
        };
        let read = format!("{until}{seconds}").parse().map(Some);
        let detail = "is not a date and a time";
        return read.map_err(|_| vec![FieldError::new("until", detail)]);
    }
    let Some(minutes) = text(typed, "minutes") else {
        return Ok(None);
    };
    let minutes: u32 =
        integer(minutes).map_err(|detail| vec![FieldError::new("minutes", detail)])?;
    Ok(Some(now.plus_millis(i64::from(minutes) * 60_000)))
}

#[cfg(any(feature = "ssr", test))]
fn text<'t>(typed: &'t Typed, key: &str) -> Option<&'t str> {
    let text = typed.get(&format!("typed[{key}]"))?.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{QueueSettings, RateLimit, Timestamp};

    use super::{limit_fields, pause_until, settings};
    use crate::form::Typed;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let named = |(key, value): &(&str, &str)| (format!("typed[{key}]"), (*value).to_owned());
        pairs.iter().map(named).collect()
    }

    #[test]
    fn a_form_that_is_sent_as_it_came_changes_nothing() {
        let before = QueueSettings {
            paused: true,
            concurrency: Some(4),
            rate: Some(RateLimit {
                tasks: 3,
                per_ms: 1_500,
            }),
            ..QueueSettings::default()
        };
        let fields = limit_fields(&before);
        let sent = fields.into_iter().map(|field| (field.name, field.initial));
        assert_eq!(settings(&sent.collect(), before), Ok(before));
    }

    #[test]
    fn half_a_rate_is_none() {
        let pointer = |pairs: &[(&str, &str)]| {
            let refused = settings(&typed(pairs), QueueSettings::default());
            refused.unwrap_err()[0].pointer.clone()
        };
        assert_eq!(pointer(&[("rate_tasks", "3")]), "/rate/per_ms");
        assert_eq!(pointer(&[("rate_per_ms", "3")]), "/rate/tasks");
        assert_eq!(pointer(&[("concurrency", "many")]), "/concurrency");
    }

    #[test]
    fn a_pause_ends_when_it_is_said_to() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let until = |pairs: &[(&str, &str)]| pause_until(&typed(pairs), now).unwrap();
        assert_eq!(until(&[("minutes", ""), ("until", "")]), None);
        assert_eq!(until(&[("minutes", "10")]), Some(now.plus_millis(600_000)));
        let moment = "2026-11-24T07:30";
        let expected = "2026-11-24T07:30:00Z".parse().ok();
        assert_eq!(until(&[("minutes", "10"), ("until", moment)]), expected);
        assert!(pause_until(&typed(&[("until", "soon")]), now).is_err());
    }
}
