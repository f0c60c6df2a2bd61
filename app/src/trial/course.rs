//! How one request went, or goes: when it was sent, when the first byte of its answer came and when
//! the last, and what came.
//!
//! Moments are microseconds of the page's own clock, so that spans need no floats, whose printing would
//! be a part of what the browser loads.

use glassworks_protocol::{Problem, Timestamp};

use super::utf8::Utf8;

/// Of the text that came, at least the last so many bytes are shown, and at most twice as many.
const SHOWN_BYTES: usize = 64 * 1024;

/// How far a request is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Stage {
    /// Nothing was sent.
    #[default]
    Idle,
    /// Sent, and no answer yet.
    Sent,
    /// The head of the answer is there, and its body comes.
    Answering,
    /// All of it is there.
    Done,
    /// Whoever asked has stopped it.
    Stopped,
    /// It was refused, or broke off.
    Failed(Problem),
}

/// How one request goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// How far it is.
    pub(crate) stage: Stage,
    /// When it was sent.
    pub(crate) sent_at: Option<Timestamp>,
    /// The status of the answer.
    pub(crate) status: Option<u16>,
    /// From the sending to the first byte of the body.
    pub(crate) first: Option<u64>,
    /// From the sending to the end, whichever it was.
    pub(crate) done: Option<u64>,
    /// The end of what came.
    pub(crate) text: String,
    /// Whether there was more before that.
    pub(crate) cut: bool,
    began: u64,
    utf8: Utf8,
}

impl Course {
    /// A request that is sent now, at `began` by the page's clock.
    pub(crate) fn sent(sent_at: Timestamp, began: u64) -> Self {
        Self {
            stage: Stage::Sent,
            sent_at: Some(sent_at),
            began,
            ..Self::default()
        }
    }

    /// Whether it is under way.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Sent | Stage::Answering)
    }

    /// From the sending until `now`.
    pub(crate) fn since_sent(&self, now: u64) -> u64 {
        now.saturating_sub(self.began)
    }

    /// The head of the answer has come.
    pub(crate) fn head(&mut self, status: u16) {
        self.status = Some(status);
        self.stage = Stage::Answering;
    }

    /// A piece of the body has come: the text that it completes.
    pub(crate) fn piece(&mut self, bytes: &[u8], now: u64) -> String {
        self.first.get_or_insert(now.saturating_sub(self.began));
        let text = self.utf8.push(bytes);
        self.show(&text);
        text
    }

    /// It is over: as it should, unless a problem says otherwise.
    pub(crate) fn over(&mut self, problem: Option<Problem>, now: u64) {
        if !self.is_under_way() {
            return;
        }
        let rest = self.utf8.end();
        self.show(&rest);
        self.done = Some(self.since_sent(now));
        self.stage = match problem {
            None => Stage::Done,
            Some(problem) => {
                // A problem without a type is the browser's own: no server has said that.
                if self.status.is_none() && problem.kind != "about:blank" {
                    self.status = Some(problem.status);
                }
                Stage::Failed(problem)
            }
        };
    }

    /// Whoever asked wants no more.
    pub(crate) fn stop(&mut self, now: u64) {
        if self.is_under_way() {
            self.done = Some(self.since_sent(now));
            self.stage = Stage::Stopped;
        }
    }

    /// How it went, in a few words.
    pub(crate) fn words(&self) -> String {
        let after = self.done.map(span).unwrap_or_default();
        let status = self.status.map_or_else(
            || "No answer".to_owned(),
            |status| match status {
                101 => "101, a WebSocket".to_owned(),
                status => status.to_string(),
            },
        );
        match &self.stage {
            Stage::Idle => String::new(),
            Stage::Sent => "Sent. No answer yet.".to_owned(),
            Stage::Answering => format!("{status}. It is coming."),
            Stage::Stopped => format!("Stopped after {after}."),
            Stage::Failed(_) if self.first.is_some() => {
                format!("{status}. Broken off after {after}.")
            }
            Stage::Done | Stage::Failed(_) => format!("{status} after {after}."),
        }
    }

    fn show(&mut self, text: &str) {
        self.text.push_str(text);
        if self.text.len() > 2 * SHOWN_BYTES {
            self.cut = true;
            let start = self.text.ceil_char_boundary(self.text.len() - SHOWN_BYTES);
            // From the beginning of a line, if one begins.
            let line = self.text[start..].find('\n').map_or(0, |end| end + 1);
            self.text.drain(..start + line);
        }
    }
}

/// A span of microseconds: `0.8 ms`, `12.3 ms`, `3,004 ms`.
pub(crate) fn span(us: u64) -> String {
    let (ms, tenths) = (us / 1_000, us % 1_000 / 100);
    match ms {
        0..100 => format!("{ms}.{tenths} ms"),
        100..1_000 => format!("{ms} ms"),
        _ => format!("{},{:03} ms", ms / 1_000, ms % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{Problem, ProblemCode, Timestamp};

    use super::{Course, SHOWN_BYTES, Stage, span};

    fn sent() -> Course {
        Course::sent(Timestamp::from_millis(0), 5_000)
    }

    #[test]
    fn spans_are_told_to_a_tenth_of_a_millisecond_where_that_says_something() {
        let told = [840, 12_345, 999_999, 3_004_000, 61_000_000].map(span);
        assert_eq!(
            told,
            ["0.8 ms", "12.3 ms", "999 ms", "3,004 ms", "61,000 ms"]
        );
    }

    #[test]
    fn the_first_byte_and_the_last_are_counted_from_the_sending() {
        let mut course = sent();
        assert_eq!(course.words(), "Sent. No answer yet.");
        course.head(200);
        assert_eq!(course.piece(b"a", 7_000), "a");
        assert_eq!(course.piece(b"b", 9_000), "b");
        assert_eq!(course.words(), "200. It is coming.");
        course.over(None, 10_000);
        assert_eq!((course.first, course.done), (Some(2_000), Some(5_000)));
        assert_eq!(
            (course.text.as_str(), course.words()),
            ("ab", "200 after 5.0 ms.".into())
        );
        // What is over stays as it was.
        course.stop(20_000);
        assert_eq!((course.done, course.stage), (Some(5_000), Stage::Done));
    }

    #[test]
    fn what_was_refused_has_the_servers_status_and_what_never_arrived_has_none() {
        let mut refused = sent();
        refused.over(Some(Problem::new(ProblemCode::OutOfTime)), 6_000);
        assert_eq!(
            (refused.status, refused.words()),
            (Some(504), "504 after 1.0 ms.".into())
        );
        let mut lost = sent();
        lost.over(Some(Problem::untyped(503, "not reached")), 6_000);
        assert_eq!(
            (lost.status, lost.words()),
            (None, "No answer after 1.0 ms.".into())
        );
        let mut broken = sent();
        broken.head(200);
        broken.piece(b"a", 6_000);
        broken.over(Some(Problem::untyped(503, "cut")), 7_000);
        assert_eq!(broken.words(), "200. Broken off after 2.0 ms.");
    }

    #[test]
    fn of_much_text_the_last_lines_are_shown() {
        let mut course = sent();
        course.head(200);
        for n in 0..20_000 {
            course.piece(format!("Zahl ü {n}\n").as_bytes(), 6_000);
        }
        assert!(course.cut && course.text.len() <= 2 * SHOWN_BYTES);
        assert!(course.text.starts_with("Zahl ü "), "{}", &course.text[..20]);
        assert!(course.text.ends_with("Zahl ü 19999\n"));
    }
}
