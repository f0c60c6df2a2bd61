//! A question that a reader should be able to answer aloud.

use serde::Deserialize;

use crate::figure::Figures;
use crate::markdown::{Html, render};
use crate::whole::{Fault, parse};

/// A question, a model answer, and what was measured of it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Its name, also in addresses.
    pub id: String,
    /// What is asked.
    pub question: String,
    /// A model answer.
    pub answer: Html,
    /// The chapter that says more.
    pub chapter: String,
    /// Figures of this server, or of what it is made of, by id.
    pub here: Vec<String>,
    /// Figures of `FastAPI`, by id.
    pub fastapi: Vec<String>,
    /// The cards that keep it in mind.
    pub cards: Vec<String>,
    /// As it was written, with its figures.
    pub(crate) text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    explanation: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    question: String,
    answer: String,
    chapter: String,
    here: Vec<String>,
    fastapi: Vec<String>,
    cards: Vec<String>,
}

pub(crate) fn read(text: &str, figures: &Figures) -> Result<Vec<Explanation>, Fault> {
    let place = "explain.toml";
    let File { explanation } = parse(text, place)?;
    let read = |written: Written| {
        let place = format!("{place}: {}", written.id);
        let answer = figures.put_into(&written.answer, &place)?;
        Ok(Explanation {
            id: written.id,
            question: written.question,
            answer: render(&answer, &place)?,
            chapter: written.chapter,
            here: written.here,
            fastapi: written.fastapi,
            cards: written.cards,
            text: answer,
        })
    };
    explanation.into_iter().map(read).collect()
}
