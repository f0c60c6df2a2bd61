//! How the page looks.

use std::time::Duration;

use maud::{Markup, html};

use crate::api::settings::ServerSettings;
use crate::config::Setting;

/// The page's content.
pub(super) fn content(about: &ServerSettings) -> Markup {
    html! {
        div.guide {
            h1 { "About this server" }
            dl.facts {
                dt { "Version" } dd { (about.version) }
                dt { "Node" } dd { (about.node) }
                dt { "Since" } dd { time datetime=(about.started_at) { (moment(&about.started_at.to_string())) } }
                dt { "Tasks at a time" } dd { (about.workers) }
            }
            (storage(about))
            (limits(about))
            @if let Some(settings) = &about.settings { (in_force(settings)) }
        }
    }
}

fn storage(about: &ServerSettings) -> Markup {
    let store = &about.store;
    html! {
        h2 { "Storage" }
        dl.facts {
            dt { "Store" } dd { (store.kind) }
            dt { "Used" } dd data-bytes="size_bytes" { (bytes(store.size_bytes)) }
            @if store.log_bytes > 0 {
                dt { "Of it, log" } dd data-bytes="log_bytes" { (bytes(store.log_bytes)) }
            }
            dt { "A commit waits for" } dd { "the disk (" (store.sync) ")" }
            dt { "Completed and cancelled tasks are kept for" } dd { (span(about.retention.completed_ms)) }
            dt { "Failed tasks" } dd { (span(about.retention.failed_ms)) }
            dt { "Entries of the audit log" } dd { (span(about.retention.audit_ms)) }
        }
    }
}

fn limits(about: &ServerSettings) -> Markup {
    let limits = &about.limits;
    html! {
        h2 { "Limits" }
        dl.facts {
            dt { "Unfinished tasks" } dd { (limits.backlog) }
            dt { "A payload" } dd { (bytes(limits.payload_bytes as u64)) }
            dt { "A result" } dd { (bytes(limits.result_bytes as u64)) }
            dt { "Output of an attempt" } dd { (bytes(limits.output_bytes)) }
            dt { "Events of an attempt" } dd { (limits.events) }
            dt { "Queues" } dd { (limits.queues) }
            dt { "Schedules" } dd { (limits.schedules) }
            dt { "Kinds that workers offer" } dd { (limits.kinds) }
        }
    }
}

/// For those who may know how the server is set.
fn in_force(settings: &[Setting]) -> Markup {
    html! {
        h2 { "Settings in force" }
        table.plain-table {
            thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
            tbody {
                @for setting in settings {
                    tr {
                        th scope="row" { code { (setting.name) } }
                        td {
                            @if setting.value.is_empty() { span.quiet { "not set" } }
                            @else { (setting.value) }
                        }
                    }
                }
            }
        }
        p.quiet { "Passwords, keys, and what programs are given are not shown." }
    }
}

/// A moment to the second.
fn moment(written: &str) -> String {
    let second = written.split('.').next().unwrap_or(written);
    format!("{} UTC", second.replace('T', " "))
}

/// A number of bytes as people read it. The script on the page says it in the same words.
fn bytes(bytes: u64) -> String {
    let mut unit = 0;
    let mut size = bytes;
    let mut rest = 0;
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    while size >= 1024 && unit + 1 < units.len() {
        rest = size % 1024;
        size /= 1024;
        unit += 1;
    }
    if unit == 0 {
        format!("{size} bytes")
    } else {
        format!("{size}.{} {}", rest * 10 / 1024, units[unit])
    }
}

/// A length of time as people write it.
fn span(ms: u64) -> String {
    let seconds = Duration::from_millis(ms).as_secs();
    let parts = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut words = Vec::new();
    for (size, unit) in parts {
        if left >= size {
            words.push(format!("{} {unit}", left / size));
            left %= size;
        }
    }
    if words.is_empty() {
        return "0 s".to_owned();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{bytes, span};

    #[test]
    fn sizes_and_spans_are_told_as_people_read_them() {
        assert_eq!(bytes(1_023), "1023 bytes");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(8 * 1024 * 1024), "8.0 MiB");
        assert_eq!(span(0), "0 s");
        assert_eq!(span(90_061_000), "1 d 1 h 1 min 1 s");
        assert_eq!(span(604_800_000), "7 d");
    }
}
