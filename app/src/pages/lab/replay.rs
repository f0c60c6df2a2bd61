//! Playing a run again: scrub, slow motion, step by step. It is read from the log, so anybody who
//! has the address can do it.

use leptos::leptos_dom::helpers::request_animation_frame;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::components::changing;
use crate::lab::{Chart, LabRun, Moment, milliseconds, moments};

/// How much slower than it was.
const SPEEDS: [(u32, &str); 4] = [
    (1, "as it was"),
    (4, "4 times slower"),
    (20, "20 times slower"),
    (100, "100 times slower"),
];

/// Two moments that are nearer than this are one.
const SAME_MS: f64 = 0.001;

/// What a replay shows.
#[derive(Clone, Copy)]
pub(super) struct Replay {
    /// The moment up to which the picture is drawn; none for all of it.
    pub(super) at: RwSignal<Option<f64>>,
    playing: RwSignal<bool>,
    slower: RwSignal<u32>,
    told: RwSignal<String>,
}

impl Replay {
    pub(super) fn new() -> Self {
        Self {
            at: RwSignal::new(None),
            playing: RwSignal::new(false),
            slower: RwSignal::new(4),
            told: RwSignal::new(String::new()),
        }
    }

    /// Shows all of another run, at the speed that was chosen.
    pub(super) fn reset(self) {
        self.show(None, String::new());
    }

    fn play(self, length: f64) {
        let at = self.at.get_untracked().filter(|at| *at < length);
        self.told.set(String::new());
        self.at.set(Some(at.unwrap_or(0.0)));
        self.playing.set(true);
        self.go_on(js_sys::Date::now(), length);
    }

    /// Draws the next moment, `before` being when the one before it was drawn.
    fn go_on(self, before: f64, length: f64) {
        request_animation_frame(move || {
            // The page may be gone.
            if self.playing.try_get_untracked() != Some(true) {
                return;
            }
            let now = js_sys::Date::now();
            let passed = (now - before) / f64::from(self.slower.get_untracked());
            let at = self.at.get_untracked().unwrap_or(0.0) + passed;
            if at >= length {
                self.playing.set(false);
                self.at.set(None);
            } else {
                self.at.set(Some(at));
                self.go_on(now, length);
            }
        });
    }

    fn show(self, at: Option<f64>, told: String) {
        self.playing.set(false);
        self.at.set(at);
        self.told.set(told);
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = matchMedia)]
    fn match_media(query: &str) -> JsValue;
}

/// Whether the reader has asked for a page on which nothing moves. In the browser only.
pub(super) fn wants_stillness() -> bool {
    let query = match_media("(prefers-reduced-motion: reduce)");
    let matches = js_sys::Reflect::get(&query, &JsValue::from_str("matches"));
    matches.is_ok_and(|matches| matches.is_truthy())
}

/// The controls.
#[component]
pub(super) fn Controls(replay: Replay, run: RwSignal<LabRun>, chart: Memo<Chart>) -> impl IntoView {
    let all = Memo::new(move |_| run.with(moments));
    let still = RwSignal::new(false);
    Effect::new(move |_| still.set(wants_stillness()));
    let toggle = move |_| {
        if replay.playing.get_untracked() {
            replay.playing.set(false);
        } else {
            replay.play(chart.with_untracked(|chart| chart.length_ms));
        }
    };
    let word = move || {
        if replay.playing.get() {
            "Pause"
        } else {
            "Play again"
        }
        .to_owned()
    };
    view! {
        <div class="replay" role="group" aria-label="Replay">
            <button type="button" hidden=changing(move || still.get()) on:click=toggle>
                {changing(word)}
            </button>
            <label hidden=changing(move || still.get())>
                <span class="visually-hidden">"Speed"</span>
                {speed(replay)}
            </label>
            <button type="button" on:click=move |_| step(replay, all, false)>
                "← Step"
            </button>
            <button type="button" on:click=move |_| step(replay, all, true)>
                "Step →"
            </button>
            {moment(replay, chart)}
            <p class="replay-told" role="status">
                {changing(move || replay.told.get())}
            </p>
        </div>
    }
}

/// Goes to the moment before or after the one that is shown, and tells what happened then.
fn step(replay: Replay, all: Memo<Vec<Moment>>, forward: bool) {
    let at = match (replay.at.get_untracked(), forward) {
        (Some(at), _) => at,
        // Forward from all of it is from its beginning.
        (None, true) => -1.0,
        (None, false) => f64::INFINITY,
    };
    let found = all.with_untracked(|all| {
        let to = if forward {
            all.iter().find(|it| it.at_ms > at + SAME_MS)
        } else {
            all.iter().rev().find(|it| it.at_ms < at - SAME_MS)
        }?
        .at_ms;
        let same = all.iter().filter(|it| (it.at_ms - to).abs() <= SAME_MS);
        let words: Vec<&str> = same.map(|it| it.words.as_str()).collect();
        Some((to, words.join("; ")))
    });
    match found {
        Some((to, words)) => replay.show(Some(to), words),
        None => replay.show(None, "That is all that happened.".to_owned()),
    }
}

fn speed(replay: Replay) -> AnyView {
    let chosen = replay.slower.get_untracked();
    let speeds: Vec<_> = SPEEDS
        .into_iter()
        .map(|(slower, words)| {
            view! {
                <option value=slower.to_string() selected=slower == chosen>
                    {words}
                </option>
            }
        })
        .collect();
    let choose = move |event| {
        if let Ok(slower) = event_target_value(&event).parse() {
            replay.slower.set(slower);
        }
    };
    view! { <select on:change=choose>{speeds}</select> }.into_any()
}

/// A bar that moves through the run, and where it stands.
fn moment(replay: Replay, chart: Memo<Chart>) -> AnyView {
    let length = move || chart.with(|chart| chart.length_ms);
    let scrub = move |event| {
        let at = event_target_value(&event).parse::<u32>().ok();
        let at = at.map(f64::from).filter(|at| *at < untrack(length));
        replay.show(at, String::new());
    };
    // A range takes whole numbers; rounded down, so that its end is the end.
    let place = move || whole(replay.at.get().unwrap_or_else(length));
    let most = move || whole(length().ceil().max(1.0));
    let words = move || {
        let all = milliseconds(length());
        match replay.at.get() {
            Some(at) => format!("{} of {all}", milliseconds(at)),
            None => format!("all of {all}"),
        }
    };
    view! {
        <input
            type="range"
            class="replay-moment"
            aria-label="Moment"
            min="0"
            step="1"
            max=changing(most)
            prop:value=changing(place)
            aria-valuetext=changing(words)
            on:input=scrub
        />
        // The bar says it to those who listen, when they ask.
        <span class="replay-at" aria-hidden="true">
            {changing(words)}
        </span>
    }
    .into_any()
}

fn whole(ms: f64) -> String {
    // Saturates, and a run lasts minutes at most.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = ms as u32;
    whole.to_string()
}
