//! What happened in a run, one moment after the other, in words: for stepping through it.

use super::run::LabRun;
use super::spoken::milliseconds;

/// One moment. Its time is in milliseconds since its variant's beginning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moment {
    /// When.
    pub(crate) at_ms: f64,
    /// What happened.
    pub(crate) words: String,
}

/// Everything that happened in `run`, in its order. `begins` says when each variant began.
pub(crate) fn moments(run: &LabRun) -> Vec<Moment> {
    let mut moments = Vec::new();
    for server in &run.servers {
        let own = run
            .spans
            .iter()
            .filter(|span| span.variant == server.variant);
        let begin = own
            .clone()
            .fold(server.started_ms, |begin, span| begin.min(span.start_ms));
        let mut note = |at: f64, words: String| {
            let at_ms = at - begin;
            let variant = &server.variant;
            let words = format!("{} · {variant}: {words}", milliseconds(at_ms));
            moments.push(Moment { at_ms, words });
        };
        for span in own {
            let name = &span.name;
            let took = milliseconds(span.end_ms - span.start_ms);
            match (span.silent, span.request) {
                (Some(true), _) => {
                    let whose = &span.track;
                    note(span.start_ms, format!("{whose} stops"));
                    note(span.end_ms, format!("{whose} is back, after {took}"));
                }
                (Some(false), _) => {}
                (None, true) => {
                    note(span.start_ms, format!("{name} is sent"));
                    if let Some(received) = span.received_ms {
                        let waited = milliseconds(received - span.start_ms);
                        note(
                            received,
                            format!("the server takes up {name}, after {waited}"),
                        );
                    }
                    let end = match (&span.failure, span.status) {
                        (Some(failure), _) => failure.clone(),
                        (None, Some(status)) => format!("{status}"),
                        (None, None) => "no status".to_owned(),
                    };
                    note(span.end_ms, format!("{name} is over, after {took}: {end}"));
                }
                (None, false) => {
                    note(span.start_ms, format!("{name} begins"));
                    note(span.end_ms, format!("{name} ends, after {took}"));
                }
            }
        }
    }
    moments.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
    moments
}

#[cfg(test)]
mod tests {
    use super::moments;
    use crate::lab::run::tests::small;

    #[test]
    fn what_happened_is_told_in_its_order() {
        let told: Vec<_> = moments(&small()).into_iter().map(|it| it.words).collect();
        assert_eq!(
            told,
            [
                "5.0 ms · broken: GET /ping is sent",
                "7.0 ms · broken: server's heartbeat stops",
                "55 ms · broken: the server takes up GET /ping, after 50 ms",
                "55 ms · broken: server's heartbeat is back, after 48 ms",
                "57 ms · broken: GET /ping is over, after 52 ms: 200",
            ]
        );
    }
}
