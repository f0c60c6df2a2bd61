//! What a form in the document holds.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FormData, HtmlFormElement, SubmitEvent};

/// The filled controls of the form in which `event` happened: names and values, in their order.
pub(crate) fn typed_in(event: &Event) -> Vec<(String, String)> {
    let target = event.target().and_then(|target| target.dyn_into().ok());
    target
        .map(|target| typed_around(&target))
        .unwrap_or_default()
}

/// The filled controls of the form that `element` stands in.
pub(crate) fn typed_around(element: &Element) -> Vec<(String, String)> {
    let form = (element.closest("form").ok().flatten())
        .and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
    let Some(Ok(data)) = form.map(|form| FormData::new_with_form(&form)) else {
        return Vec::new();
    };
    data.entries()
        .into_iter()
        .filter_map(|entry| {
            let entry = js_sys::Array::from(&entry.ok()?);
            Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
        })
        .collect()
}

/// What the browser would send: the filled controls, and the button that was pressed.
pub(crate) fn sent_by(event: &SubmitEvent) -> Vec<(String, String)> {
    let mut sent = typed_in(event);
    if let Some(button) = event.submitter()
        && let (Some(name), Some(value)) =
            (button.get_attribute("name"), button.get_attribute("value"))
    {
        sent.push((name, value));
    }
    sent
}
