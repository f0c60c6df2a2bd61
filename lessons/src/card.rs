//! A flash card.

use serde::Deserialize;

use crate::experiment::Experiment;
use crate::figure::Figures;
use crate::markdown::{Html, render_line};
use crate::whole::{Fault, parse};

/// A card: a question and its answer, each a line of Markdown.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its name, also in what a reader keeps.
    pub id: String,
    /// The chapter that it belongs to.
    pub chapter: String,
    /// What is asked.
    pub front: Html,
    /// What is to be remembered.
    pub back: Html,
    /// The experiment that shows it.
    pub experiment: Option<Experiment>,
    /// Front and back as they were written, with their figures.
    pub(crate) text: [String; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    card: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    chapter: String,
    front: String,
    back: String,
    experiment: Option<Experiment>,
}

pub(crate) fn read(text: &str, figures: &Figures) -> Result<Vec<Card>, Fault> {
    let place = "cards.toml";
    let File { card } = parse(text, place)?;
    let read = |written: Written| {
        let place = format!("{place}: {}", written.id);
        let front = figures.put_into(&written.front, &place)?;
        let back = figures.put_into(&written.back, &place)?;
        Ok(Card {
            id: written.id,
            chapter: written.chapter,
            front: render_line(&front),
            back: render_line(&back),
            experiment: written.experiment,
            text: [front, back],
        })
    };
    card.into_iter().map(read).collect()
}
