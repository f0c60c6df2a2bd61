//! The lab as its pages show it: the handlers' catalogue, with its texts as HTML.

use std::sync::LazyLock;

use glassworks_app::{Book, Choice, Code, CompilerWords, Experiment, Prediction};
use glassworks_handlers::lab::catalogue::{self, experiments};
use glassworks_lessons::Html;

/// What the pages of the lab teach.
pub(crate) fn book() -> Book {
    static BOOK: LazyLock<Book> = LazyLock::new(|| Book::new(experiments().iter().map(shown)));
    BOOK.clone()
}

fn shown(experiment: &catalogue::Experiment) -> Experiment {
    let lesson = &experiment.lesson;
    let broken = experiment.variants.first().map_or("", |code| code.code);
    let code = |code: &catalogue::Code| {
        Code::beside(broken, code.variant, code.title, code.file, code.code)
    };
    let compiler = |words: &catalogue::CompilerWords| CompilerWords {
        title: words.title.to_owned(),
        code: words.code.to_owned(),
        words: words.words.to_owned(),
    };
    Experiment {
        name: experiment.name.to_owned(),
        title: lesson.title.clone(),
        gist: inline(first_sentence(&lesson.question)),
        question: text(&lesson.question),
        predictions: lesson.predictions.iter().map(prediction).collect(),
        difference: text(&lesson.difference),
        explanation: text(&lesson.explanation),
        why: inline(&lesson.why.question),
        why_answer: text(&lesson.why.answer),
        explain: text(&lesson.in_your_own_words.task),
        model: text(&lesson.in_your_own_words.model),
        exercise: text(&lesson.exercise),
        variants: experiment.variants.iter().map(code).collect(),
        compiler: experiment.compiler.iter().map(compiler).collect(),
        parameters: experiment.parameters.clone(),
    }
}

fn prediction(prediction: &catalogue::Prediction) -> Prediction {
    let choice = |choice: &catalogue::Choice| Choice {
        text: choice.text.clone(),
        least: choice.least,
        most: choice.most,
    };
    Prediction {
        question: inline(&prediction.question),
        variant: prediction.variant.clone(),
        figure: prediction.figure.clone(),
        unit: prediction.unit.clone(),
        range: prediction.range,
        choices: prediction.choices.iter().map(choice).collect(),
    }
}

/// A text of the catalogue: the project's own, escaped where it is read.
fn text(markdown: &str) -> String {
    Html::of(markdown).to_string()
}

/// One that stands in a line with others.
fn inline(markdown: &str) -> String {
    let html = text(markdown);
    let html = html.trim();
    let within = html
        .strip_prefix("<p>")
        .and_then(|html| html.strip_suffix("</p>"));
    within.unwrap_or(html).to_owned()
}

/// Enough to know what it is about.
fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::{first_sentence, inline};

    #[test]
    fn a_line_is_no_paragraph() {
        assert_eq!(inline("Use `x`\n"), "Use <code>x</code>");
        assert_eq!(first_sentence("One thing. And another."), "One thing.");
    }
}
