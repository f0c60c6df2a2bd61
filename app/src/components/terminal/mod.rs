//! What a task prints, as it prints it.
//!
//! The text is added to the document directly, not through the view: a task may print thousands
//! of lines, and adding one must not cost more the more there are.

mod screen;

use glassworks_protocol::TaskId;
use leptos::html::Pre;
use leptos::prelude::*;

use super::{CopyButton, changing};
use crate::output::{MAX_BYTES, Output, Piece};
use screen::Screen;

/// What was printed and is not on the screen yet.
#[derive(Clone, Copy)]
pub(crate) struct Printed(RwSignal<Vec<Piece>>);

impl Printed {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Adds what was printed. While the terminal is paused it waits here; no more of it than the
    /// screen would hold.
    pub(crate) fn push(self, printed: impl Iterator<Item = Piece>) {
        let mut printed = printed.peekable();
        if printed.peek().is_none() {
            return;
        }
        self.0.update(|waiting| {
            waiting.extend(printed.map(|mut piece| {
                piece.keep_last_part();
                piece
            }));
            let mut bytes: usize = waiting.iter().map(|piece| piece.text.len()).sum();
            let excess = waiting
                .iter()
                .take_while(|piece| {
                    let over = bytes > MAX_BYTES;
                    bytes -= piece.text.len();
                    over
                })
                .count();
            waiting.drain(..excess);
        });
    }

    fn lines(self) -> usize {
        let count = |piece: &Piece| piece.text.bytes().filter(|byte| *byte == b'\n').count();
        self.0.with(|waiting| waiting.iter().map(count).sum())
    }
}

/// A task's output: `first` as the server sent it, then whatever comes in `printed`.
#[component]
pub(crate) fn Terminal(
    id: TaskId,
    first: Output,
    printed: Printed,
    /// Whether more may come.
    #[prop(into)]
    growing: Signal<bool>,
) -> impl IntoView {
    let pre = NodeRef::<Pre>::new();
    let following = RwSignal::new(true);
    let paused = RwSignal::new(false);
    let cut = RwSignal::new(first.cut);
    let blank = RwSignal::new(first.pieces.is_empty());
    let pieces = spans(&first.pieces);
    Effect::new(move |screen: Option<Option<Screen>>| {
        let mut screen = screen
            .flatten()
            .or_else(|| Some(Screen::new(pre.get()?.into(), &first)))?;
        printed.0.track();
        if !paused.get() {
            let waiting = printed
                .0
                .try_update_untracked(std::mem::take)
                .unwrap_or_default();
            for piece in &waiting {
                if screen.print(piece) {
                    cut.set(true);
                }
                blank.set(false);
            }
            if following.get() {
                screen.show_end();
            }
        }
        Some(screen)
    });
    let on_scroll = move |_| {
        if let Some(pre) = pre.get_untracked() {
            let at_end = pre.scroll_top() + pre.client_height() >= pre.scroll_height() - 16;
            if at_end != following.get_untracked() {
                following.set(at_end);
            }
        }
    };
    let copied = move || {
        pre.get_untracked()
            .and_then(|pre| pre.text_content())
            .unwrap_or_default()
    };
    let note = move || match (paused.get(), blank.get(), growing.get()) {
        (true, ..) => format!("Paused: {} lines wait.", printed.lines()),
        (_, true, true) => "Nothing printed yet.".to_owned(),
        (_, true, false) => "It printed nothing.".to_owned(),
        (_, false, true) => "More may come.".to_owned(),
        (_, false, false) => String::new(),
    };
    let href = format!("/api/tasks/{id}/output");
    view! {
        <div class="terminal">
            <div class="terminal-bar" role="group" aria-label="Output controls">
                <button
                    type="button"
                    class="live-only"
                    aria-pressed=changing(move || following.get().to_string())
                    on:click=move |_| following.update(|following| *following = !*following)
                >
                    "Follow"
                </button>
                <button
                    type="button"
                    class="live-only"
                    aria-pressed=changing(move || paused.get().to_string())
                    on:click=move |_| paused.update(|paused| *paused = !*paused)
                >
                    "Pause"
                </button>
                <CopyButton label="the output" text=Box::new(copied) />
                <a href=href.clone() download=format!("{id}.txt")>
                    "Download"
                </a>
            </div>
            <p class="terminal-note" hidden=changing(move || !cut.get())>
                "This is the end of it. " <a href=href rel="external">"The whole output"</a>
            </p>
            <pre
                node_ref=pre
                class="screen"
                tabindex="0"
                role="log"
                aria-live="off"
                aria-label="Output"
                on:scroll=on_scroll
            >
                {pieces}
            </pre>
            <p class="terminal-note">{changing(note)}</p>
        </div>
    }
}

/// The pieces as they stand in the document; [`Screen`] adds to them in the same form.
fn spans(pieces: &[Piece]) -> Vec<AnyView> {
    let mut before = 1;
    pieces
        .iter()
        .map(|piece| {
            let starts = std::mem::replace(&mut before, piece.attempt) != piece.attempt;
            let class = piece.source.class(starts);
            view! {
                <span class=class data-attempt=piece.attempt.to_string()>
                    {piece.text.clone()}
                </span>
            }
            .into_any()
        })
        .collect()
}
