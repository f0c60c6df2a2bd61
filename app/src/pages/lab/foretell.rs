//! What somebody expects: bars to move, choices to pick, and how sure they are.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::notebook::Notebook;
use crate::components::changing;
use crate::lab::{Prediction, Sure, figure, say};

/// The name of the controls that say how sure somebody is.
const SURE: &str = "sure";

/// The name of the controls of a prediction.
fn name(place: usize) -> String {
    format!("foretold-{place}")
}

/// What has been said so far, before it is kept.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    foretold: RwSignal<Vec<Option<f64>>>,
    sure: RwSignal<Option<Sure>>,
}

impl Draft {
    /// Nothing, of so many predictions.
    pub(super) fn new(predictions: usize) -> Self {
        Self {
            foretold: RwSignal::new(vec![None; predictions]),
            sure: RwSignal::new(None),
        }
    }

    /// What was said, when nothing is missing.
    pub(super) fn whole(self) -> Option<(Vec<f64>, Sure)> {
        let foretold = self
            .foretold
            .read()
            .iter()
            .copied()
            .collect::<Option<_>>()?;
        Some((foretold, self.sure.get()?))
    }

    /// Takes up what the form held when the page was hydrated: scripts may come long after somebody
    /// has chosen.
    pub(super) fn take_up(self, predictions: &[Prediction], held: &[(String, String)]) {
        let value = |name: &str| {
            let control = held.iter().find(|(other, _)| other == name);
            control.map(|(_, value)| value.as_str())
        };
        for (place, one) in predictions.iter().enumerate() {
            let chosen = value(&name(place)).and_then(|value| value.parse::<u32>().ok());
            // A bar that stands where it begins may not have been touched.
            let is_said = |chosen: &f64| one.range.is_none_or(|[least, _]| *chosen > least);
            if let Some(chosen) = chosen.map(f64::from).filter(is_said) {
                self.say(place, chosen);
            }
        }
        let mut all = Sure::ALL.into_iter();
        if let Some(sure) = all.find(|sure| value(SURE) == Some(sure.words())) {
            self.sure.set(Some(sure));
        }
    }

    fn say(self, place: usize, value: f64) {
        self.foretold.update(|all| {
            if let Some(one) = all.get_mut(place) {
                *one = Some(value);
            }
        });
    }
}

/// What is asked; once it is kept, what was said.
#[component]
pub(super) fn Foretell(
    predictions: Vec<Prediction>,
    draft: Draft,
    notebook: Notebook,
) -> impl IntoView {
    let is_kept = Memo::new(move |_| {
        notebook
            .kept()
            .is_some_and(|kept| !kept.foretold.is_empty())
    });
    let predictions = StoredValue::new(predictions);
    let content = move || {
        let is_kept = is_kept.get();
        let shown = |(place, one): (usize, &Prediction)| {
            if is_kept {
                said(place, one, notebook)
            } else {
                asked(place, one, draft)
            }
        };
        let items: Vec<_> =
            predictions.with_value(|all| all.iter().enumerate().map(shown).collect());
        let sure = if is_kept {
            how_sure(notebook)
        } else {
            ask_how_sure(draft)
        };
        view! {
            <div class="foretell">{items} {sure}</div>
        }
        .into_any()
    };
    view! { {changing(content)} }
}

fn said(place: usize, prediction: &Prediction, notebook: Notebook) -> AnyView {
    let foretold = notebook
        .kept()
        .and_then(|kept| kept.foretold.get(place).copied());
    let words = foretold.map_or_else(|| "nothing".to_owned(), |it| say(prediction, it));
    view! {
        <p class="lab-text">
            <span inner_html=prediction.question.clone()></span>
            " "
            <strong>{words}</strong>
        </p>
    }
    .into_any()
}

