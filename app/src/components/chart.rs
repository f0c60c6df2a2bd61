//! How a figure went: a line over time, and in words for those who do not see it.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::changing;

/// The height of the drawing, in its own units; its width is one unit an entry.
const HEIGHT: u64 = 100;

/// A series, oldest first, which changes.
#[component]
pub(crate) fn Chart(
    /// What it is of.
    name: &'static str,
    /// Its class, for its colour.
    class: &'static str,
    /// What an entry is, after its number: `waiting`, `a minute`.
    unit: &'static str,
    series: Signal<Vec<u64>>,
) -> impl IntoView {
    let line = Memo::new(move |_| series.with(|series| line(series)));
    let words = Memo::new(move |_| series.with(|series| words(series, unit)));
    let width = move || series.with(|series| series.len().saturating_sub(1).max(1));
    view! {
        <figure class=format!("chart {class}")>
            <figcaption>
                <strong>{name}</strong>
                " "
                <span>{changing(move || words.get())}</span>
            </figcaption>
            <svg
                viewBox=changing(move || format!("0 0 {} {HEIGHT}", width()))
                preserveAspectRatio="none"
                aria-hidden="true"
            >
                <path class="chart-line" d=changing(move || line.get())></path>
            </svg>
        </figure>
    }
}

/// The path of a series, as high as its peak.
fn line(series: &[u64]) -> String {
    let peak = series.iter().copied().max().unwrap_or(0).max(1);
    let mut path = String::new();
    for (place, value) in series.iter().enumerate() {
        let command = if place == 0 { 'M' } else { 'L' };
        let y = HEIGHT
            - u64::try_from(u128::from(*value) * u128::from(HEIGHT) / u128::from(peak))
                .unwrap_or(HEIGHT);
        // Cannot fail: a String takes all that is written to it.
        let _ = write!(path, "{command}{place} {y}");
    }
    path
}

fn words(series: &[u64], unit: &str) -> String {
    let latest = series.last().copied().unwrap_or(0);
    let peak = series.iter().copied().max().unwrap_or(0);
    format!("now {latest} {unit}, at most {peak}")
}

#[cfg(test)]
mod tests {
    use super::{line, words};

    #[test]
    fn a_line_is_as_high_as_its_peak() {
        assert_eq!(line(&[0, 5, 10]), "M0 100L1 50L2 0");
        assert_eq!(line(&[0, 0]), "M0 100L1 100");
        assert_eq!(line(&[u64::MAX, 0]), "M0 0L1 100");
        assert_eq!(line(&[]), "");
    }

    #[test]
    fn it_is_told_in_words_too() {
        assert_eq!(words(&[1, 7, 2], "waiting"), "now 2 waiting, at most 7");
        assert_eq!(words(&[], "waiting"), "now 0 waiting, at most 0");
    }
}
