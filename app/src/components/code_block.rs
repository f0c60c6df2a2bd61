//! Text to read and to take away: JSON, and the same thing as curl.

use std::time::Duration;

#[cfg(not(feature = "ssr"))]
use leptos::leptos_dom::helpers::location;
use leptos::leptos_dom::helpers::{set_timeout, window};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Clock, changing};

/// Text in a box, with a button that copies it.
#[component]
pub(crate) fn CodeBlock(
    /// What it is, for those who do not see what stands above it.
    label: &'static str,
    text: String,
) -> impl IntoView {
    let copied = text.clone();
    view! {
        <div class="code-block">
            <pre tabindex="0" role="region" aria-label=label>
                <code>{text}</code>
            </pre>
            <CopyButton label text=Box::new(move || copied.clone()) />
        </div>
    }
}

/// Copies what `text` gives at that moment. Shown once the page can do it.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    label: &'static str,
    text: Box<dyn Fn() -> String + Send>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    // Browsers lend the clipboard to secure pages only: HTTPS, or this very machine.
    let is_possible = || Clock::now().is_some() && window().is_secure_context();
    let copy = move |_| {
        let written = window().navigator().clipboard().write_text(&text());
        spawn_local(async move {
            if wasm_bindgen_futures::JsFuture::from(written).await.is_ok() {
                let _ = copied.try_set(true);
                let forget = move || {
                    let _ = copied.try_set(false);
                };
                set_timeout(forget, Duration::from_secs(2));
            }
        });
    };
    let word = move || if copied.get() { "Copied" } else { "Copy" }.to_owned();
    view! {
        <button
            type="button"
            class="copy"
            hidden=changing(move || !is_possible())
            on:click=copy
            aria-label=format!("Copy {label}")
        >
            <span aria-live="polite">{changing(word)}</span>
        </button>
    }
}

/// The origin under which this page was asked for, for commands to copy.
#[cfg(feature = "ssr")]
pub(crate) fn origin() -> String {
    let request = use_context::<http::request::Parts>();
    let header = |name| request.as_ref()?.headers.get(name)?.to_str().ok();
    let host = header(http::header::HOST.as_str()).unwrap_or("127.0.0.1:8000");
    // Nothing but this text depends on what a proxy says here.
    let scheme = match header("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{host}")
}

/// The origin under which this page was asked for, for commands to copy.
#[cfg(not(feature = "ssr"))]
pub(crate) fn origin() -> String {
    location().origin().unwrap_or_default()
}
