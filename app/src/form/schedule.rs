//! The form of a schedule: its rule, and the task that it submits.

#[cfg(feature = "ssr")]
use glassworks_protocol::Problem;
#[cfg(any(feature = "ssr", test))]
use glassworks_protocol::{FieldError, NewSchedule};
use glassworks_protocol::{KindInfo, MissedFirings, NewTask, Schedule};
use serde_json::Value;

use super::Form;
use super::fields::{Control, Field};
use super::options::option_fields;
use super::schema::whole;
#[cfg(any(feature = "ssr", test))]
use super::task::new_task;
use super::typed::Typed;

/// What a firing does while the task before it is unfinished, as it is sent: it submits another.
pub(crate) const BESIDE: &str = "beside";
/// As [`BESIDE`]: it submits nothing.
pub(crate) const SKIP: &str = "skip";

/// The rule's fields.
pub(crate) fn rule_fields() -> Vec<Field> {
    let field = |key: &str, label: &str, help: &str, initial: &str| Field {
        name: format!("rule[{key}]"),
        pointer: format!("/{key}"),
        label: label.to_owned(),
        help: Some(help.to_owned()),
        control: Control::Text,
        required: true,
        initial: initial.to_owned(),
    };
    vec![
        field(
            "cron",
            "Rule",
            "Minute, hour, day of month, month, day of week; seconds may stand before them.",
            "0 3 * * *",
        ),
        field(
            "time_zone",
            "Time zone",
            "An IANA name, such as Europe/Berlin.",
            "UTC",
        ),
    ]
}

/// The task's fields, the payload as one text. A schedule says when, and what keeps its tasks apart.
pub(crate) fn task_form(kind: Option<&KindInfo>) -> Form {
    let mut options = option_fields();
    options.retain(|field| !matches!(&*field.pointer, "/delay_ms" | "/unique_key"));
    let example = kind.map_or(&Value::Null, |kind| &kind.example);
    Form {
        payload: vec![whole(example)],
        options,
    }
}

/// What the form of `schedule` starts with.
pub(crate) fn typed_of(schedule: &Schedule) -> Typed {
    let task = &schedule.task;
    let seconds = |ms: u64| match ms % 1_000 {
        0 => (ms / 1_000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1_000),
    };
    let overlap = task.unique_key.as_ref().map_or(BESIDE, |_| SKIP);
    let missed = match schedule.missed {
        MissedFirings::RunOnce => "run_once",
        MissedFirings::Skip => "skip",
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    [
        ("rule[cron]", Some(schedule.cron.clone())),
        ("rule[time_zone]", Some(schedule.time_zone.clone())),
        ("rule[missed]", Some(missed.to_owned())),
        ("rule[overlap]", Some(overlap.to_owned())),
        ("rule[kind]", Some(task.kind.clone())),
        ("payload[*]", Some(task.payload.pretty())),
        ("options[queue]", task.queue.clone()),
        ("options[priority]", number(task.priority.map(u64::from))),
        (
            "options[max_attempts]",
            number(task.max_attempts.map(u64::from)),
        ),
        ("options[timeout_ms]", task.timeout_ms.map(seconds)),
        ("options[tags]", Some(task.tags.join(", "))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

/// The schedule that was typed, or what cannot be understood and where. What the form does not ask
/// for stays as it was `before`; `own_key` keeps the tasks of this schedule apart.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn new_schedule(
    typed: &Typed,
    before: Option<&Schedule>,
    own_key: &str,
) -> Result<NewSchedule, Vec<FieldError>> {
    let rule = |key: &str| {
        typed
            .get(&format!("rule[{key}]"))
            .unwrap_or_default()
            .trim()
    };
    let kind = rule("kind");
    let mut task = new_task(kind, &task_form(None), typed)?;
    let known = before.map(|schedule| &schedule.task);
    task.retry = known.and_then(|known| known.retry);
    if rule("overlap") == SKIP {
        let key = known.and_then(|known| known.unique_key.clone());
        task.unique_key = Some(key.unwrap_or_else(|| own_key.to_owned()));
    }
    Ok(NewSchedule {
        cron: rule("cron").to_owned(),
        time_zone: rule("time_zone").to_owned(),
        task,
        missed: match rule("missed") {
            "skip" => MissedFirings::Skip,
            _ => MissedFirings::RunOnce,
        },
        paused: before.is_some_and(|schedule| schedule.paused),
    })
}

/// Points at the fields of this form: of a task, they are not inside of anything here.
#[cfg(feature = "ssr")]
pub(crate) fn in_form(mut problem: Problem) -> Problem {
    for error in &mut problem.errors {
        if let Some(rest) = error.pointer.strip_prefix("/task/") {
            error.pointer = format!("/{rest}");
        }
    }
    problem
}

/// The queue that a schedule's tasks wait in.
pub(crate) fn queue_of(task: &NewTask) -> &str {
    task.queue.as_deref().unwrap_or(NewTask::DEFAULT_QUEUE)
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{MissedFirings, NewTask, RetryPolicy, Schedule, Timestamp};
    use serde_json::json;

    use super::{new_schedule, typed_of};

    fn schedule() -> Schedule {
        Schedule {
            id: "01938aaf-0000-7000-8000-000000000000".parse().unwrap(),
            cron: "0 3 * * *".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            task: NewTask {
                queue: Some("night".to_owned()),
                timeout_ms: Some(1_500),
                retry: Some(RetryPolicy::default()),
                unique_key: Some("own".to_owned()),
                tags: vec!["a".to_owned(), "b".to_owned()],
                ..NewTask::new("sleep", json!({ "seconds": 5, "odd": [1.0] }))
            },
            missed: MissedFirings::Skip,
            paused: true,
            created_at: Timestamp::from_millis(0),
            last_fired_at: None,
            next_fire_at: None,
            error: None,
        }
    }

    #[test]
    fn a_form_that_is_sent_as_it_came_changes_nothing() {
        let before = schedule();
        let sent = new_schedule(&typed_of(&before), Some(&before), "other").unwrap();
        assert_eq!(sent.task.payload, json!({ "seconds": 5, "odd": [1.0] }));
        let expected = NewTask {
            payload: sent.task.payload.clone(),
            ..before.task.clone()
        };
        assert_eq!(sent.task, expected);
        assert_eq!((sent.missed, sent.paused), (MissedFirings::Skip, true));
    }

    #[test]
    fn one_at_a_time_is_a_unique_key_of_its_own() {
        let pairs = [
            ("rule[kind]", "sleep"),
            ("rule[overlap]", "skip"),
            ("payload[*]", "{}"),
        ];
        let typed = |overlap: &str| {
            pairs
                .iter()
                .map(|(name, value)| {
                    let value = if *value == "skip" { overlap } else { value };
                    ((*name).to_owned(), value.to_owned())
                })
                .collect()
        };
        let key = |overlap| {
            let made = new_schedule(&typed(overlap), None, "own").unwrap();
            made.task.unique_key
        };
        assert_eq!(key("skip").as_deref(), Some("own"));
        assert_eq!(key("beside"), None);
    }

    #[test]
    fn a_payload_that_is_no_json_is_said_at_its_place() {
        let typed = [("payload[*]", "{")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let errors = new_schedule(&typed.into_iter().collect(), None, "own").unwrap_err();
        assert_eq!(errors[0].pointer, "/payload");
    }
}
