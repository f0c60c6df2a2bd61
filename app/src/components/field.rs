//! One field of the submit form: label, control, help, and what is wrong with it.

use glassworks_protocol::FieldError;
use leptos::prelude::*;
use serde_json::Value;

use crate::form::{Control, Field, as_typed};

/// A field with its control.
#[component]
pub(crate) fn FieldControl(
    field: Field,
    /// What the control starts with.
    typed: String,
    /// What is wrong in the form as it was sent last.
    #[prop(into)]
    errors: Signal<Vec<FieldError>>,
) -> AnyView {
    let id = field.id();
    let help_id = format!("{id}-help");
    let error_id = format!("{id}-error");
    let described_by = format!("{help_id} {error_id}");
    let error = {
        let field = field.clone();
        Memo::new(move |_| {
            let details: Vec<_> = errors.with(|errors| {
                errors
                    .iter()
                    .filter(|error| field.is_meant_by(error))
                    .map(|error| error.detail.clone())
                    .collect()
            });
            details.join("; ")
        })
    };
    let invalid = move || error.with(|error| (!error.is_empty()).then_some("true"));
    let help = help_text(&field);
    let control = control(&field, typed, id.clone(), described_by, invalid);
    view! {
        <div class="field" class:is-invalid=move || invalid().is_some()>
            <label for=id>
                {field.label.clone()}
                {(!field.required).then(|| view! { <span class="optional">" optional"</span> })}
            </label>
            {control}
            <p class="help" id=help_id>
                {help}
            </p>
            <p class="field-error" id=error_id>
                {move || error.get()}
            </p>
        </div>
    }
    .into_any()
}

fn control(
    field: &Field,
    typed: String,
    id: String,
    described_by: String,
    invalid: impl Fn() -> Option<&'static str> + Copy + Send + 'static,
) -> AnyView {
    let name = field.name.clone();
    let required = field.required;
    match &field.control {
        Control::Number {
            integer,
            least,
            most,
        } => view! {
            <input
                type="number"
                inputmode=if *integer { "numeric" } else { "decimal" }
                step=if *integer { "1" } else { "any" }
                min=least.clone()
                max=most.clone()
                required=required
                id=id
                name=name
                value=typed
                aria-describedby=described_by
                aria-invalid=invalid
            />
        }
        .into_any(),
        Control::Text => view! {
            <input
                type="text"
                autocomplete="off"
                spellcheck="false"
                id=id
                name=name
                value=typed
                aria-describedby=described_by
                aria-invalid=invalid
            />
        }
        .into_any(),
        Control::Flag => view! {
            <input
                type="checkbox"
                value="true"
                checked=typed == "true"
                id=id
                name=name
                aria-describedby=described_by
                aria-invalid=invalid
            />
        }
        .into_any(),
        Control::Choice(values) => {
            let options: Vec<_> = values.iter().map(|value| choice(value, &typed)).collect();
            view! {
                <select id=id name=name aria-describedby=described_by aria-invalid=invalid>
                    {(!required).then(|| view! { <option value="">"not given"</option> })}
                    {options}
                </select>
            }
            .into_any()
        }
        Control::Json => view! {
            <textarea
                rows="6"
                autocomplete="off"
                spellcheck="false"
                required=required
                id=id
                name=name
                aria-describedby=described_by
                aria-invalid=invalid
            >
                {typed}
            </textarea>
        }
        .into_any(),
    }
}

fn choice(value: &Value, typed: &str) -> impl IntoView + use<> {
    let text = as_typed(value);
    let selected = text == typed;
    let shown = text.clone();
    view! { <option value=text selected=selected>{shown}</option> }
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
