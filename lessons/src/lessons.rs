//! All lessons, read and whole.

use serde::Deserialize;

use crate::card::{self, Card};
use crate::chapter::Chapter;
use crate::exercise::{self, Exercise};
use crate::explain::{self, Explanation};
use crate::figure::Figures;
use crate::mastery::Line;
use crate::question::{self, Question};
use crate::source::Source;
use crate::whole::{self, Fault, parse};

/// All lessons.
#[derive(Clone, Debug)]
pub struct Lessons {
    /// The guide, in reading order.
    pub chapters: Vec<Chapter>,
    /// The flash cards.
    pub cards: Vec<Card>,
    /// The quiz.
    pub questions: Vec<Question>,
    /// The exercises.
    pub exercises: Vec<Exercise>,
    /// "Explain it": the questions with their answers.
    pub explanations: Vec<Explanation>,
    /// The checklist.
    pub mastery: Vec<Line>,
    /// What was measured.
    pub figures: Figures,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checklist {
    line: Vec<Line>,
}

impl Lessons {
    /// Reads the lessons that are part of the binary. A test of this crate does the same, so that a
    /// build that passed its tests has whole ones.
    pub fn embedded() -> Result<Self, Fault> {
        Self::read(&Source::embedded())
    }

    /// Reads lessons, and checks that each name in them leads somewhere.
    pub fn read(source: &Source) -> Result<Self, Fault> {
        let runs = source.measurements.iter();
        let runs = runs.map(|(name, text)| parse(text, name));
        let figures = Figures(runs.collect::<Result<_, _>>()?);
        let chapters = source.chapters.iter();
        let chapters = chapters.map(|(id, text)| Chapter::read(id, text, &figures));
        let Checklist { line: mastery } = parse(&source.mastery, "mastery.toml")?;
        let lessons = Self {
            chapters: chapters.collect::<Result<_, _>>()?,
            cards: card::read(&source.cards, &figures)?,
            questions: question::read(&source.quiz, &figures)?,
            exercises: exercise::read(&source.exercises, &figures)?,
            explanations: explain::read(&source.explain, &figures)?,
            mastery,
            figures,
        };
        whole::check(&lessons)?;
        Ok(lessons)
    }

    /// The chapter of this id.
    pub fn chapter(&self, id: &str) -> Option<&Chapter> {
        self.chapters.iter().find(|chapter| chapter.id == id)
    }

    /// The card of this id.
    pub fn card(&self, id: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    /// The question of this id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// Every text as it was written, with the place where it stands.
    pub(crate) fn texts(&self) -> Vec<(String, &str)> {
        let chapters = self
            .chapters
            .iter()
            .map(|it| (format!("guide/{}.md", it.id), it.text.as_str()));
        let cards = self.cards.iter().flat_map(|it| {
            let place = format!("cards.toml: {}", it.id);
            it.text
                .iter()
                .map(move |text| (place.clone(), text.as_str()))
        });
        let questions = self.questions.iter().flat_map(|it| {
            let place = format!("quiz.toml: {}", it.id);
            it.text
                .iter()
                .map(move |text| (place.clone(), text.as_str()))
        });
        let exercises = self.exercises.iter().flat_map(|it| {
            let place = format!("exercises.toml: {}", it.id);
            it.text
                .iter()
                .map(move |text| (place.clone(), text.as_str()))
        });
        let explanations = self
            .explanations
            .iter()
            .map(|it| (format!("explain.toml: {}", it.id), it.text.as_str()));
        chapters
            .chain(cards)
            .chain(questions)
            .chain(exercises)
            .chain(explanations)
            .collect()
    }
}
