//! Views whose types end here.
//!
//! A view's type names all that is in it, closures included, and the compiler writes code for
//! each type. What changes on a page, the rows of a list, and the arms of a `match` therefore
//! share one type, [`AnyView`], and closures one for each type of what they return: that is what
//! keeps the wasm small.
//!
//! Leptos's own `into_any` has every view compiled a second time, as a state machine for lazily
//! loaded routes (`hydrate_async`), of which there are none here. What is in a [`Sealed`] is
//! compiled once.

use std::future::Future;

use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState, Render, RenderHtml};

/// Ends a view's type.
pub(crate) trait Erase {
    /// The same view, of the one type that all erased views share.
    fn erase(self) -> AnyView;
}

impl<V: RenderHtml + 'static> Erase for V {
    fn erase(self) -> AnyView {
        Sealed(self).into_any()
    }
}

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

/// A view that is hydrated at once. Everything but `hydrate_async`, whose default does that, is
/// handed on to the view.
struct Sealed<V>(V);

impl<V: Render> Render for Sealed<V> {
    type State = V::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<V: AddAnyAttr> AddAnyAttr for Sealed<V> {
    type Output<A: Attribute> = V::Output<A>;

    fn add_any_attr<A: Attribute>(self, attribute: A) -> Self::Output<A>
    where
        Self::Output<A>: RenderHtml,
    {
        self.0.add_any_attr(attribute)
    }
}

impl<V: RenderHtml + 'static> RenderHtml for Sealed<V> {
    type AsyncOutput = V::AsyncOutput;
    type Owned = Self;

    const MIN_LENGTH: usize = V::MIN_LENGTH;
    const EXISTS: bool = V::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    fn resolve(self) -> impl Future<Output = Self::AsyncOutput> + Send {
        self.0.resolve()
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0
            .to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(
            buf,
            position,
            escape,
            mark_branches,
            extra_attrs,
        );
    }

    // Not twice: `hydrate_async` calls it, too.
    #[inline(never)]
    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self::Owned {
        self
    }
}
