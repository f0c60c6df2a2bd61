//! What the browser shows.
//!
//! The pages are rendered on the server with real data (feature `ssr`), taken over in the
//! browser as wasm (feature `hydrate`), and then kept live over one WebSocket. Whatever can be
//! decided without a browser is a pure module here, tested natively.

// A page's view is one deeply nested type, deeper than the compiler follows by default.
#![recursion_limit = "256"]
// Of the app's own items only those below are public; the component macro writes `pub` on what
// it generates for the others.
#![expect(unreachable_pub)]
// Components own their properties, whatever they do with them.
#![expect(clippy::needless_pass_by_value)]

mod access;
mod app;
mod attempts;
mod codec;
mod components;
mod curl;
mod form;
mod functions;
mod json;
mod lab;
mod list_query;
mod live;
mod many;
mod output;
mod pages;
#[cfg(feature = "hydrate")]
mod prefetch;
mod query;
mod refused;
mod search;
mod task_list;
mod task_view;
mod time;
mod trial;

#[cfg(test)]
mod fixture;

pub use app::{App, AssetUrls, shell};
pub use components::{FURTHER, OPERATIONS, PAGES, SECTIONS};
#[cfg(feature = "ssr")]
pub use lab::{Book, Choice, Code, CompilerWords, Experiment, Prediction};

/// The wasm's entry: takes over the HTML that the server sent, once the page's own code is there.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::hydrate();
}
