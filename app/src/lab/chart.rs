//! A run as a picture: every variant's rows on one axis, in units that an SVG takes as they are.
//!
//! Each variant is drawn from its own beginning, so that variants that ran one after the other can be
//! compared as well as those that ran side by side.

use super::run::{LabRun, Span};
use super::spoken::{milliseconds, whole};

/// The width of every row, in its own units.
pub(crate) const WIDE: u32 = 10_000;
/// The height of one bar, and of a heartbeat strip.
const HIGH: u32 = 12;
/// The height of one bar among many.
const LOW: u32 = 5;
/// Bars on top of each other; further ones share rows with these.
const MOST_ROWS: usize = 48;
/// What is shorter is drawn as wide as this, so that it can be seen.
const LEAST_WIDTH: u32 = 22;
/// Without a beat for longer than this, something is wrong: beats are told in pieces of a quarter of
/// a second.
const OVERDUE_MS: f64 = 400.0;

/// The whole picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    /// What the axis shows, in milliseconds.
    pub(crate) length_ms: f64,
    /// The rows of each variant, in the order of its servers.
    pub(crate) variants: Vec<Variant>,
    /// Whether some ran after others, and were moved to one beginning.
    pub(crate) moved: bool,
}

/// The rows of one variant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variant {
    /// Its name.
    pub(crate) name: String,
    /// What it does.
    pub(crate) title: String,
    /// Its rows.
    pub(crate) lanes: Vec<Lane>,
}

/// One row: a track, with as many bars on top of each other as happened at the same time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lane {
    /// What it shows.
    pub(crate) track: String,
    /// Whether it is a heartbeat.
    pub(crate) is_heartbeat: bool,
    /// Its height.
    pub(crate) height: u32,
    /// In the order in which they begin.
    pub(crate) bars: Vec<Bar>,
    /// From here on nothing was heard of a heart that was to beat.
    pub(crate) overdue_from: Option<f64>,
    /// The longest silence of a heartbeat: where it begins, and how long it is.
    pub(crate) silence: Option<(f64, f64)>,
}

/// One thing that happened. Times are milliseconds since the variant's beginning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    top: u32,
    height: u32,
    start: f64,
    end: f64,
    received: Option<f64>,
    answered: Option<f64>,
    sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Request { failed: bool },
    Work,
    Beating,
    Silent,
}

/// What is drawn in one colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A request that the server has not looked at.
    Waiting,
    /// A request in its handler, or a piece of work.
    Working,
    /// An answer on its way.
    Returning,
    /// A request without a whole answer, or with one that says so.
    Failed,
    /// A heart that beats.
    Beating,
    /// A heart that does not.
    Silent,
}

impl Part {
    /// All of them, those in front last.
    pub(crate) const ALL: [Self; 6] = [
        Self::Beating,
        Self::Silent,
        Self::Waiting,
        Self::Returning,
        Self::Working,
        Self::Failed,
    ];

    /// How style sheets call it.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Waiting => "part-waiting",
            Self::Working => "part-working",
            Self::Returning => "part-returning",
            Self::Failed => "part-failed",
            Self::Beating => "part-beating",
            Self::Silent => "part-silent",
        }
    }
}

impl Chart {
    /// The picture of `run` as far as it is known.
    pub(crate) fn of(run: &LabRun) -> Self {
        let begin = |variant: &str, started: f64| {
            let own = run.spans.iter().filter(|span| span.variant == variant);
            own.fold(started, |begin, span| begin.min(span.start_ms))
        };
        let begins: Vec<f64> = run
            .servers
            .iter()
            .map(|server| begin(&server.variant, server.started_ms))
            .collect();
        let ends: Vec<f64> = run
            .servers
            .iter()
            .map(|server| {
                let own = run
                    .spans
                    .iter()
                    .filter(|span| span.variant == server.variant);
                own.fold(0.0_f64, |end, span| end.max(span.end_ms))
            })
            .collect();
        let lengths = begins.iter().zip(&ends).map(|(begin, end)| end - begin);
        let length_ms = lengths.fold(1.0_f64, f64::max);
        // The latest that was heard of anybody who runs at the same time.
        let now = ends.iter().copied().fold(0.0_f64, f64::max);
        let variants = run.servers.iter().zip(&begins).map(|(server, begin)| {
            let spans = run.spans.iter();
            let own: Vec<&Span> = spans
                .filter(|span| span.variant == server.variant)
                .collect();
            let until = if server.measured.is_some() {
                own.iter().fold(0.0_f64, |end, span| end.max(span.end_ms))
            } else {
                now
            };
            Variant {
                name: server.variant.clone(),
                title: server.title.clone(),
                lanes: lanes(&own, *begin, until - begin),
            }
        });
        let first = begins.iter().copied().fold(f64::INFINITY, f64::min);
        Self {
            length_ms,
            variants: variants.collect(),
            moved: begins.iter().any(|begin| begin - first > 100.0),
        }
    }
}

