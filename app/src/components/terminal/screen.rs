//! The text of a terminal in the document.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, Text};

use crate::output::{Output, Piece, Window};

/// The element that holds the text, one child for each piece in view.
pub(super) struct Screen {
    element: Element,
    window: Window,
    /// The attempt that printed last.
    attempt: u32,
}

impl Screen {
    /// Takes over an element that holds `output` already.
    pub(super) fn new(element: Element, output: &Output) -> Self {
        let mut window = Window::default();
        for piece in &output.pieces {
            window.push_piece(piece);
        }
        let attempt = output.pieces.last().map_or(1, |piece| piece.attempt);
        Self {
            element,
            window,
            attempt,
        }
    }

    /// Adds what was printed. True when older text had to go.
    pub(super) fn print(&mut self, piece: &Piece) -> bool {
        let step = self.window.push(piece);
        let extended = step.extends && self.extend_last(&piece.text);
        if !extended {
            self.append(piece);
        }
        for _ in 0..step.drop {
            if let Some(oldest) = self.element.first_element_child() {
                oldest.remove();
            }
        }
        step.drop > 0
    }

    /// Scrolls to the end.
    pub(super) fn show_end(&self) {
        self.element.set_scroll_top(self.element.scroll_height());
    }

    fn extend_last(&self, text: &str) -> bool {
        let last = self
            .element
            .last_element_child()
            .and_then(|piece| piece.last_child());
        let Some(last) = last.and_then(|node| node.dyn_into::<Text>().ok()) else {
            return false;
        };
        last.append_data(text).is_ok()
    }

    fn append(&mut self, piece: &Piece) {
        let starts = std::mem::replace(&mut self.attempt, piece.attempt) != piece.attempt;
        // None of this fails: the names are valid and the element stands in the document.
        if let Ok(span) = document().create_element("span") {
            let _ = span.set_attribute("data-attempt", &piece.attempt.to_string());
            let _ = span.set_attribute("class", &piece.source.class(starts));
            span.set_text_content(Some(&piece.text));
            let _ = self.element.append_child(&span);
        }
    }
}
