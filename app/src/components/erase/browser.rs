//! An erased view in the browser.
//!
//! It does what Leptos's `AnyView` does, which has every view compiled a second time, as a state
//! machine for lazily loaded routes (`hydrate_async`), of which there are none here. This one can
//! be built, changed and hydrated, and nothing else.

use std::any::Any;

use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::Rndr;
use leptos::tachys::renderer::types::{Element, Node, Placeholder};
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Mountable, Position, PositionState, Render, RenderHtml};

/// A view of any type.
pub(crate) struct Erased(Box<dyn View>);

impl Erased {
    pub(super) fn new<V: RenderHtml + 'static>(view: V) -> Self {
        Self(Box::new(view))
    }
}

/// What is done with a view whose type is not known.
trait View: Send {
    /// Whether it leaves anything in the document by which its place could be found again.
    fn exists(&self) -> bool;

    fn build(self: Box<Self>) -> Box<dyn State>;

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Box<dyn State>;

    /// Changes what a view of the same type has left in the document. Another view's `state`
    /// stays as it is, and this view comes back.
    fn rebuild(self: Box<Self>, state: &mut dyn Any) -> Result<(), Box<dyn View>>;
}

/// What a view has left in the document.
trait State: Mountable + Any {}

/// The state of a `V`: different views may have states of one type.
struct StateOf<V: Render>(V::State);

impl<V: RenderHtml + 'static> View for V {
    fn exists(&self) -> bool {
        V::EXISTS
    }

    fn build(self: Box<Self>) -> Box<dyn State> {
        Box::new(StateOf::<V>(Render::build(*self)))
    }

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Box<dyn State> {
        Box::new(StateOf::<V>(RenderHtml::hydrate::<true>(
            *self, cursor, position,
        )))
    }

    fn rebuild(self: Box<Self>, state: &mut dyn Any) -> Result<(), Box<dyn View>> {
        let Some(StateOf(state)) = state.downcast_mut::<StateOf<V>>() else {
            return Err(self);
        };
        Render::rebuild(*self, state);
        Ok(())
    }
}

impl<V: RenderHtml + 'static> State for StateOf<V> {}

impl<V: Render> Mountable for StateOf<V> {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}

/// What an erased view has left in the document.
pub(crate) struct ErasedState {
    state: Box<dyn State>,
    /// Keeps the place of a view that leaves nothing.
    placeholder: Option<Placeholder>,
}

impl Render for Erased {
    type State = ErasedState;

    fn build(self) -> ErasedState {
        let placeholder = (!self.0.exists()).then(Rndr::create_placeholder);
        ErasedState {
            state: self.0.build(),
            placeholder,
        }
    }

    fn rebuild(self, state: &mut ErasedState) {
        let place: &mut dyn Any = &mut *state.state;
        if let Err(view) = self.0.rebuild(place) {
            let mut new = Self(view).build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
        }
    }
}

impl Mountable for ErasedState {
    fn unmount(&mut self) {
        self.state.unmount();
        self.placeholder.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.state.mount(parent, marker);
        self.placeholder.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.state.insert_before_this(child) || self.placeholder.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.state.elements()
    }
}

impl AddAnyAttr for Erased {
    type Output<A: Attribute> = Self;

    /// An erased view takes no attributes from outside: no component here is given any.
    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

impl RenderHtml for Erased {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    /// The server alone writes HTML.
    fn to_html_with_buf(
        self,
        _: &mut String,
        _: &mut Position,
        _: bool,
        _: bool,
        _: Vec<AnyAttribute>,
    ) {
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> ErasedState {
        let exists = self.0.exists();
        let state = self.0.hydrate(cursor, position);
        ErasedState {
            state,
            placeholder: (!exists).then(|| cursor.next_placeholder(position)),
        }
    }

    fn into_owned(self) -> Self {
        self
    }
}
