//! One queue: how it went of late, whether it goes on, and its limits.

use glassworks_protocol::{FieldError, Queue, QueueHistory};
use leptos::prelude::*;
use leptos_meta::Title;

use super::list::{counts, pausing, standing};
use super::{Changes, QueueForm, Refusal, changes};
use crate::access::may_administer;
use crate::components::{Ask, Chart, changing, field_view, fresh};
use crate::form::queue::{PAUSES, limit_fields};
use crate::functions::{QueueChange, Queues, load_queues};
use crate::refused::Refused;

/// One queue.
#[component]
pub(super) fn OneQueue(queue: Queue, history: QueueHistory) -> impl IntoView {
    let name = queue.name.clone();
    let first = (queue.clone(), history);
    let (asked, before) = (name.clone(), first.clone());
    let load = move || {
        let (asked, before) = (asked.clone(), before.clone());
        async move {
            match load_queues(asked).await? {
                Queues::One(one) => Ok::<_, Refused>(*one),
                Queues::All(_) => Ok(before),
            }
        }
    };
    let fresh = fresh(first, load);
    let changes = changes(move || fresh.again());
    let both = fresh.value;
    let queue_now = Memo::new(move |_| both.with(|(queue, _)| queue.clone()));
    let series = move |of: fn(&QueueHistory) -> Vec<u64>| {
        Signal::derive(move || both.with(|(_, history)| of(history)))
    };
    let forms = may_administer().then(|| forms(&queue, queue_now, changes));
    view! {
        <Title text=format!("Queue {name} · Glassworks") />
        <p class="way-back">
            <a href="/queues">"All queues"</a>
        </p>
        <header class="page-head">
            <h1>"Queue " <span class="kind">{name}</span></h1>
            <p role="status" aria-label="State">
                {changing(move || queue_now.with(|queue| standing(&queue.settings)))}
            </p>
        </header>
        <Refusal changes />
        {changing(move || queue_now.with(counts))}
        <section aria-labelledby="lately" class="page-section">
            <h2 id="lately">"The last ten minutes"</h2>
            <div class="charts">
                <Chart
                    name="Depth"
                    class="is-queued"
                    unit="waiting"
                    series=series(|history| history.queued.clone())
                />
                <Chart
                    name="Running"
                    class="is-running"
                    unit="running"
                    series=series(|history| history.running.clone())
                />
                <Chart
                    name="Submitted"
                    class="is-scheduled"
                    unit="a minute"
                    series=series(|history| a_minute(&history.submitted, history.interval_ms))
                />
                <Chart
                    name="Completed"
                    class="is-completed"
                    unit="a minute"
                    series=series(|history| a_minute(&history.completed, history.interval_ms))
                />
                <Chart
                    name="Failed"
                    class="is-failed"
                    unit="a minute"
                    series=series(|history| a_minute(&history.failed, history.interval_ms))
                />
            </div>
            <p class="quiet">
                "What was submitted, completed and failed is counted on the node that answers."
            </p>
        </section>
        {forms}
    }
}

/// What was done in each interval, as a rate.
fn a_minute(done: &[u32], interval_ms: u64) -> Vec<u64> {
    let times = 60_000 / interval_ms.max(1);
    done.iter().map(|done| u64::from(*done) * times).collect()
}

/// What can be done with it. Drawn once: what is typed stays while figures change.
fn forms(queue: &Queue, now: Memo<Queue>, changes: Changes) -> AnyView {
    let name = &queue.name;
    let paused = Signal::derive(move || now.with(|queue| queue.settings.paused));
    let spans: Vec<_> = PAUSES
        .map(|(minutes, words)| view! { <option value=minutes>{words}</option> })
        .into();
    let pausing = view! {
        <div class="fields-in-line">
            <label>
                <span>"For how long"</span>
                <select name="typed[minutes]">{spans}</select>
            </label>
            <label>
                <span>"Or until (UTC)"</span>
                <input type="datetime-local" name="typed[until]" />
            </label>
        </div>
        {pausing(name, paused)}
    }
    .into_any();
    let waiting = move || {
        let waiting = now.with(|queue| {
            let tasks = &queue.tasks;
            tasks.queued + tasks.scheduled + tasks.retrying
        });
        format!("{waiting} tasks wait in it.")
    };
    let question = "Every task that waits is cancelled: queued, scheduled and retrying ones. What \
        runs goes on. Pause the queue first if more may come."
        .to_owned();
    let drain = view! {
        <p>{changing(waiting)}</p>
        <Ask name="Drain" question change="drain" sure="Cancel all that wait" />
    }
    .into_any();
    view! {
        <div class="page-columns">
            <section aria-labelledby="limits">
                <h2 id="limits">"Limits"</h2>
                <div class="submit-form">
                    <QueueForm name=Some(name.clone()) changes content=limits(queue, changes) />
                </div>
            </section>
            <section aria-labelledby="pause">
                <h2 id="pause">"Pause"</h2>
                <div class="actions">
                    <QueueForm name=Some(name.clone()) changes content=pausing />
                </div>
                <h2 id="drain">"Drain"</h2>
                <div class="actions">
                    <QueueForm name=Some(name.clone()) changes content=drain />
                </div>
            </section>
        </div>
    }
    .into_any()
}

fn limits(queue: &Queue, changes: Changes) -> AnyView {
    let fields = limit_fields(&queue.settings);
    let answer = changes.value();
    let errors = move || match answer.get() {
        Some(Err(Refused(problem))) => problem.errors,
        _ => Vec::<FieldError>::new(),
    };
    let controls = move || {
        let errors = errors();
        let view = |field| field_view(field, &field.initial, &errors);
        fields.iter().map(view).collect::<Vec<_>>()
    };
    view! {
        <fieldset class="fields-in-pairs">
            <legend class="visually-hidden">"Limits"</legend>
            {changing(controls)}
        </fieldset>
        <button type="submit" class="primary" name="change" value=QueueChange::Limit.as_str()>
            "Save"
        </button>
    }
    .into_any()
}
