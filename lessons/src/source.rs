//! The files that the lessons are read from. A new chapter or diagram is one line here.

/// All texts, as they stand in files.
#[derive(Clone, Debug)]
pub struct Source {
    /// The guide's chapters in reading order: name and Markdown.
    pub chapters: Vec<(&'static str, String)>,
    /// `cards.toml`
    pub cards: String,
    /// `quiz.toml`
    pub quiz: String,
    /// `exercises.toml`
    pub exercises: String,
    /// `explain.toml`
    pub explain: String,
    /// `mastery.toml`
    pub mastery: String,
    /// What was measured: name of the file and TOML.
    pub measurements: Vec<(&'static str, String)>,
}

macro_rules! chapter {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../guide/", $name, ".md")).to_owned(),
        )
    };
}

macro_rules! measurement {
    ($name:literal) => {
        (
            concat!("measurements/", $name, ".toml"),
            include_str!(concat!("../measurements/", $name, ".toml")).to_owned(),
        )
    };
}

impl Source {
    /// The texts that are part of the binary.
    pub fn embedded() -> Self {
        Self {
            chapters: vec![
                chapter!("async-functions"),
                chapter!("concurrency"),
                chapter!("what-blocking-does"),
                chapter!("time-limits"),
                chapter!("streaming"),
                chapter!("background-tasks"),
                chapter!("durable-queues"),
            ],
            cards: include_str!("../cards.toml").to_owned(),
            quiz: include_str!("../quiz.toml").to_owned(),
            exercises: include_str!("../exercises.toml").to_owned(),
            explain: include_str!("../explain.toml").to_owned(),
            mastery: include_str!("../mastery.toml").to_owned(),
            measurements: vec![
                measurement!("fastapi"),
                measurement!("glassworks"),
                measurement!("tokio"),
            ],
        }
    }
}

/// The diagram of this name, as SVG that can stand in a page: its colours are the page's.
pub fn diagram(name: &str) -> Option<&'static str> {
    Some(match name {
        "request-life" => include_str!("../diagrams/request-life.svg"),
        "event-loop" => include_str!("../diagrams/event-loop.svg"),
        "backpressure" => include_str!("../diagrams/backpressure.svg"),
        "task-states" => include_str!("../diagrams/task-states.svg"),
        _ => return None,
    })
}
