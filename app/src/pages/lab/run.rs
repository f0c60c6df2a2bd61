//! The run that the address names: the page comes with it, and another is loaded when the address
//! comes to name another.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::experiment::run_in_address;
use super::replay::Replay;
use super::shown::Shown;
use crate::components::{ProblemNote, changing};
use crate::functions::load_lab_run;
use crate::lab::LabRun;
use crate::refused::Refused;

/// A run as it was asked for.
struct Asked {
    /// Its id, as the address has it; empty when it names none.
    named: String,
    /// What came of it; no run where there is no such one.
    run: Result<Option<LabRun>, Refused>,
}

/// The run that the address names; `first` is the one that the page came with, `named` its id.
#[component]
pub(super) fn Runs(named: String, first: Option<LabRun>) -> impl IntoView {
    let in_address = run_in_address();
    let replay = Replay::new();
    let asked = RwSignal::new(Asked {
        named,
        run: Ok(first),
    });
    Effect::new(move |_| {
        let named = in_address();
        if asked.with_untracked(|asked| asked.named == named) {
            return;
        }
        spawn_local(async move {
            let run = load_lab_run(named.clone()).await;
            // It may name another by now, and the page may be gone.
            if untrack(in_address) == named && !asked.is_disposed() {
                replay.reset();
                asked.set(Asked { named, run });
            }
        });
    });
    let shown = move || asked.with(|asked| show(asked, replay));
    view! { {changing(shown)} }
}

fn show(asked: &Asked, replay: Replay) -> AnyView {
    match &asked.run {
        Ok(Some(run)) => view! { <Shown run=run.clone() replay /> }.into_any(),
        Ok(None) if asked.named.is_empty() => view! {
            <p class="quiet">"Nothing yet. The run is drawn here while it happens."</p>
        }
        .into_any(),
        Ok(None) => view! {
            <p class="problem" role="alert">
                "There is no such run here. Finished tasks are kept for a while only: perhaps it has been deleted since."
            </p>
        }
        .into_any(),
        Err(Refused(problem)) => view! { <ProblemNote problem=*problem.clone() /> }.into_any(),
    }
}
