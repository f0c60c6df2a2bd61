//! What no live channel tells of: asked for again at a calm pace while somebody looks at it, by one
//! question for all that a page shows.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::{set_interval_with_handle, window_event_listener_untyped};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::refused::Refused;

/// How long a page shows what it was told before it asks again.
const EVERY: Duration = Duration::from_secs(5);

/// What a page shows, kept up to date while its component is there.
pub(crate) struct Fresh<T: 'static> {
    /// As it was told last.
    pub(crate) value: RwSignal<T>,
    asked: RwSignal<u32>,
}

impl<T> Clone for Fresh<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fresh<T> {}

impl<T> Fresh<T> {
    /// Asks at once: something was changed from here.
    pub(crate) fn again(self) {
        self.asked.update(|asked| *asked += 1);
    }
}

/// Keeps `first` up to date with what `load` answers.
pub(crate) fn fresh<T, L>(first: T, load: impl Fn() -> L + Clone + 'static) -> Fresh<T>
where
    T: PartialEq + Send + Sync + 'static,
    L: Future<Output = Result<T, Refused>> + 'static,
{
    let fresh = Fresh {
        value: RwSignal::new(first),
        asked: RwSignal::new(0),
    };
    // The number of the latest question, and of the latest that was answered.
    let latest = Rc::new(Cell::new((0_u32, 0_u32)));
    let answered = Rc::clone(&latest);
    let ask = move || {
        let (load, latest) = (load.clone(), Rc::clone(&latest));
        let number = latest.get().0 + 1;
        latest.set((number, latest.get().1));
        spawn_local(async move {
            let answer = load().await;
            let (asked, _) = latest.get();
            // A change from here came after this question: its own answer is the one to show.
            if asked == number {
                latest.set((asked, asked));
                if let Ok(answer) = answer {
                    show(fresh.value, answer);
                }
            }
        });
    };
    let ask = Rc::new(ask);
    let calmly = Rc::clone(&ask);
    Effect::new(move |_| {
        let (ask, latest) = (Rc::clone(&calmly), Rc::clone(&answered));
        let look = move || {
            let (asked, answered) = latest.get();
            // A slow server is not asked twice.
            if asked == answered && !document().hidden() {
                ask();
            }
        };
        let timer = set_interval_with_handle(look.clone(), EVERY).ok();
        let shown = window_event_listener_untyped("visibilitychange", move |_| look());
        on_cleanup(move || {
            shown.remove();
            if let Some(timer) = timer {
                timer.clear();
            }
        });
    });
    Effect::new(move |before: Option<()>| {
        fresh.asked.track();
        if before.is_some() {
            ask();
        }
    });
    fresh
}

/// Shows what is new. It is gone when the component is.
fn show<T: PartialEq + Send + Sync + 'static>(shown: RwSignal<T>, answer: T) {
    if shown.try_with_untracked(|shown| *shown != answer) == Some(true) {
        let _ = shown.try_set(answer);
    }
}
