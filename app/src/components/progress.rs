//! How far a task is.

use glassworks_protocol::Progress;
use leptos::prelude::*;

/// A bar, the share in words, and what the handler says about it. Without progress, the bar
/// shows only that something goes on.
#[component]
pub(crate) fn ProgressBar(
    progress: Option<Progress>,
    /// What makes progress, for those who do not see the bar.
    label: String,
) -> impl IntoView {
    let percent = progress.as_ref().map(|progress| percent(progress.fraction));
    let message = progress.and_then(|progress| progress.message);
    view! {
        <span class="progress">
            <progress max="1" value=percent.map(share) aria-label=label>
            </progress>
            <span class="progress-share">{percent.map(|percent| format!("{percent} %"))}</span>
            <span class="progress-message">{message}</span>
        </span>
    }
}

/// As a part of one.
fn share(percent: u8) -> String {
    match percent {
        100.. => "1".to_owned(),
        _ => format!("0.{percent:02}"),
    }
}

/// Rounded down: what shows 100 % is at its end.
fn percent(fraction: f64) -> u8 {
    // The bounds make the conversion exact.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let percent = (fraction * 100.0 + 1e-9).clamp(0.0, 100.0) as u8;
    percent
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn only_what_is_done_shows_as_done() {
        assert_eq!(percent(0.29), 29);
        assert_eq!(percent(0.999), 99);
        assert_eq!(percent(1.0), 100);
        assert_eq!(percent(7.0), 100);
        assert_eq!(percent(f64::NAN), 0);
    }
}
