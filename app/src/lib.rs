//! What the browser shows.
//!
//! The pages are rendered on the server with real data (feature `ssr`), taken over in the
//! browser as wasm (feature `hydrate`), and then kept live over one WebSocket. Whatever can be
//! decided without a browser is a pure module here, tested natively.

pub mod app;
pub mod functions;
pub mod refused;

pub use app::{App, AssetUrls, shell};

/// The wasm's entry: takes over the HTML that the server sent.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
