//! A question of the quiz.

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;
use serde::Deserialize;

use crate::figure::Figures;
use crate::markdown::{Html, render_line};
use crate::whole::{Fault, parse};

/// A question with one right answer.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name, also in what a reader keeps.
    pub id: String,
    /// The chapter that it belongs to.
    pub chapter: String,
    /// What is asked.
    pub ask: Html,
    /// The right answer.
    pub right: Html,
    /// The others.
    pub wrong: Vec<Wrong>,
    /// Why the right one is right.
    pub explanation: Html,
    /// All of it as it was written, with its figures.
    pub(crate) text: Vec<String>,
}

/// A wrong answer.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// What it says.
    pub answer: Html,
    /// The card that explains what is wrong with it.
    pub card: String,
}

/// An answer among the others of its question.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What it says.
    pub html: &'a Html,
    /// The card that explains what is wrong with it; none when it is right.
    pub card: Option<&'a str>,
}

impl Answer<'_> {
    /// Whether it is the right one.
    pub fn is_right(&self) -> bool {
        self.card.is_none()
    }
}

impl Question {
    /// All answers, in an order that the same `seed` gives again.
    pub fn answers(&self, seed: u64) -> Vec<Answer<'_>> {
        let right = Answer {
            html: &self.right,
            card: None,
        };
        let wrong = self.wrong.iter().map(|wrong| Answer {
            html: &wrong.answer,
            card: Some(&wrong.card),
        });
        let mut answers: Vec<_> = std::iter::once(right).chain(wrong).collect();
        // Each question has an order of its own.
        let own = self.id.bytes().fold(seed, |seed, byte| {
            seed.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        answers.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(own));
        answers
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    question: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    chapter: String,
    ask: String,
    right: String,
    wrong: Vec<WrittenWrong>,
    explanation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWrong {
    answer: String,
    card: String,
}

pub(crate) fn read(text: &str, figures: &Figures) -> Result<Vec<Question>, Fault> {
    let place = "quiz.toml";
    let File { question } = parse(text, place)?;
    let read = |written: Written| {
        let place = format!("{place}: {}", written.id);
        let mut text = Vec::new();
        let mut line = |written: &str| {
            let line = figures.put_into(written, &place)?;
            let html = render_line(&line);
            text.push(line);
            Ok(html)
        };
        let wrong = written.wrong.into_iter().map(|wrong| {
            let answer = line(&wrong.answer)?;
            let card = wrong.card;
            Ok(Wrong { answer, card })
        });
        let wrong = wrong.collect::<Result<_, Fault>>()?;
        Ok(Question {
            ask: line(&written.ask)?,
            right: line(&written.right)?,
            explanation: line(&written.explanation)?,
            wrong,
            id: written.id,
            chapter: written.chapter,
            text,
        })
    };
    question.into_iter().map(read).collect()
}
