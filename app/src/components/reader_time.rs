//! Moments as the reader's own clock shows them: in UTC until the page is hydrated, since a server
//! does not know where its readers are.

use glassworks_protocol::Timestamp;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{Clock, changing};
use crate::time::utc;

/// Whether the reader's clock is at hand. It does not change with each tick.
fn at_hand() -> Memo<bool> {
    Memo::new(|_| Clock::now().is_some())
}

/// A moment on the reader's clock: `2026-11-23 07:15:33`.
#[component]
pub(crate) fn ReaderTime(at: Timestamp) -> impl IntoView {
    let known = at_hand();
    let text = move || if known.get() { local(at) } else { utc(at) };
    view! { <time datetime=at.to_string()>{changing(text)}</time> }
}

/// The name of the time zone in which those are.
#[component]
pub(crate) fn ReaderZone() -> impl IntoView {
    let known = at_hand();
    let text = move || {
        let zone = known.get().then(zone).flatten();
        zone.unwrap_or_else(|| "UTC".to_owned())
    };
    view! { <span>{changing(text)}</span> }
}

fn local(at: Timestamp) -> String {
    // Exact: a date in milliseconds is far below 2^53.
    #[expect(clippy::cast_precision_loss)]
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}

fn zone() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::default();
    let options = format.resolved_options();
    let zone = js_sys::Reflect::get(&options, &JsValue::from_str("timeZone")).ok()?;
    zone.as_string()
}