/// The rows of one variant: what was done in the order in which it began, then the heartbeats.
fn lanes(spans: &[&Span], begin: f64, until: f64) -> Vec<Lane> {
    let mut ordered: Vec<&&Span> = spans.iter().collect();
    ordered.sort_by(|one, other| one.start_ms.total_cmp(&other.start_ms));
    let mut tracks: Vec<&str> = Vec::new();
    for span in &ordered {
        if !tracks.contains(&span.track.as_str()) {
            tracks.push(&span.track);
        }
    }
    let of = |track: &str| {
        let own = ordered.iter().filter(|span| span.track == track);
        lane(track, own.map(|span| **span), begin, until)
    };
    let mut lanes: Vec<Lane> = tracks.into_iter().map(of).collect();
    // The server's strip above the observer's.
    lanes.sort_by_key(
        |lane| match (lane.is_heartbeat, lane.track.starts_with("server")) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        },
    );
    lanes
}

fn lane<'a>(track: &str, spans: impl Iterator<Item = &'a Span>, begin: f64, until: f64) -> Lane {
    // When the latest bar of each row ends.
    let mut rows: Vec<f64> = Vec::new();
    let mut placed: Vec<(usize, &Span)> = Vec::new();
    for span in spans {
        let free = rows.iter().position(|end| *end <= span.start_ms);
        let row = match free {
            Some(row) => row,
            None if rows.len() < MOST_ROWS => {
                rows.push(0.0);
                rows.len() - 1
            }
            None => placed.len() % MOST_ROWS,
        };
        rows[row] = rows[row].max(span.end_ms);
        placed.push((row, span));
    }
    let each = if rows.len() > 3 { LOW } else { HIGH };
    let is_heartbeat = placed.iter().any(|(_, span)| span.silent.is_some());
    let bars: Vec<Bar> = placed
        .iter()
        .map(|(row, span)| Bar::of(*row, each, span, begin))
        .collect();
    let latest = bars.iter().fold(0.0_f64, |latest, bar| latest.max(bar.end));
    let silences = bars.iter().filter(|bar| bar.sort == Sort::Silent);
    let silence = silences
        .map(|bar| (bar.start, bar.end - bar.start))
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let count = u32::try_from(rows.len()).unwrap_or(1).max(1);
    Lane {
        track: track.to_owned(),
        is_heartbeat,
        height: count * (each + 1),
        overdue_from: (is_heartbeat && until - latest > OVERDUE_MS).then_some(latest),
        bars,
        silence,
    }
}

/// A row in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// How many things happened.
    pub(crate) count: String,
    /// When the first began.
    pub(crate) first: String,
    /// How long the longest took: of a heartbeat, its longest silence.
    pub(crate) longest: String,
    /// The longest that one waited before the server took it up.
    pub(crate) waited: String,
}

impl Lane {
    /// What the row shows, in words.
    pub(crate) fn told(&self) -> Told {
        let first = self.bars.first().map_or(0.0, |bar| bar.start);
        if self.is_heartbeat {
            let silences = self.bars.iter().filter(|bar| bar.sort == Sort::Silent);
            let longest = match self.silence {
                Some((_, span)) => format!("silent for {}", milliseconds(span)),
                None => "never silent".to_owned(),
            };
            return Told {
                count: format!("{} silences", silences.count()),
                first: milliseconds(first),
                longest,
                waited: String::new(),
            };
        }
        let most = |span: fn(&Bar) -> Option<f64>| {
            let spans = self.bars.iter().filter_map(span);
            spans
                .max_by(f64::total_cmp)
                .map(milliseconds)
                .unwrap_or_default()
        };
        Told {
            count: self.bars.len().to_string(),
            first: milliseconds(first),
            longest: most(|bar| Some(bar.end - bar.start)),
            waited: most(|bar| Some(bar.received? - bar.start)),
        }
    }
}

