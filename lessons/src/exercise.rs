//! An exercise.

use serde::Deserialize;

use crate::experiment::Experiment;
use crate::figure::Figures;
use crate::markdown::{Html, render};
use crate::whole::{Fault, parse};

/// What an exercise is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// Change something that works, and see what it was for.
    Alter,
    /// Make it fail on purpose.
    Break,
    /// Mend what fails.
    Fix,
    /// Say why, in one's own words.
    Explain,
}

impl Sort {
    /// Every sort, in the order of the lessons.
    pub const ALL: [Self; 4] = [Self::Alter, Self::Break, Self::Fix, Self::Explain];

    /// In a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Alter => "Alter it",
            Self::Break => "Break it",
            Self::Fix => "Fix it",
            Self::Explain => "Explain it",
        }
    }
}

/// Something to do, and how to see that it is done.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its name, also in addresses.
    pub id: String,
    /// What it is about.
    pub sort: Sort,
    /// In a few words.
    pub title: String,
    /// The chapter that it belongs to.
    pub chapter: String,
    /// What to do.
    pub task: Html,
    /// What shows that it is done.
    pub check: Html,
    /// Where to do it: an experiment,
    pub experiment: Option<Experiment>,
    /// an operation of the API as `GET /api/slow`,
    pub route: Option<String>,
    /// or a file of the repository.
    pub file: Option<String>,
    /// As it was written, with its figures.
    pub(crate) text: [String; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    exercise: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    sort: Sort,
    title: String,
    chapter: String,
    task: String,
    check: String,
    experiment: Option<Experiment>,
    route: Option<String>,
    file: Option<String>,
}

pub(crate) fn read(text: &str, figures: &Figures) -> Result<Vec<Exercise>, Fault> {
    let place = "exercises.toml";
    let File { exercise } = parse(text, place)?;
    let read = |written: Written| {
        let place = format!("{place}: {}", written.id);
        let task = figures.put_into(&written.task, &place)?;
        let check = figures.put_into(&written.check, &place)?;
        Ok(Exercise {
            id: written.id,
            sort: written.sort,
            title: written.title,
            chapter: written.chapter,
            task: render(&task, &place)?,
            check: render(&check, &place)?,
            experiment: written.experiment,
            route: written.route,
            file: written.file,
            text: [task, check],
        })
    };
    exercise.into_iter().map(read).collect()
}
