//! Figures and rows as tables.

use leptos::prelude::*;

use crate::lab::{Chart, Server, figure, milliseconds};

/// What was measured, a column for each variant.
pub(super) fn figures_table(servers: &[Server]) -> AnyView {
    let measured: Vec<_> = servers
        .iter()
        .filter_map(|server| Some((server, server.measured.as_ref()?)))
        .collect();
    let Some((_, first)) = measured.first() else {
        return ().into_any();
    };
    let heads: Vec<_> = measured
        .iter()
        .map(|(server, _)| {
            view! {
                <th scope="col">
                    <span class="kind">{server.variant.clone()}</span>
                    <span class="quiet">{server.title.clone()}</span>
                </th>
            }
        })
        .collect();
    let mut rows: Vec<AnyView> = first
        .figures
        .iter()
        .map(|one| {
            let cells = measured.iter().map(|(_, measured)| {
                let mut figures = measured.figures.iter();
                let found = figures.find(|other| other.name == one.name);
                let value = found.and_then(|found| found.value);
                value.map_or_else(|| "nothing".to_owned(), |value| figure(value, &one.unit))
            });
            row(one.label.clone(), cells.collect())
        })
        .collect();
    let silences = measured
        .iter()
        .map(|(_, it)| milliseconds(it.victim_silence_ms));
    rows.push(row(
        "the server's longest silence".to_owned(),
        silences.collect(),
    ));
    let silences = measured
        .iter()
        .map(|(_, it)| milliseconds(it.observer_silence_ms));
    rows.push(row(
        "the observer's longest silence".to_owned(),
        silences.collect(),
    ));
    view! {
        <div class="lab-scroll" tabindex="0" role="region" aria-label="What was measured">
            <table class="lab-table">
                <thead>
                    <tr>
                        <th scope="col">"Measured"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The rows of the picture in words.
pub(super) fn lanes_table(chart: &Chart) -> AnyView {
    let rows: Vec<_> = chart
        .variants
        .iter()
        .flat_map(|variant| {
            variant.lanes.iter().map(|lane| {
                let told = lane.told();
                let cells = vec![
                    lane.track.clone(),
                    told.count,
                    told.first,
                    told.longest,
                    told.waited,
                ];
                row(variant.name.clone(), cells)
            })
        })
        .collect();
    view! {
        <div class="lab-scroll" tabindex="0" role="region" aria-label="The picture as a table">
            <table class="lab-table">
                <thead>
                    <tr>
                        <th scope="col">"Variant"</th>
                        <th scope="col">"Row"</th>
                        <th scope="col">"How many"</th>
                        <th scope="col">"The first at"</th>
                        <th scope="col">"The longest"</th>
                        <th scope="col">"Longest wait before the server took one up"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(head: String, cells: Vec<String>) -> AnyView {
    let cells: Vec<_> = cells
        .into_iter()
        .map(|cell| view! { <td>{cell}</td> })
        .collect();
    view! {
        <tr>
            <th scope="row">{head}</th>
            {cells}
        </tr>
    }
    .into_any()
}
