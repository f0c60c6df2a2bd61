//! Writes metrics as Prometheus reads them: the text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! The figures are kept by those whose they are, and written out when they are asked for; so what
//! is needed is this format alone, and no registry.

use std::fmt::{Display, Write as _};

use glassworks_engine::Durations;

/// The content type of what is written.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The labels of one sample: names and values.
pub(crate) type Labels<'a> = &'a [(&'a str, &'a str)];

/// A text of metrics. All samples of one name follow its heading.
#[derive(Default)]
pub(crate) struct Exposition(String);

/// What a metric is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// It only grows, until the server starts anew. Its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often something took how long.
    Histogram,
}

impl Exposition {
    /// Begins the metric `name`; `help` is one line that says what it is.
    pub(crate) fn heading(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// One value of the metric `name`.
    pub(crate) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.labelled(name, "", labels, None, value);
    }

    /// A metric that has one value only.
    pub(crate) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.heading(name, kind, help);
        self.sample(name, &[], value);
    }

    /// One histogram of the metric `name`, in seconds.
    pub(crate) fn durations(&mut self, name: &str, labels: Labels<'_>, durations: &Durations) {
        for (edge, below) in durations.cumulative() {
            let edge = edge.as_secs_f64().to_string();
            self.labelled(name, "_bucket", labels, Some(&edge), below);
        }
        let count = durations.count();
        self.labelled(name, "_bucket", labels, Some("+Inf"), count);
        let sum = durations.sum().as_secs_f64();
        self.labelled(name, "_sum", labels, None, sum);
        self.labelled(name, "_count", labels, None, count);
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn labelled(
        &mut self,
        name: &str,
        suffix: &str,
        labels: Labels<'_>,
        edge: Option<&str>,
        value: impl Display,
    ) {
        let all: Vec<String> = labels
            .iter()
            .copied()
            .chain(edge.map(|edge| ("le", edge)))
            .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
            .collect();
        if all.is_empty() {
            self.line(format_args!("{name}{suffix} {value}"));
        } else {
            let all = all.join(",");
            self.line(format_args!("{name}{suffix}{{{all}}} {value}"));
        }
    }

    fn line(&mut self, line: impl Display) {
        // Cannot fail: a String takes all that is written to it.
        let _ = writeln!(self.0, "{line}");
    }
}

fn escape(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use glassworks_engine::Histogram;

    use super::{Exposition, Kind};

    #[test]
    fn a_metric_has_its_heading_and_its_samples() {
        let mut text = Exposition::default();
        text.heading("a_total", Kind::Counter, "How many.");
        text.sample("a_total", &[("path", "a\"b\\c\n"), ("x", "")], 7);
        text.single("b", Kind::Gauge, "How much.", 0.5);
        assert_eq!(
            text.finish(),
            "# HELP a_total How many.\n# TYPE a_total counter\n\
             a_total{path=\"a\\\"b\\\\c\\n\",x=\"\"} 7\n\
             # HELP b How much.\n# TYPE b gauge\nb 0.5\n"
        );
    }

    #[test]
    fn a_histogram_counts_up_to_all() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_micros(100));
        histogram.record(Duration::from_hours(2));
        let mut text = Exposition::default();
        text.durations("t", &[("m", "GET")], &histogram.read());
        let text = text.finish();
        assert!(text.contains("t_bucket{m=\"GET\",le=\"0.000064\"} 0\n"));
        assert!(text.contains("t_bucket{m=\"GET\",le=\"0.000128\"} 1\n"));
        assert!(text.contains("t_bucket{m=\"GET\",le=\"+Inf\"} 2\n"));
        assert!(text.contains("t_sum{m=\"GET\"} 7200.0001\n"), "{text}");
        assert!(text.ends_with("t_count{m=\"GET\"} 2\n"));
    }
}