impl Bar {
    fn of(row: usize, height: u32, span: &Span, begin: f64) -> Self {
        let since = |ms: f64| ms - begin;
        let is_refused = span.status.is_some_and(|status| status >= 400);
        Self {
            top: u32::try_from(row).unwrap_or(0) * (height + 1),
            height,
            start: since(span.start_ms),
            end: since(span.end_ms),
            received: span.received_ms.map(since),
            answered: span.answered_ms.map(since),
            sort: match (span.silent, span.request) {
                (Some(true), _) => Sort::Silent,
                (Some(false), _) => Sort::Beating,
                (None, true) => Sort::Request {
                    failed: span.failure.is_some() || is_refused,
                },
                (None, false) => Sort::Work,
            },
        }
    }

    /// From when to when it is `part`.
    fn stretch(&self, part: Part) -> Option<(f64, f64)> {
        let taken = self.received.unwrap_or(self.end);
        let answered = self.answered.unwrap_or(self.end);
        match (self.sort, part) {
            (Sort::Request { .. }, Part::Waiting) => Some((self.start, taken)),
            (Sort::Request { .. }, Part::Working) if self.received.is_some() => {
                Some((taken, answered))
            }
            (Sort::Request { .. }, Part::Returning) => {
                self.answered.map(|answered| (answered, self.end))
            }
            (Sort::Request { failed: true }, Part::Failed) => Some((self.end, self.end)),
            (Sort::Work, Part::Working)
            | (Sort::Beating, Part::Beating)
            | (Sort::Silent, Part::Silent) => Some((self.start, self.end)),
            _ => None,
        }
    }
}

/// The outline of all `bars` where they are `part`, up to a moment, for an SVG's `d`. The axis is
/// `length` milliseconds long.
pub(crate) fn path(bars: &[Bar], part: Part, length: f64, until: f64) -> String {
    use std::fmt::Write as _;

    let mut path = String::new();
    for bar in bars {
        let Some((from, to)) = bar.stretch(part).filter(|(from, _)| *from <= until) else {
            continue;
        };
        // What is waited for stands thin, what is done stands tall: colour alone says nothing.
        let (inset, height) = match part {
            Part::Waiting | Part::Returning => (bar.height / 3, bar.height - 2 * (bar.height / 3)),
            Part::Beating => (bar.height / 4, bar.height / 2),
            Part::Working | Part::Silent | Part::Failed => (0, bar.height),
        };
        let (left, right) = (across(from, length), across(to.min(until), length));
        let is_short = right.saturating_sub(left) < LEAST_WIDTH;
        // A stretch of nothing is not drawn, but for what marks a moment or is all that there is.
        if is_short && matches!(part, Part::Waiting | Part::Returning) && to - from < 0.5 {
            continue;
        }
        let width = right.saturating_sub(left).max(LEAST_WIDTH);
        let top = bar.top + inset;
        // Writing to a String cannot fail.
        let _ = write!(path, "M{left} {top}h{width}v{height}h-{width}z");
    }
    path
}

/// Where a moment lies on an axis of `length` milliseconds.
pub(crate) fn across(ms: f64, length: f64) -> u32 {
    let share = (ms / length).clamp(0.0, 1.0);
    u32::try_from(whole(share * f64::from(WIDE))).unwrap_or(WIDE)
}

