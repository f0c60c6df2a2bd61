//! What every task can be told about how it is run.

use glassworks_protocol::{FieldError, NewTask};
use serde_json::Value;

use super::fields::{Control, Field};
use super::number::{integer, millis};
use super::typed::Typed;

/// The options of every form. Each may stay empty.
pub(crate) fn option_fields() -> Vec<Field> {
    let field = |key: &str, label: &str, help: &str, control| Field {
        name: format!("options[{key}]"),
        pointer: format!("/{key}"),
        label: label.to_owned(),
        help: Some(help.to_owned()),
        control,
        required: false,
        initial: String::new(),
    };
    let number = |integer, least: &str, most: &str| Control::Number {
        integer,
        least: Some(least.to_owned()),
        most: Some(most.to_owned()),
    };
    vec![
        field(
            "queue",
            "Queue",
            "The lane it waits in; “default” when empty.",
            Control::Text,
        ),
        field(
            "priority",
            "Priority",
            "0 goes first, 9 last; 5 when not given.",
            Control::Choice((0..=9).map(Value::from).collect()),
        ),
        field(
            "delay_ms",
            "Delay, seconds",
            "How long from now until it is due; 0 when empty.",
            number(false, "0", "315360000"),
        ),
        field(
            "max_attempts",
            "Attempts",
            "How often it may be tried; 5 when empty.",
            number(true, "1", "1000"),
        ),
        field(
            "timeout_ms",
            "Time limit, seconds",
            "How long one attempt may take; 900 when empty.",
            number(false, "0.001", "604800"),
        ),
        field(
            "unique_key",
            "Unique key",
            "While an unfinished task has this key, submitting leads to that one.",
            Control::Text,
        ),
        field(
            "tags",
            "Tags",
            "Words to find it by, with commas between.",
            Control::Text,
        ),
    ]
}

/// Sets what was typed on `task`, and says what cannot be understood.
pub(super) fn set_options(task: &mut NewTask, typed: &Typed, errors: &mut Vec<FieldError>) {
    for field in option_fields() {
        let text = typed.get(&field.name).unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        if let Err(detail) = set(task, &field.pointer, text) {
            errors.push(field.error(detail));
        }
    }
}

fn set(task: &mut NewTask, pointer: &str, text: &str) -> Result<(), String> {
    match pointer {
        "/queue" => task.queue = Some(text.to_owned()),
        "/priority" => task.priority = Some(integer(text)?),
        "/delay_ms" => task.delay_ms = Some(millis(text)?),
        "/max_attempts" => task.max_attempts = Some(integer(text)?),
        "/timeout_ms" => task.timeout_ms = Some(millis(text)?),
        "/unique_key" => task.unique_key = Some(text.to_owned()),
        _ => {
            task.tags = text
                .split(',')
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect();
        }
    }
    Ok(())
}
