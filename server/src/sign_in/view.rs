//! How the pages of signing in look.

use glassworks_app::AssetUrls;
use glassworks_engine::Caller;
use glassworks_protocol::{ApiKey, AuditEntry, Session, Timestamp};
use maud::{Markup, html};

use super::called;
use crate::plain::layout::plain;

/// The form to sign in with, and why the last try failed.
pub(super) fn sign_in(urls: &AssetUrls, next: &str, refused: Option<&str>) -> Markup {
    plain(
        "Sign in",
        urls,
        &html! {
            h1 { "Sign in" }
            @if let Some(why) = refused {
                p.problem role="alert" { (why) }
            }
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                div.field {
                    label for="key" { "Key" }
                    input #key name="key" type="password" required autofocus
                        autocomplete="current-password" spellcheck="false" autocapitalize="none";
                    p.hint { "A key begins with gw_. Who runs this server makes one with " code { "glassworks key create" } "." }
                }
                div.actions { button type="submit" { "Sign in" } }
            }
        },
    )
}

/// What the page of access shows.
pub(super) struct Access<'a> {
    pub(super) urls: &'a AssetUrls,
    pub(super) caller: &'a Caller,
    pub(super) sessions: &'a [Session],
    pub(super) keys: &'a [ApiKey],
    pub(super) entries: &'a [AuditEntry],
}

/// Who is signed in, and with what; for who may do everything the keys, and who changed what.
pub(super) fn access(shown: &Access<'_>) -> Markup {
    let scope = shown.caller.scope();
    plain(
        "Access",
        shown.urls,
        &html! {
            h1 { "Access" }
            p { "Signed in as " strong { (called(shown.caller)) } ", with the scope " code { (scope) } "." }
            @if shown.caller.session().is_some() {
                form method="post" action="/sign-out" {
                    div.actions { button type="submit" { "Sign out" } }
                }
            }
            (sessions(shown))
            @if !shown.keys.is_empty() { (keys(shown.keys)) }
            @if !shown.entries.is_empty() { (entries(shown.entries)) }
        },
    )
}

fn sessions(shown: &Access<'_>) -> Markup {
    html! {
        h2 { "Sessions" }
        @if shown.sessions.is_empty() { p { "No browser is signed in." } } @else {
            table {
                thead { tr { th { "Key" } th { "Since" } th { "Last used" } th { "From" } th { "Browser" } th { "" } } }
                tbody {
                    @for session in shown.sessions {
                        tr {
                            td { (session.key_name) @if shown.caller.session() == Some(session.id) { " (this one)" } }
                            td { (moment(session.created_at)) }
                            td { (moment(session.last_used_at)) }
                            td { @if let Some(from) = session.from { (from) } }
                            td { @if let Some(name) = &session.user_agent { (name) } }
                            td {
                                form method="post" action="/access/end-session" {
                                    input type="hidden" name="id" value=(session.id);
                                    button type="submit" { "End" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn keys(keys: &[ApiKey]) -> Markup {
    html! {
        h2 { "Keys" }
        table {
            thead { tr { th { "Name" } th { "Scope" } th { "Limits" } th { "Expires" } th { "Last used" } th { "Id" } } }
            tbody {
                @for key in keys {
                    tr {
                        td { (key.name) }
                        td { (key.scope) }
                        td {
                            @if !key.reach.kinds.is_empty() { "kinds " (key.reach.kinds.join(", ")) " " }
                            @if !key.reach.queues.is_empty() { "queues " (key.reach.queues.join(", ")) }
                        }
                        td { @if let Some(at) = key.expires_at { (moment(at)) } @else { "never" } }
                        td { @if let Some(at) = key.last_used_at { (moment(at)) } @else { "never" } }
                        td { code { (key.id) } }
                    }
                }
            }
        }
    }
}

fn entries(entries: &[AuditEntry]) -> Markup {
    html! {
        h2 { "Latest changes" }
        p { "All of them, and by actor, action, target and time: " code { "GET /api/audit" } "." }
        table {
            thead { tr { th { "When" } th { "Who" } th { "From" } th { "What" } th { "To what" } } }
            tbody {
                @for entry in entries {
                    tr {
                        td { (moment(entry.at)) }
                        td { (entry.actor.name.as_deref().unwrap_or(entry.actor.kind.as_str())) }
                        td { @if let Some(from) = entry.actor.from { (from) } }
                        td { (entry.action.as_str()) @if let Some(tasks) = entry.tasks { " (" (tasks) ")" } }
                        td { code { (entry.target) } @if let Some(detail) = &entry.detail { " " (detail) } }
                    }
                }
            }
        }
    }
}

fn moment(at: Timestamp) -> Markup {
    let at = at.to_string();
    html! { time datetime=(at) { (at) } }
}
