//! When a rule fires next.

use glassworks_protocol::FiringTime;
use leptos::prelude::*;

use super::{ReaderTime, ReaderZone};

/// The next moments of a rule, on both clocks.
#[component]
pub(crate) fn Firings(
    /// The rule's time zone.
    zone: String,
    /// The moments.
    next: Vec<FiringTime>,
) -> impl IntoView {
    if next.is_empty() {
        return view! { <p class="quiet">"This rule never fires again."</p> }.into_any();
    }
    let rows: Vec<_> = next.into_iter().map(firing).collect();
    view! {
        <table class="plain-table">
            <thead>
                <tr>
                    <th scope="col">{zone}</th>
                    <th scope="col">
                        "Your clock: " <ReaderZone />
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn firing(firing: FiringTime) -> AnyView {
    view! {
        <tr>
            <td>{on_the_wall(&firing.local)}</td>
            <td>
                <ReaderTime at=firing.at />
            </td>
        </tr>
    }
    .into_any()
}

/// `2026-03-29T03:00:00+02:00` as people read it.
fn on_the_wall(local: &str) -> String {
    let (date, rest) = local.split_once('T').unwrap_or((local, ""));
    let (time, offset) = rest.split_at_checked(8).unwrap_or((rest, ""));
    format!("{date} {time} {offset}")
}

#[cfg(test)]
mod tests {
    use super::on_the_wall;

    #[test]
    fn a_local_time_keeps_its_offset() {
        let read = on_the_wall("2026-03-29T03:00:00+02:00");
        assert_eq!(read, "2026-03-29 03:00:00 +02:00");
    }
}
