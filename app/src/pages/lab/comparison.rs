//! What was foretold beside what was measured, in words and figures.

use leptos::prelude::*;

use super::experiment::OnPage;
use crate::components::changing;
use crate::lab::{Compared, LabRun, Prediction, WIDE, across, compare, summary};

/// The comparison, once there is something to compare.
#[component]
pub(super) fn Comparison(run: RwSignal<LabRun>) -> impl IntoView {
    let OnPage { lesson, notebook } = expect_context();
    let content = move || {
        // Before hydration nobody knows what was foretold.
        let kept = notebook.kept()?;
        run.with(|run| {
            if !run.is_measured() {
                return None;
            }
            let predictions = lesson.with_value(|lesson| lesson.experiment.predictions.clone());
            let rows: Vec<(Prediction, Option<f64>, Option<f64>)> = predictions
                .into_iter()
                .enumerate()
                .map(|(place, one)| {
                    let measured = run.figure(&one.variant, &one.figure);
                    let foretold = kept.foretold.get(place).copied();
                    (one, foretold, measured)
                })
                .collect();
            let compared: Vec<Compared> = rows
                .iter()
                .map(|(one, foretold, measured)| compare(one, *foretold, *measured))
                .collect();
            let words = summary(&compared, kept.sure);
            let rows: Vec<_> = rows
                .into_iter()
                .zip(compared)
                .map(|((one, foretold, measured), compared)| {
                    row(&one, foretold, measured, compared)
                })
                .collect();
            Some(
                view! {
                    <h3>"What you foretold, and what was measured"</h3>
                    <p class="lab-text" role="status">
                        {words}
                    </p>
                    <div class="lab-scroll" tabindex="0" role="region" aria-label="Comparison">
                        <table class="lab-table">
                            <thead>
                                <tr>
                                    <th scope="col">"Asked"</th>
                                    <th scope="col">"Foretold"</th>
                                    <th scope="col">"Measured"</th>
                                    <th scope="col">"So it was"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }
                .into_any(),
            )
        })
    };
    view! { <div class="lab-comparison">{changing(content)}</div> }
}

fn row(
    prediction: &Prediction,
    foretold: Option<f64>,
    measured: Option<f64>,
    compared: Compared,
) -> AnyView {
    let bars = match (prediction.range, foretold, measured) {
        (Some([_, most]), Some(foretold), Some(measured)) => {
            Some(bars(foretold, measured, most.max(foretold).max(measured)))
        }
        _ => None,
    };
    let class = match compared.right {
        Some(true) => "verdict is-right",
        Some(false) => "verdict is-wrong",
        None => "verdict",
    };
    view! {
        <tr>
            <th scope="row">
                <span class="kind">{prediction.variant.clone()}</span>
                " "
                <span inner_html=prediction.question.clone()></span>
            </th>
            <td>{compared.foretold.unwrap_or_else(|| "nothing".to_owned())}</td>
            <td>{compared.measured}</td>
            <td class=class>{compared.words} {bars}</td>
        </tr>
    }
    .into_any()
}

/// The one above the other, on the same scale.
fn bars(foretold: f64, measured: f64, most: f64) -> AnyView {
    let wide = |value| across(value, most.max(1.0)).max(40);
    view! {
        <svg
            class="compared-bars"
            viewBox=format!("0 0 {WIDE} 20")
            preserveAspectRatio="none"
            height="20"
            aria-hidden="true"
        >
            <rect class="bar-foretold" x="0" y="1" width=wide(foretold) height="8" />
            <rect class="bar-measured" x="0" y="11" width=wide(measured) height="8" />
        </svg>
    }
    .into_any()
}
