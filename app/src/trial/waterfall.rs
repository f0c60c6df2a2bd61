//! Several services that are asked at the same time, each as a bar on one axis of time.

use glassworks_protocol::Asking;

/// The axis is at least this long, so that it does not move while the built-in services answer.
const LEAST_AXIS_US: u64 = 2_500_000;

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// Its name.
    pub(crate) source: String,
    /// When it was asked, from the sending of the request, in microseconds.
    pub(crate) from: u64,
    /// When its answer was here.
    pub(crate) to: Option<u64>,
    /// What it said.
    pub(crate) data: Option<String>,
}

/// What is known of all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Waterfall {
    /// In the order in which they were asked.
    pub(crate) bars: Vec<Bar>,
}

impl Waterfall {
    /// Something was heard `at` microseconds after the request was sent.
    pub(crate) fn hear(&mut self, heard: Asking, at: u64) {
        match heard {
            Asking::Asked { sources } => {
                self.bars = sources
                    .into_iter()
                    .map(|source| Bar {
                        source,
                        from: at,
                        to: None,
                        data: None,
                    })
                    .collect();
            }
            Asking::Answered(answer) => {
                let bar = self.bars.iter_mut().find(|bar| bar.source == answer.source);
                if let Some(bar) = bar {
                    bar.to = Some(at);
                    bar.data = Some(answer.data);
                }
            }
            Asking::Done(_) => {}
        }
    }

    /// How long the axis is when `now` has to be on it.
    pub(crate) fn axis(&self, now: u64) -> u64 {
        let ends = self.bars.iter().filter_map(|bar| bar.to);
        ends.max().unwrap_or(0).max(now).max(LEAST_AXIS_US)
    }
}

impl Bar {
    /// Where it begins and how long it is, as percentages of `axis`; without an answer it reaches to
    /// `now`.
    pub(crate) fn place(&self, now: u64, axis: u64) -> (String, String) {
        let to = self.to.unwrap_or(now).max(self.from);
        (percent(self.from, axis), percent(to - self.from, axis))
    }
}

fn percent(part: u64, whole: u64) -> String {
    let hundredths = part * 10_000 / whole.max(1);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{Answer, Asking};

    use super::Waterfall;

    fn answered(source: &str) -> Asking {
        Asking::Answered(Answer {
            source: source.to_owned(),
            data: format!("from {source}"),
            took: 1.0,
        })
    }

    #[test]
    fn a_bar_grows_until_its_answer_comes() {
        let mut fall = Waterfall::default();
        let sources = ["a", "b"].map(str::to_owned).into();
        fall.hear(Asking::Asked { sources }, 10_000);
        fall.hear(answered("b"), 1_010_000);
        let axis = fall.axis(1_250_000);
        assert_eq!(axis, 2_500_000);
        let places: Vec<_> = fall
            .bars
            .iter()
            .map(|bar| bar.place(1_250_000, axis))
            .collect();
        assert_eq!(places[0], ("0.40%".to_owned(), "49.60%".to_owned()));
        assert_eq!(places[1], ("0.40%".to_owned(), "40.00%".to_owned()));
        assert_eq!(fall.bars[1].data.as_deref(), Some("from b"));
        assert_eq!(fall.bars[0].to, None);
        // Later the answer stays where it was, and the axis holds all that has been.
        assert_eq!(fall.bars[1].place(9_000_000, axis), places[1]);
        assert_eq!(fall.axis(9_000_000), 9_000_000);
    }
}
