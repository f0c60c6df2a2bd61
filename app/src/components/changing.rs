//! What changes on a page.

use leptos::prelude::*;

/// Something on the page that changes: a view, a text, an attribute.
pub(crate) type Changing<V = AnyView> = Box<dyn FnMut() -> V + Send>;

/// Whatever `view` gives, and again when a signal changes that it read.
pub(crate) fn changing<V>(view: impl FnMut() -> V + Send + 'static) -> Changing<V> {
    Box::new(view)
}

/// A text, or nothing when it is empty: Leptos writes a space for an empty text, and then the
/// element around it is not `:empty`.
pub(crate) fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
