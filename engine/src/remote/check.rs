//! What a worker may say: checks, and from what it says to what is stored.

use glassworks_protocol::{
    AttemptOutcome, Beat, BeatItem, ClaimRequest, EventBody, FieldError, FinishedAttempt, Pieces,
};

use super::kinds::{SCHEMA_BYTES, compile};
use crate::error::Error;
use crate::registry::Registry;
use crate::store::remote::{Printed, Report, Verdict, Wait, lease_hash};
use crate::submission::{Faults, LONGEST_BACKOFF_MS, NAME_RULE, is_name};
use crate::texts;

/// Attempts in one call.
const MOST_ITEMS: usize = 1_000;
/// Kinds, and queues, of one claim.
const MOST_NAMES: usize = 100;
/// Tasks of one claim.
const MOST_TASKS: u32 = 1_000;
/// How long a claim may wait, in milliseconds: proxies give up on silent answers soon after.
const LONGEST_WAIT_MS: u64 = 60_000;
const LONGEST_DESCRIPTION: usize = 1_000;
const REQUEST_ID: std::ops::RangeInclusive<usize> = 16..=128;
/// Spans in one item of a beat.
const MOST_SPANS: usize = 1_000;
/// Output is kept in events of at most so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Checks a claim, but for its `finished`. Every fault is told.
pub(crate) fn claim(request: &ClaimRequest, registry: &Registry) -> Result<(), Error> {
    let mut faults = Faults::default();
    faults.check(is_name(&request.worker), "/worker", || NAME_RULE.to_owned());
    let kinds = request.kinds.len();
    faults.check((1..=MOST_NAMES).contains(&kinds), "/kinds", || {
        format!("must be 1 to {MOST_NAMES} kinds")
    });
    for (index, offer) in request.kinds.iter().take(MOST_NAMES).enumerate() {
        let place = format!("/kinds/{index}");
        let name = format!("{place}/kind");
        faults.check(is_name(&offer.kind), &name, || NAME_RULE.to_owned());
        faults.check(registry.get(&offer.kind).is_none(), &name, || {
            "this server runs that kind itself".to_owned()
        });
        let twice = request.kinds[..index]
            .iter()
            .any(|it| it.kind == offer.kind);
        faults.check(!twice, &name, || "stands twice".to_owned());
        let description = offer.description.as_deref().unwrap_or_default();
        let fits = description.len() <= LONGEST_DESCRIPTION;
        faults.check(fits, &format!("{place}/description"), || {
            format!("must be at most {LONGEST_DESCRIPTION} bytes")
        });
        if let Some(schema) = &offer.schema {
            let place = format!("{place}/schema");
            if schema.to_string().len() > SCHEMA_BYTES {
                faults.add(&place, format!("must be at most {SCHEMA_BYTES} bytes"));
            } else if let Err(fault) = compile(schema) {
                faults.add(&place, fault);
            }
        }
    }
    if let Some(queues) = &request.queues {
        faults.check((1..=MOST_NAMES).contains(&queues.len()), "/queues", || {
            format!("must be 1 to {MOST_NAMES} queues, or absent for all")
        });
        for (index, queue) in queues.iter().take(MOST_NAMES).enumerate() {
            let place = format!("/queues/{index}");
            faults.check(is_name(queue), &place, || NAME_RULE.to_owned());
        }
    }
    let limit = (1..=MOST_TASKS).contains(&request.limit);
    faults.check(limit, "/limit", || format!("must be 1 to {MOST_TASKS}"));
    faults.check(request.wait_ms <= LONGEST_WAIT_MS, "/wait_ms", || {
        format!("must be at most {LONGEST_WAIT_MS}")
    });
    if let Some(id) = &request.request_id {
        let fits = REQUEST_ID.contains(&id.len()) && id.bytes().all(|it| it.is_ascii_graphic());
        faults.check(fits, "/request_id", || {
            "must be 16 to 128 visible characters of ASCII".to_owned()
        });
    }
    faults.into_result()
}

/// What a beat says of each attempt.
pub(crate) fn beat(beat: Beat) -> Result<Vec<Report>, Error> {
    let mut faults = Faults::default();
    faults.check(is_name(&beat.worker), "/worker", || NAME_RULE.to_owned());
    let count = beat.items.len();
    faults.check(count <= MOST_ITEMS, "/items", || {
        format!("must be at most {MOST_ITEMS}")
    });
    let items = beat.items.into_iter().enumerate();
    let reports = items
        .map(|(index, item)| beat_item(item, &format!("/items/{index}"), &mut faults))
        .collect();
    faults.into_result().map(|()| reports)
}

