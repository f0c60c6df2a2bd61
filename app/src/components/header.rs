//! What stands above every page: the way around, and whether the page is live.

use leptos::html::Details;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::changing;
use crate::access::may_submit;
use crate::live::{Live, Status};

/// The pages that the header leads to, by path and name.
pub const PAGES: [(&str, &str); 5] = [
    ("/", "Board"),
    ("/tasks", "Tasks"),
    ("/submit", "Submit"),
    ("/try", "Try"),
    ("/lab", "Lab"),
];

/// The pages of those who run the server, by path and name.
pub const OPERATIONS: [(&str, &str); 3] = [
    ("/queues", "Queues"),
    ("/schedules", "Schedules"),
    ("/nodes", "Nodes"),
];

/// The pages that the server writes itself, by path and name.
pub const SECTIONS: [(&str, &str); 2] = [("/learn", "Learn"), ("/docs", "API")];

/// Those of them that do not need to be at hand.
pub const FURTHER: [(&str, &str); 2] = [("/access", "Access"), ("/about", "About")];

/// The name, the pages, and the state of the connection.
#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="site-header">
            <a class="brand" href="/" aria-label="Glassworks, board">
                <Mark />
                <span>"Glassworks"</span>
            </a>
            <nav aria-label="Pages">
                {PAGES
                    .map(|(href, name)| {
                        // Who may not submit needs no way to the form.
                        let shown = href != "/submit" || may_submit();
                        shown.then(|| view! { <PageLink href name /> })
                    })}
                // `external`: the server's own pages, which the router does not have.
                {SECTIONS
                    .map(|(href, name)| {
                        view! {
                            <a href=href rel="external">
                                {name}
                            </a>
                        }
                    })}
                <More />
            </nav>
            <Connection />
        </header>
    }
}

/// What does not need to be at hand at every moment.
#[component]
fn More() -> impl IntoView {
    let path = use_location().pathname;
    let folded = NodeRef::<Details>::new();
    // Whoever has gone somewhere has no use for the way there.
    Effect::new(move |_| {
        path.track();
        if let Some(details) = folded.get_untracked() {
            let _ = details.remove_attribute("open");
        }
    });
    view! {
        <details class="more" node_ref=folded>
            <summary>"More"</summary>
            <div>
                {OPERATIONS.map(|(href, name)| view! { <PageLink href name /> })}
                {FURTHER
                    .map(|(href, name)| {
                        view! {
                            <a href=href rel="external">
                                {name}
                            </a>
                        }
                    })}
            </div>
        </details>
    }
}

/// Two panes of glass, one seen through the other.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <path class="mark-back" d="M4 2h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z" />
            <path class="mark-front" d="M11 9h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2z" />
        </svg>
    }
}

#[component]
fn PageLink(href: &'static str, name: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    view! {
        <a href=href aria-current=changing(move || is_within(&path.read(), href).then_some("page"))>
            {name}
        </a>
    }
}

/// Whether `path` is that of the page at `href`, or of one that belongs to it.
fn is_within(path: &str, href: &str) -> bool {
    let is_operation = OPERATIONS.iter().any(|(operation, _)| *operation == href);
    path.strip_prefix(href)
        .is_some_and(|rest| rest.is_empty() || (is_operation && rest.starts_with('/')))
}

/// Whether what is shown is what is: in words, and told to screen readers when it changes.
#[component]
fn Connection() -> impl IntoView {
    let status = use_context::<Live>().map_or_else(RwSignal::default, |live| live.status);
    let words = move || {
        let (class, words) = match status.get() {
            Status::Connecting => ("connection", "connecting…"),
            Status::Live => ("connection is-live", "live"),
            Status::Reconnecting => ("connection is-lost", "reconnecting…"),
        };
        view! { <span class=class>{words}</span> }.into_any()
    };
    view! {
        <p role="status" aria-label="Connection">
            {changing(words)}
        </p>
        <noscript inner_html="<p class=\"static-hint\">This page shows one moment: reload it for the next, or allow JavaScript.</p>">
        </noscript>
    }
}