fn how_sure(notebook: Notebook) -> AnyView {
    let sure = notebook.kept().and_then(|kept| kept.sure);
    sure.map(|sure| {
        view! { <p class="quiet">{format!("You were {} when you said so.", not_a(sure))}</p> }
    })
    .into_any()
}

fn not_a(sure: Sure) -> &'static str {
    match sure {
        Sure::Guess => "guessing",
        other => other.words(),
    }
}

fn asked(place: usize, prediction: &Prediction, draft: Draft) -> AnyView {
    match prediction.range {
        Some(range) => bar(place, prediction, range, draft),
        None => choices(place, prediction, draft),
    }
}

fn bar(place: usize, prediction: &Prediction, [least, most]: [f64; 2], draft: Draft) -> AnyView {
    let id = name(place);
    let unit = prediction.unit.clone();
    let written = {
        let unit = unit.clone();
        move |value: f64| figure(value, &unit)
    };
    let shown = {
        let written = written.clone();
        move || match draft.foretold.read().get(place).copied().flatten() {
            Some(value) => written(value),
            None => "move the bar".to_owned(),
        }
    };
    let ends = format!("{} to {}", written(least), written(most));
    let step = if unit == "count" || most - least < 100.0 {
        1
    } else {
        10
    };
    let moved = move |value: String| {
        if let Ok(value) = value.parse::<u32>() {
            draft.say(place, f64::from(value));
        }
    };
    // One who wants it where it stands says so with a click, or with the key that leads there.
    let stays = move |event: KeyboardEvent| {
        if !matches!(event.key().as_str(), "Tab" | "Shift") {
            moved(event_target_value(&event));
        }
    };
    view! {
        <div class="foretell-bar">
            <label for=id.clone() inner_html=prediction.question.clone()></label>
            <input
                type="range"
                id=id
                name=name(place)
                min=whole(least)
                max=whole(most)
                step=step
                value=whole(least)
                autocomplete="off"
                aria-valuetext=changing(shown.clone())
                on:input=move |event| moved(event_target_value(&event))
                on:click=move |event| moved(event_target_value(&event))
                on:keyup=stays
            />
            <span class="foretell-value" aria-hidden="true">
                {changing(shown)}
            </span>
            <span class="quiet">{ends}</span>
        </div>
    }
    .into_any()
}

/// As HTML takes it.
fn whole(value: f64) -> String {
    // The catalogue's ranges are whole numbers far below 2^53.
    #[expect(clippy::cast_possible_truncation)]
    let whole = value as i64;
    whole.to_string()
}

fn choices(place: usize, prediction: &Prediction, draft: Draft) -> AnyView {
    let choices = prediction.choices.iter().enumerate();
    let items: Vec<_> = choices
        .map(|(which, choice)| {
            let which = u32::try_from(which).unwrap_or_default();
            let pick = move || draft.say(place, f64::from(which));
            radio(
                name(place),
                which.to_string(),
                choice.text.clone(),
                Box::new(pick),
            )
        })
        .collect();
    view! {
        <fieldset class="foretell-pick">
            <legend inner_html=prediction.question.clone()></legend>
            {items}
        </fieldset>
    }
    .into_any()
}

fn ask_how_sure(draft: Draft) -> AnyView {
    let items: Vec<_> = Sure::ALL
        .into_iter()
        .map(|sure| {
            let pick = move || draft.sure.set(Some(sure));
            let words = sure.words().to_owned();
            radio(SURE.to_owned(), words.clone(), words, Box::new(pick))
        })
        .collect();
    view! {
        <fieldset class="foretell-pick foretell-sure">
            <legend>"How sure are you?"</legend>
            {items}
        </fieldset>
    }
    .into_any()
}

fn radio(name: String, value: String, words: String, pick: Box<dyn Fn()>) -> AnyView {
    view! {
        <label>
            <input type="radio" name=name value=value autocomplete="off" on:change=move |_| pick() />
            <span>{words}</span>
        </label>
    }
    .into_any()
}