fn beat_item(item: BeatItem, place: &str, faults: &mut Faults) -> Report {
    let mut entries = Vec::new();
    if let Some(progress) = item.progress {
        let fits = (0.0..=1.0).contains(&progress.fraction);
        let fraction = format!("{place}/progress/fraction");
        faults.check(fits, &fraction, || "must be 0 to 1".to_owned());
        entries.push(EventBody::Progress {
            fraction: progress.fraction,
            message: progress.message,
        });
    }
    let few = item.spans.len() <= MOST_SPANS;
    faults.check(few, &format!("{place}/spans"), || {
        format!("must be at most {MOST_SPANS}")
    });
    for (index, span) in item.spans.into_iter().enumerate() {
        let ordered = 0.0 <= span.start_ms && span.start_ms <= span.end_ms;
        faults.check(ordered, &format!("{place}/spans/{index}/end_ms"), || {
            "must not lie before start_ms, and start_ms not before 0".to_owned()
        });
        entries.push(EventBody::Span {
            name: span.name,
            track: span.track,
            start_ms: span.start_ms,
            end_ms: span.end_ms,
            attributes: span.attributes,
        });
    }
    entries.iter_mut().for_each(texts::bound);
    Report {
        task: item.task,
        lease: lease_hash(&item.lease),
        output: printed(item.output),
        entries,
        verdict: None,
    }
}

/// How each attempt ended. `place` is where the list stands.
pub(crate) fn ends(
    items: Vec<FinishedAttempt>,
    place: &str,
    result_bytes: usize,
) -> Result<Vec<Report>, Error> {
    let mut faults = Faults::default();
    let few = items.len() <= MOST_ITEMS;
    faults.check(few, place, || format!("must be at most {MOST_ITEMS}"));
    let items = items.into_iter().enumerate();
    let reports = items
        .map(|(index, item)| end(item, &format!("{place}/{index}"), result_bytes, &mut faults))
        .collect();
    faults.into_result().map(|()| reports)
}

fn end(item: FinishedAttempt, place: &str, result_bytes: usize, faults: &mut Faults) -> Report {
    let fails = item.outcome == AttemptOutcome::Fail;
    faults.check(
        fails == item.error.is_some(),
        &format!("{place}/error"),
        || "belongs to what failed, and has to be there then".to_owned(),
    );
    let of_failure = fails || (item.retry_after_ms.is_none() && !item.permanent);
    faults.check(of_failure, &format!("{place}/retry_after_ms"), || {
        "belongs to what failed, as `permanent` does".to_owned()
    });
    let completes = item.outcome == AttemptOutcome::Complete;
    faults.check(
        completes || item.result.is_none(),
        &format!("{place}/result"),
        || "belongs to what has completed".to_owned(),
    );
    let wait = item.retry_after_ms.unwrap_or(0);
    faults.check(
        wait <= LONGEST_BACKOFF_MS,
        &format!("{place}/retry_after_ms"),
        || format!("must be at most {LONGEST_BACKOFF_MS} (a day)"),
    );
    let result = item.result.filter(|result| !result.is_null());
    let verdict = match item.outcome {
        AttemptOutcome::Release => Verdict::Released,
        AttemptOutcome::Fail => Verdict::Failed {
            message: texts::message(item.error.unwrap_or_default()),
            wait: match item.retry_after_ms {
                _ if item.permanent => Wait::Forever,
                Some(millis) => Wait::Millis(millis),
                None => Wait::Backoff(fastrand::f64()),
            },
        },
        AttemptOutcome::Complete => match result {
            Some(result) if result.get().len() > result_bytes => Verdict::Failed {
                message: format!(
                    "the result is {} bytes of JSON; at most {result_bytes} are kept",
                    result.get().len()
                ),
                wait: Wait::Forever,
            },
            result => Verdict::Completed(result.map(|result| result.get().to_owned())),
        },
    };
    Report {
        task: item.task,
        lease: lease_hash(&item.lease),
        output: printed(item.output),
        entries: Vec::new(),
        verdict: Some(verdict),
    }
}

/// Output in pieces that are not too long for an event.
fn printed(pieces: Pieces) -> Vec<Printed> {
    let mut printed = Vec::with_capacity(pieces.0.len());
    for piece in pieces.0 {
        let (mut offset, mut text) = (piece.offset, piece.text);
        while !text.is_empty() {
            let rest = text.split_off(text.floor_char_boundary(PIECE_BYTES));
            let length = text.len() as u64;
            printed.push(Printed {
                offset,
                stream: piece.stream,
                text,
            });
            offset = offset.saturating_add(length);
            text = rest;
        }
    }
    printed
}

/// An error of one field.
pub(crate) fn fault(pointer: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new(pointer, detail)])
}
