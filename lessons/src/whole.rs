//! What makes lessons whole: names are unique, and each one that is used exists.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::experiment::Experiment;
use crate::lessons::Lessons;
use crate::markdown::named;
use crate::mastery::Condition;

/// What is wrong with a text, and where.
#[derive(Debug, Error)]
#[error("{place}: {what}")]
pub struct Fault {
    place: String,
    what: String,
}

impl Fault {
    pub(crate) fn new(place: &str, what: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            what: what.into(),
        }
    }
}

/// Reads TOML; what is wrong is said with its line.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, place: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| Fault::new(place, error.to_string()))
}

/// The pages that the lessons have beside the guide's chapters.
const PAGES: [&str; 8] = [
    "/learn",
    "/learn/cards",
    "/learn/quiz",
    "/learn/exercises",
    "/learn/explain",
    "/learn/mastery",
    "/learn/measurements",
    "/lab",
];

pub(crate) fn check(lessons: &Lessons) -> Result<(), Fault> {
    let figures = lessons.figures.all().map(|(_, figure)| &figure.id);
    unique("measurements", figures)?;
    unique("guide", lessons.chapters.iter().map(|it| &it.id))?;
    let cards = unique("cards.toml", lessons.cards.iter().map(|it| &it.id))?;
    let questions = unique("quiz.toml", lessons.questions.iter().map(|it| &it.id))?;
    unique("exercises.toml", lessons.exercises.iter().map(|it| &it.id))?;
    unique("explain.toml", lessons.explanations.iter().map(|it| &it.id))?;
    unique("mastery.toml", lessons.mastery.iter().map(|it| &it.id))?;

    for question in &lessons.questions {
        let place = format!("quiz.toml: {}", question.id);
        if question.wrong.len() < 2 {
            return Err(Fault::new(&place, "it has fewer than two wrong answers"));
        }
        for wrong in &question.wrong {
            exists(&cards, &wrong.card, "card", &place)?;
        }
    }
    for exercise in &lessons.exercises {
        let somewhere =
            exercise.experiment.is_some() || exercise.route.is_some() || exercise.file.is_some();
        if !somewhere {
            let place = format!("exercises.toml: {}", exercise.id);
            return Err(Fault::new(&place, "it names no experiment, route or file"));
        }
    }
    for explanation in &lessons.explanations {
        let place = format!("explain.toml: {}", explanation.id);
        for card in &explanation.cards {
            exists(&cards, card, "card", &place)?;
        }
        for figures in [&explanation.here, &explanation.fastapi] {
            if figures.is_empty() {
                return Err(Fault::new(
                    &place,
                    "nothing was measured on one of the sides",
                ));
            }
            for id in figures {
                if lessons.figures.get(id).is_none() {
                    return Err(Fault::new(&place, format!("no figure {id} was measured")));
                }
            }
        }
    }
    for line in &lessons.mastery {
        let place = format!("mastery.toml: {}", line.id);
        if line.when.is_empty() {
            return Err(Fault::new(&place, "it would be ticked from the start"));
        }
        for condition in &line.when {
            if let Condition::Answered(question) = condition {
                exists(&questions, question, "question", &place)?;
            }
        }
    }
    chapters(lessons)?;
    links(lessons)
}

/// Everything belongs to a chapter that exists, and each chapter has cards and questions.
fn chapters(lessons: &Lessons) -> Result<(), Fault> {
    let cards = lessons
        .cards
        .iter()
        .map(|it| (&it.chapter, "cards.toml", &it.id));
    let questions = lessons
        .questions
        .iter()
        .map(|it| (&it.chapter, "quiz.toml", &it.id));
    let exercises = lessons
        .exercises
        .iter()
        .map(|it| (&it.chapter, "exercises.toml", &it.id));
    let explanations = lessons
        .explanations
        .iter()
        .map(|it| (&it.chapter, "explain.toml", &it.id));
    let mastery = lessons
        .mastery
        .iter()
        .map(|it| (&it.chapter, "mastery.toml", &it.id));
    let parts = cards.clone().chain(questions.clone()).chain(exercises);
    for (chapter, file, id) in parts.chain(explanations).chain(mastery) {
        if lessons.chapter(chapter).is_none() {
            let place = format!("{file}: {id}");
            return Err(Fault::new(&place, format!("there is no chapter {chapter}")));
        }
    }
    for chapter in &lessons.chapters {
        let place = format!("guide/{}.md", chapter.id);
        if !cards.clone().any(|(of, ..)| *of == chapter.id) {
            return Err(Fault::new(&place, "it has no card"));
        }
        if !questions.clone().any(|(of, ..)| *of == chapter.id) {
            return Err(Fault::new(&place, "it has no question"));
        }
    }
    Ok(())
}

/// Links within the lessons and to the lab lead somewhere. What is outside this crate, a test checks.
fn links(lessons: &Lessons) -> Result<(), Fault> {
    for (place, text) in lessons.texts() {
        for link in named(text).links {
            let is_ours = link.starts_with("/learn") || link.starts_with("/lab");
            let leads = PAGES.contains(&link.as_str())
                || Experiment::ALL.iter().any(|it| it.path() == link)
                || lessons.chapters.iter().any(|it| it.path() == link);
            if is_ours && !leads {
                return Err(Fault::new(&place, format!("there is nothing at {link}")));
            }
        }
    }
    Ok(())
}

fn unique<'a>(
    place: &str,
    ids: impl Iterator<Item = &'a String>,
) -> Result<BTreeSet<&'a str>, Fault> {
    let mut seen = BTreeSet::new();
    for id in ids {
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        if id.is_empty() || !id.chars().all(plain) {
            return Err(Fault::new(place, format!("{id:?} is no name")));
        }
        if !seen.insert(id.as_str()) {
            return Err(Fault::new(place, format!("{id} stands twice")));
        }
    }
    Ok(seen)
}

fn exists(ids: &BTreeSet<&str>, id: &str, what: &str, place: &str) -> Result<(), Fault> {
    if ids.contains(id) {
        Ok(())
    } else {
        Err(Fault::new(place, format!("there is no {what} {id}")))
    }
}
