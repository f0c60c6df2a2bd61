//! The text of a terminal in the document.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, Text};

use crate::output::{Output, Window};

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
            window.push_piece(piece.attempt, &piece.text);
        }
        let attempt = output.pieces.last().map_or(1, |piece| piece.attempt);
        Self {
            element,
            window,
            attempt,
        }
    }

    /// Adds what was printed. True when older text had to go.
    pub(super) fn print(&mut self, attempt: u32, text: &str) -> bool {
        let step = self.window.push(attempt, text);
        let extended = step.extends && self.extend_last(text);
        if !extended {
            self.append(attempt, text);
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

    fn append(&mut self, attempt: u32, text: &str) {
        let starts = std::mem::replace(&mut self.attempt, attempt) != attempt;
        // None of this fails: the names are valid and the element stands in the document.
        if let Ok(piece) = document().create_element("span") {
            let _ = piece.set_attribute("data-attempt", &attempt.to_string());
            if starts {
                let _ = piece.set_attribute("class", "attempt-start");
            }
            piece.set_text_content(Some(text));
            let _ = self.element.append_child(&piece);
        }
    }
}
