//! One field of the submit form: label, control, help, and what is wrong with it.

use glassworks_protocol::FieldError;
use leptos::prelude::*;
use serde_json::Value;

use super::filled;
use crate::form::{Control, Field, as_typed};

/// A field with its control, which starts with what was `typed`; `errors` is what is wrong in the
/// form as it was sent last. Drawn again with other errors, it keeps what has been typed since.
pub(crate) fn field_view(field: &Field, typed: &str, errors: &[FieldError]) -> AnyView {
    let id = field.id();
    let help_id = format!("{id}-help");
    let error_id = format!("{id}-error");
    let error = details(field, errors);
    let given = Given {
        id: id.clone(),
        described_by: format!("{help_id} {error_id}"),
        invalid: (!error.is_empty()).then_some("true"),
        typed: typed.to_owned(),
    };
    let control = match &field.control {
        Control::Choice(values) => select(field, values, given),
        Control::Json => textarea(field, given),
        control => input(field, control, given),
    };
    let optional = if field.required { "" } else { " optional" };
    view! {
        <div class="field">
            <label for=id>
                {field.label.clone()} <span class="optional">{optional}</span>
            </label>
            {control}
            <p class="help" id=help_id>
                {filled(help_text(field))}
            </p>
            <p class="field-error" id=error_id>
                {filled(error)}
            </p>
        </div>
    }
    .into_any()
}

fn details(field: &Field, errors: &[FieldError]) -> String {
    let details: Vec<_> = errors
        .iter()
        .filter(|error| field.is_meant_by(error))
        .map(|error| error.detail.as_str())
        .collect();
    details.join("; ")
}

/// What all sorts of controls are given.
struct Given {
    id: String,
    described_by: String,
    invalid: Option<&'static str>,
    typed: String,
}

fn input(field: &Field, control: &Control, given: Given) -> AnyView {
    let Given {
        id,
        described_by,
        invalid,
        typed,
    } = given;
    let is_flag = *control == Control::Flag;
    let checked = is_flag && typed == "true";
    let value = if is_flag { "true".to_owned() } else { typed };
    let (sort, step, least, most) = match control {
        Control::Number {
            integer,
            least,
            most,
        } => {
            let step = if *integer { "1" } else { "any" };
            ("number", Some(step), least.clone(), most.clone())
        }
        Control::Flag => ("checkbox", None, None, None),
        _ => ("text", None, None, None),
    };
    view! {
        <input
            type=sort
            step=step
            min=least
            max=most
            required=field.required && sort == "number"
            autocomplete="off"
            spellcheck="false"
            id=id
            name=field.name.clone()
            value=value
            checked=checked
            aria-describedby=described_by
            aria-invalid=invalid
        />
    }
    .into_any()
}

fn textarea(field: &Field, given: Given) -> AnyView {
    let Given {
        id,
        described_by,
        invalid,
        typed,
    } = given;
    view! {
        <textarea
            rows="6"
            autocomplete="off"
            spellcheck="false"
            required=field.required
            id=id
            name=field.name.clone()
            aria-describedby=described_by
            aria-invalid=invalid
        >
            {typed}
        </textarea>
    }
    .into_any()
}

fn select(field: &Field, values: &[Value], given: Given) -> AnyView {
    let Given {
        id,
        described_by,
        invalid,
        typed,
    } = given;
    let none = (!field.required).then(|| option(String::new(), "not given".to_owned(), false));
    let options: Vec<_> = values
        .iter()
        .map(as_typed)
        .map(|text| {
            let selected = text == typed;
            option(text.clone(), text, selected)
        })
        .collect();
    view! {
        <select
            id=id
            name=field.name.clone()
            aria-describedby=described_by
            aria-invalid=invalid
        >
            {none}
            {options}
        </select>
    }
    .into_any()
}

pub(super) fn option(value: String, shown: String, selected: bool) -> AnyView {
    view! { <option value=value selected=selected>{shown}</option> }.into_any()
}

/// What the field means, and the bounds that its control keeps.
fn help_text(field: &Field) -> String {
    let mut help = field.help.clone().unwrap_or_default();
    let bounds = match &field.control {
        Control::Number {
            least: Some(least),
            most: Some(most),
            ..
        } => {
            format!("From {least} to {most}.")
        }
        Control::Number {
            least: Some(least),
            most: None,
            ..
        } => format!("At least {least}."),
        Control::Number {
            least: None,
            most: Some(most),
            ..
        } => format!("At most {most}."),
        Control::Json => "As JSON.".to_owned(),
        _ => String::new(),
    };
    if !help.is_empty() && !bounds.is_empty() {
        help.push(' ');
    }
    help + &bounds
}
