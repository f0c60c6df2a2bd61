//! Views whose types end here.
//!
//! A view's type names all that is in it, closures included, and the compiler writes code for
//! each type. What changes on a page, the rows of a list, and the arms of a `match` therefore
//! share one type, [`Erased`], and closures one for each type of what they return: that is what
//! keeps the wasm small.

#[cfg(not(feature = "ssr"))]
mod browser;

use leptos::prelude::*;

/// The type that all erased views share: on the server, which writes them as HTML, Leptos's own.
#[cfg(feature = "ssr")]
pub(crate) type Erased = AnyView;
#[cfg(not(feature = "ssr"))]
pub(crate) use browser::Erased;

/// Ends a view's type.
pub(crate) trait Erase {
    /// The same view, of the one type that all erased views share.
    fn erase(self) -> Erased;
}

impl<V: RenderHtml + 'static> Erase for V {
    fn erase(self) -> Erased {
        #[cfg(feature = "ssr")]
        let erased = self.into_any();
        #[cfg(not(feature = "ssr"))]
        let erased = Erased::new(self);
        erased
    }
}

/// Something on the page that changes: a view, a text, an attribute.
pub(crate) type Changing<V = Erased> = Box<dyn FnMut() -> V + Send>;

/// Whatever `view` gives, and again when a signal changes that it read.
pub(crate) fn changing<V>(view: impl FnMut() -> V + Send + 'static) -> Changing<V> {
    Box::new(view)
}

/// A text, or nothing when it is empty: Leptos writes a space for an empty text, and then the
/// element around it is not `:empty`.
pub(crate) fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
