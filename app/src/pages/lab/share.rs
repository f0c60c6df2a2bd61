//! A run to take away: its address, its data, and what to type to do the same by hand.

use leptos::prelude::*;

use crate::components::{CodeBlock, CopyButton, changing, origin};
use crate::lab::{LabRun, Server, run_path};

/// What the commands are, by the place of their server: no two of a page are called the same.
const COMMANDS: [&str; 4] = [
    "command that reaches the first server",
    "command that reaches the second server",
    "command that reaches the third server",
    "command that reaches the fourth server",
];

/// The commands that reach the servers, while they are up.
pub(super) fn by_hand(run: RwSignal<LabRun>) -> AnyView {
    let servers = Memo::new(move |_| {
        let curl = |server: &Server| (server.variant.clone(), server.curl.clone());
        run.with(|run| run.servers.iter().map(curl).collect::<Vec<_>>())
    });
    let is_up = Memo::new(move |_| run.with(|run| !run.task.state.is_final()));
    let content = move || {
        if servers.read().is_empty() {
            return ().into_any();
        }
        let items: Vec<_> = servers
            .get()
            .into_iter()
            .enumerate()
            .map(|(place, (variant, curl))| {
                let another = "command that reaches another server";
                let label = COMMANDS.get(place).copied().unwrap_or(another);
                view! {
                    <h4>
                        <span class="kind">{variant}</span>
                    </h4>
                    <CodeBlock label text=curl />
                }
            })
            .collect();
        let words = if is_up.get() {
            "These servers are up now, on this machine."
        } else {
            "Their ports were open while the run lasted. To have time for it, run it again with a hold_seconds of 60, under the conditions above."
        };
        view! {
            <details class="lab-fold">
                <summary>"Do it by hand"</summary>
                <p class="quiet">{words}</p>
                {items}
            </details>
        }
        .into_any()
    };
    view! { {changing(content)} }.into_any()
}

/// The address of the run, and all that is known of it as a file.
pub(super) fn share(run: &LabRun, experiment: &str) -> AnyView {
    let id = run.task.id;
    let path = run_path(experiment, id);
    let address = format!("{}{path}", origin());
    let copied = address.clone();
    view! {
        <div class="lab-share">
            <p>
                <a href=path>{address}</a>
                " shows this run to whoever may see it here. "
                <CopyButton label="address of this run" text=Box::new(move || copied.clone()) />
            </p>
            <p>
                <a
                    href=format!("/fn/lab_run?id={id}")
                    download=format!("{experiment}-{id}.json")
                    rel="external"
                >
                    "Download it as JSON"
                </a>
                " · "
                <a href=format!("/tasks/{id}")>"Its task, with what it printed"</a>
            </p>
        </div>
    }
    .into_any()
}
