//! What was measured: the figures that texts name instead of repeating them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::whole::Fault;

/// One run of a command that measures.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// What was typed.
    pub command: String,
    /// The day, as `2026-11-26`.
    pub date: String,
    /// What it ran on.
    pub machine: String,
    /// How to read it.
    pub note: String,
    /// What was measured, by name and version.
    pub versions: BTreeMap<String, String>,
    /// What was found.
    #[serde(rename = "figure")]
    pub figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The name by which texts call it.
    pub id: String,
    /// What it is of.
    pub what: String,
    /// How much.
    pub value: f64,
    /// Milliseconds (`ms`), or what was counted.
    pub unit: String,
}

impl Figure {
    /// As people read it: `1.90 s`, `203 ms`, `2.8 ms`, `0 of 20`, `200`.
    pub fn words(&self) -> String {
        let value = self.value;
        match self.unit.as_str() {
            "ms" if value >= 1000.0 => format!("{:.2} s", value / 1000.0),
            "ms" if value >= 10.0 => format!("{value:.0} ms"),
            "ms" => format!("{value:.1} ms"),
            unit if unit.starts_with("of ") => format!("{value:.0} {unit}"),
            _ => format!("{value:.0}"),
        }
    }
}

/// All measurements.
#[derive(Clone, Debug)]
pub struct Figures(pub Vec<Measurement>);

impl Figures {
    /// Every figure with the measurement that it is from.
    pub fn all(&self) -> impl Iterator<Item = (&Measurement, &Figure)> {
        self.0
            .iter()
            .flat_map(|run| run.figures.iter().map(move |figure| (run, figure)))
    }

    /// The figure of this id, with the measurement that it is from.
    pub fn get(&self, id: &str) -> Option<(&Measurement, &Figure)> {
        self.all().find(|(_, figure)| figure.id == id)
    }

    /// `text` with each `{{id}}` replaced by the figure of that id.
    pub(crate) fn put_into(&self, text: &str, place: &str) -> Result<String, Fault> {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (id, after) = after
                .split_once("}}")
                .ok_or_else(|| Fault::new(place, "a {{ is not closed"))?;
            let (_, figure) = self
                .get(id)
                .ok_or_else(|| Fault::new(place, format!("no figure {id} was measured")))?;
            whole.push_str(before);
            whole.push_str(&figure.words());
            rest = after;
        }
        whole.push_str(rest);
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::Figure;

    fn words(value: f64, unit: &str) -> String {
        let (id, what) = (String::new(), String::new());
        let unit = unit.to_owned();
        Figure {
            id,
            what,
            value,
            unit,
        }
        .words()
    }

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        assert_eq!(words(1904.5, "ms"), "1.90 s");
        assert_eq!(words(202.8, "ms"), "203 ms");
        assert_eq!(words(2.84, "ms"), "2.8 ms");
        assert_eq!(words(0.0, "of 20"), "0 of 20");
        assert_eq!(words(200.0, "status"), "200");
    }
}