/// The moments that an axis of `length` milliseconds names: round ones, four to nine of them.
pub(crate) fn ticks(length: f64) -> Vec<f64> {
    let mut step = 1.0;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(24) {
        if length / step <= 8.0 {
            break;
        }
        step *= factor;
    }
    let mut ticks = vec![0.0];
    let mut at = step;
    while at <= length && ticks.len() < 10 {
        ticks.push(at);
        at += step;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Chart, Part, WIDE, across, path, ticks};
    use crate::lab::run::tests::{small, span};

    #[test]
    fn an_axis_names_round_moments() {
        assert_eq!(ticks(1_604.0), [0.0, 500.0, 1_000.0, 1_500.0]);
        assert_eq!(ticks(7.0).len(), 8);
        for length in [1.0, 33.0, 420.0, 5_000.0, 123_456.0] {
            let named = ticks(length);
            assert!((2..=9).contains(&named.len()), "{length}: {named:?}");
            assert!(named.iter().all(|tick| *tick <= length), "{length}");
        }
    }

    #[test]
    fn a_moment_has_its_place_on_the_axis() {
        assert_eq!(across(0.0, 200.0), 0);
        assert_eq!(across(50.0, 200.0), WIDE / 4);
        assert_eq!(across(900.0, 200.0), WIDE);
        assert_eq!(across(-1.0, 200.0), 0);
    }

    #[test]
    fn a_request_that_waits_is_drawn_as_one_that_waits() {
        let chart = Chart::of(&small());
        // From the server's start (5 ms) to the last end (62 ms).
        assert!((chart.length_ms - 57.0).abs() < 1e-9);
        let lane = &chart.variants[0].lanes[0];
        assert_eq!(lane.track, "ping");
        let drawn = |part, until| path(&lane.bars, part, chart.length_ms, until);
        assert_eq!(drawn(Part::Waiting, 57.0), "M877 4h8772v4h-8772z");
        assert!(drawn(Part::Working, 57.0).starts_with("M9649 0h"));
        assert_eq!(drawn(Part::Failed, 57.0), "");
        // At a moment before it was taken up it is only waiting, and so far.
        assert_eq!(drawn(Part::Waiting, 33.5), "M877 4h5000v4h-5000z");
        assert_eq!(drawn(Part::Working, 33.5), "");
        assert_eq!(drawn(Part::Waiting, 1.0), "");
    }

    #[test]
    fn what_happens_at_the_same_time_stands_on_top_of_each_other() {
        let mut run = small();
        for (seq, start) in [(6, 20.0), (7, 30.0), (8, 70.0)] {
            let more = json!({"variant": "broken", "request": seq});
            run.apply(&span(
                seq,
                "broken · ping",
                "GET /ping",
                (start, 65.0_f64.max(start + 1.0)),
                more,
            ));
        }
        let lane = &Chart::of(&run).variants[0].lanes[0];
        let tops: Vec<u32> = lane.bars.iter().map(|bar| bar.top).collect();
        assert_eq!(tops, [0, 13, 26, 0], "the fourth finds the first row free");
        assert_eq!(lane.height, 39);
    }

    #[test]
    fn a_row_can_be_told_in_words() {
        let chart = Chart::of(&small());
        let told = chart.variants[0].lanes[0].told();
        let words = [told.count, told.first, told.longest, told.waited];
        assert_eq!(words, ["1", "5.0 ms", "52 ms", "50 ms"]);
        let heartbeat = chart.variants[0].lanes[1].told();
        assert_eq!(heartbeat.longest, "silent for 48 ms");
    }

    #[test]
    fn heartbeats_stand_last_and_tell_their_longest_silence() {
        let chart = Chart::of(&small());
        let lane = chart.variants[0].lanes.last().unwrap();
        assert!(lane.is_heartbeat);
        assert_eq!(lane.silence, Some((7.0, 48.0)));
        assert_eq!(lane.overdue_from, None);
    }

    #[test]
    fn a_heart_that_is_not_heard_of_any_more_is_overdue() {
        let mut run = small();
        run.servers[0].measured = None;
        let beating = json!({"variant": "broken", "heartbeat": true, "silent": false});
        run.apply(&span(
            6,
            "broken · observer's heartbeat",
            "beating",
            (10.0, 900.0),
            beating,
        ));
        let chart = Chart::of(&run);
        let overdue: Vec<_> = chart.variants[0]
            .lanes
            .iter()
            .map(|lane| lane.overdue_from)
            .collect();
        assert_eq!(overdue, [None, Some(55.0), None]);
    }

    #[test]
    fn variants_that_ran_after_each_other_begin_together() {
        let mut run = small();
        let listening = json!({"variant": "fixed", "title": "t", "curl": "c"});
        run.apply(&span(
            6,
            "fixed · server",
            "listening",
            (1_000.0, 1_000.0),
            listening,
        ));
        let ping = json!({"variant": "fixed", "request": 1});
        run.apply(&span(
            7,
            "fixed · ping",
            "GET /ping",
            (1_010.0, 1_020.0),
            ping,
        ));
        let chart = Chart::of(&run);
        assert!(chart.moved && chart.length_ms < 100.0);
        let bar = &chart.variants[1].lanes[0].bars[0];
        assert!((bar.start - 10.0).abs() < 1e-9);
    }
}
