//! What a form in the document holds.

use wasm_bindgen::JsCast;
use web_sys::{Event, FormData, HtmlFormElement};

/// The filled controls of the form that listens to `event`: names and values, in their order.
pub(crate) fn typed_in(event: &Event) -> Vec<(String, String)> {
    let form = event
        .current_target()
        .and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
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
