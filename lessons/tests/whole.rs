//! The lessons as a reader meets them: nothing in them leads nowhere.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glassworks_lessons::{Condition, Experiment, Lessons, Progress, Sort, Source, anki, diagram};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn lessons() -> Lessons {
    Lessons::embedded().unwrap_or_else(|fault| panic!("{fault}"))
}

/// All that a page shows of the lessons.
fn shown() -> Vec<String> {
    let lessons = lessons();
    let chapters = lessons.chapters.iter().map(|it| it.html.to_string());
    let cards = lessons
        .cards
        .iter()
        .flat_map(|it| [it.front.to_string(), it.back.to_string()]);
    let questions = lessons
        .questions
        .iter()
        .flat_map(|it| [it.ask.to_string(), it.explanation.to_string()]);
    let exercises = lessons
        .exercises
        .iter()
        .flat_map(|it| [it.task.to_string(), it.check.to_string()]);
    let explanations = lessons.explanations.iter().map(|it| it.answer.to_string());
    let parts = chapters.chain(cards).chain(questions);
    parts.chain(exercises).chain(explanations).collect()
}

/// Everything between `before` and `after` in what is shown.
fn between(before: &str, after: &str) -> BTreeSet<String> {
    let shown = shown();
    let parts = shown.iter().flat_map(|html| html.split(before).skip(1));
    parts
        .map(|rest| rest.split(after).next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_lessons_are_whole_and_there_are_enough() {
    let lessons = lessons();
    assert!(lessons.cards.len() >= 40, "{}", lessons.cards.len());
    assert!(lessons.questions.len() >= 20, "{}", lessons.questions.len());
    assert_eq!(lessons.chapters.len(), 7);
    assert_eq!(lessons.explanations.len(), 4);
    assert_eq!(lessons.mastery.len(), 6);
    for sort in Sort::ALL {
        let of_sort = lessons.exercises.iter().filter(|it| it.sort == sort);
        assert!(of_sort.count() >= 3, "{sort:?}");
    }
}

#[test]
fn each_experiment_has_a_card_an_exercise_and_a_place_in_the_checklist() {
    let lessons = lessons();
    for experiment in Experiment::ALL {
        let named = Some(experiment);
        assert!(
            lessons.cards.iter().any(|it| it.experiment == named),
            "{experiment}: card"
        );
        let exercise = lessons.exercises.iter().any(|it| it.experiment == named);
        // What these two show is read, and asked for in other exercises.
        let read = matches!(experiment, Experiment::Streaming);
        assert!(exercise || read, "{experiment}: exercise");
        let ran = Condition::Ran(experiment);
        assert!(
            lessons.mastery.iter().any(|it| it.when.contains(&ran)),
            "{experiment}"
        );
    }
}

#[test]
fn each_operation_that_is_named_is_one_of_the_api() {
    let document = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let has = |method: &str, path: &str| {
        let path = path.split('?').next().unwrap();
        !document["paths"][path][method.to_lowercase()].is_null()
    };
    let links = between("href=\"/", "\"");
    assert!(links.iter().any(|link| link.starts_with("api/")));
    for link in links.iter().filter(|link| link.starts_with("api/")) {
        assert!(has("get", &format!("/{link}")), "/{link}");
    }
    let lessons = lessons();
    let routes = lessons.exercises.iter().filter_map(|it| it.route.clone());
    let code = between("<code>", "</code>");
    let said = code.into_iter().filter(|code| {
        let method = code.split(' ').next().unwrap();
        ["GET", "POST", "PUT", "DELETE"].contains(&method)
    });
    for operation in routes.chain(said) {
        let operation = operation.replace("&amp;", "&");
        let (method, path) = operation.split_once(' ').unwrap();
        assert!(has(method, path), "{operation}");
    }
}

#[test]
fn each_file_that_is_named_is_in_the_repository() {
    let lessons = lessons();
    let files = lessons.exercises.iter().filter_map(|it| it.file.clone());
    let endings = [".rs", ".py", ".md", ".toml"];
    let code = between("<code>", "</code>");
    let said = code
        .into_iter()
        .filter(|code| endings.iter().any(|ending| code.ends_with(ending)) && !code.contains(' '));
    let mut count = 0;
    for file in files.chain(said) {
        assert!(root().join(&file).is_file(), "{file}");
        count += 1;
    }
    assert!(count > 5, "{count}");
}

#[test]
fn no_link_leads_to_a_page_that_is_not_there() {
    // What this crate knows itself is checked where the lessons are read.
    let pages = ["tasks", "submit", "docs"];
    for link in between("href=\"/", "\"") {
        let known = ["learn", "lab", "api/"]
            .iter()
            .any(|it| link.starts_with(it));
        assert!(known || pages.contains(&link.as_str()), "/{link}");
    }
}

#[test]
fn what_was_measured_says_how_and_with_which_versions() {
    let lessons = lessons();
    let requirements =
        std::fs::read_to_string(root().join("lessons/fastapi/requirements.txt")).unwrap();
    for run in &lessons.figures.0 {
        let script = run.command.split(' ').next().unwrap();
        assert!(root().join(script).is_file(), "{script}");
        assert!(!run.versions.is_empty() && !run.machine.is_empty() && !run.date.is_empty());
        for (name, version) in &run.versions {
            if requirements.contains(&format!("{name}==")) {
                let line = format!("{name}=={version}\n");
                assert!(
                    requirements.contains(&line),
                    "measured with {name} {version}"
                );
            }
        }
    }
}

#[test]
fn the_tables_for_people_have_what_was_measured() {
    let readme = std::fs::read_to_string(root().join("lessons/fastapi/README.md")).unwrap();
    for (_, figure) in lessons().figures.all() {
        let row = format!("| {} | {} |\n", figure.what, figure.words());
        assert!(readme.contains(&row), "run lessons/fastapi/table: {row}");
    }
}

/// Reads the lessons with a text changed.
fn fault(change: impl FnOnce(&mut Source)) -> String {
    let mut source = Source::embedded();
    change(&mut source);
    Lessons::read(&source).unwrap_err().to_string()
}

#[test]
fn what_is_not_whole_is_refused_and_says_where() {
    let gone = fault(|it| it.cards = it.cards.replacen("id = \"fencing\"", "id = \"fenced\"", 1));
    assert!(gone.contains("there is no card fencing"), "{gone}");

    let twice = fault(|it| it.cards = it.cards.replacen("id = \"lease\"", "id = \"fencing\"", 1));
    assert_eq!(twice, "cards.toml: fencing stands twice");

    let figure = fault(|it| it.chapters[0].1.push_str("\nIt took {{nothing}}.\n"));
    assert_eq!(
        figure,
        "guide/async-functions.md: no figure nothing was measured"
    );

    let link = fault(|it| it.chapters[1].1.push_str("\n[there](/lab/nowhere)\n"));
    assert_eq!(
        link,
        "guide/concurrency.md: there is nothing at /lab/nowhere"
    );

    let chapter = fault(|it| it.quiz = it.quiz.replacen("= \"concurrency\"", "= \"luck\"", 1));
    assert!(chapter.contains("there is no chapter luck"), "{chapter}");

    let question = fault(|it| {
        it.mastery = it.mastery.replacen("\"why-fencing\"", "\"why-not\"", 1);
    });
    assert!(
        question.contains("there is no question why-not"),
        "{question}"
    );

    let word = fault(|it| it.cards = it.cards.replacen("back =", "bakc =", 1));
    assert!(
        word.contains("bakc") && word.contains("cards.toml"),
        "{word}"
    );
}

#[test]
fn answers_change_places_and_the_same_seed_gives_the_same_places() {
    let lessons = lessons();
    let places = |seed| -> Vec<usize> {
        let place = |answers: Vec<glassworks_lessons::Answer<'_>>| {
            answers
                .iter()
                .position(glassworks_lessons::Answer::is_right)
                .unwrap()
        };
        let questions = lessons.questions.iter();
        questions.map(|it| place(it.answers(seed))).collect()
    };
    assert_eq!(places(7), places(7));
    assert_ne!(places(7), places(8));
    let (first, others) = (
        places(7).iter().filter(|it| **it == 0).count(),
        lessons.questions.len(),
    );
    assert!(
        first < others / 2,
        "the right answer is first in {first} of {others}"
    );
    for question in &lessons.questions {
        let answers = question.answers(3);
        assert_eq!(answers.len(), question.wrong.len() + 1);
        assert_eq!(answers.iter().filter(|it| it.is_right()).count(), 1);
    }
}

#[test]
fn cards_go_to_anki_one_a_line() {
    let lessons = lessons();
    let text = anki(&lessons.cards);
    let (head, notes): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
    assert!(head.contains(&"#separator:tab") && head.contains(&"#html:true"));
    assert_eq!(notes.len(), lessons.cards.len());
    let mut ids = BTreeSet::new();
    for note in notes {
        let fields: Vec<_> = note.split('\t').collect();
        assert_eq!(fields.len(), 4, "{note}");
        assert!(
            fields
                .iter()
                .all(|field| !field.is_empty() && !field.contains('"')),
            "{note}"
        );
        assert!(ids.insert(fields[0]), "{note}");
    }
}

#[test]
fn a_line_ticks_itself_when_all_of_it_was_done() {
    let lessons = lessons();
    for line in &lessons.mastery {
        let mut progress = Progress::default();
        for condition in &line.when {
            assert!(!line.is_ticked(&progress), "{}", line.id);
            match condition.clone() {
                Condition::Ran(experiment) => drop(progress.ran.insert(experiment)),
                Condition::Did(deed) => drop(progress.did.insert(deed)),
                Condition::Answered(question) => drop(progress.answered.insert(question)),
            }
        }
        assert!(line.is_ticked(&progress), "{}", line.id);
    }
}

#[test]
fn names_in_texts_are_those_of_addresses() {
    for experiment in Experiment::ALL {
        let name = serde_json::to_value(experiment).unwrap();
        assert_eq!(name, experiment.name());
    }
    for deed in glassworks_lessons::Deed::ALL {
        assert_eq!(serde_json::to_value(deed).unwrap(), deed.name());
    }
}

#[test]
fn diagrams_can_be_read_aloud_and_take_their_colours_from_the_page() {
    for name in ["request-life", "event-loop", "backpressure", "task-states"] {
        let svg = diagram(name).unwrap();
        assert!(
            svg.contains("<title id=") && svg.contains("<desc id="),
            "{name}"
        );
        assert!(
            svg.contains(&format!("aria-labelledby=\"{name}-title {name}-desc\"")),
            "{name}"
        );
        // A page's policy lets no style of an element's own through.
        assert!(!svg.contains("style") && !svg.contains("<script"), "{name}");
        assert!(!svg.contains("=\"#"), "{name} has a colour of its own");
    }
    assert!(diagram("nothing").is_none());
}
