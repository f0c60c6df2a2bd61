//! What somebody has done in the lab, in their browser's own storage.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::json;
use crate::lab::Kept;

/// Under which name an experiment's part is stored.
fn key(experiment: &str) -> String {
    format!("glassworks.lab.{experiment}")
}

/// The browser's storage. It fails where the browser does not lend it to this page, or has no room.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = getItem)]
    fn get_item(key: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(catch, js_namespace = localStorage, js_name = setItem)]
    fn set_item(key: &str, text: &str) -> Result<(), JsValue>;
}

/// What is stored of an experiment. In the browser only.
pub(super) fn read(experiment: &str) -> Kept {
    let stored = get_item(&key(experiment)).ok().flatten();
    stored
        .and_then(|text| json::read(&text).ok())
        .unwrap_or_default()
}

/// What was done with one experiment.
#[derive(Clone, Copy)]
pub(super) struct Notebook {
    experiment: StoredValue<String>,
    /// None until the page is hydrated.
    kept: RwSignal<Option<Kept>>,
}

impl Notebook {
    /// The part of an experiment, which is read once the page is hydrated.
    pub(super) fn open(experiment: &str) -> Self {
        let notebook = Self {
            experiment: StoredValue::new(experiment.to_owned()),
            kept: RwSignal::new(None),
        };
        Effect::new(move |_| {
            notebook
                .kept
                .set(Some(notebook.experiment.with_value(|name| read(name))));
        });
        notebook
    }

    /// What is in it; none until the page is hydrated.
    pub(super) fn kept(self) -> Option<Kept> {
        self.kept.get()
    }

    /// Changes it, and stores it. Where the browser stores nothing, it lasts as long as the page.
    pub(super) fn note(self, change: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept.get_untracked().unwrap_or_default();
        change(&mut kept);
        if let Ok(text) = serde_json::to_string(&kept) {
            let key = self.experiment.with_value(|name| key(name));
            let _ = set_item(&key, &text);
        }
        self.kept.set(Some(kept));
    }
}
