//! A field of a panel's form.

use leptos::prelude::*;

/// What a field takes.
pub(super) enum Sort {
    /// A number in steps of this.
    Number(&'static str),
    /// Text.
    Text,
}

/// A field with its label and what it means. The server says what is out of range, so that one can
/// see it say so.
pub(super) fn field(
    panel: &'static str,
    name: &'static str,
    label: &'static str,
    sort: Sort,
    value: &'static str,
    help: &'static str,
) -> AnyView {
    let id = format!("{panel}-{label}");
    let help_id = format!("{id}-help");
    let (sort, step) = match sort {
        Sort::Number(step) => ("number", Some(step)),
        Sort::Text => ("text", None),
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                type=sort
                step=step
                id=id
                name=name
                value=value
                autocomplete="off"
                spellcheck="false"
                aria-describedby=help_id.clone()
            />
            <p class="help" id=help_id>
                {help}
            </p>
        </div>
    }
    .into_any()
}

/// What was typed into the field of this name.
pub(super) fn typed(sent: &[(String, String)], name: &str) -> String {
    let found = sent.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}
