//! What is refused at submission, with the place and the reason.

use glassworks_engine::Handler as _;
use glassworks_handlers::lab::{Lab, Payload};
use serde_json::{Value, json};

fn read(payload: Value) -> Result<Payload, String> {
    serde_json::from_value(payload).map_err(|error| error.to_string())
}

fn wrong(payload: Value) -> Vec<String> {
    let errors = Lab::default().check(&read(payload).unwrap()).err();
    let errors = errors.unwrap_or_default().into_iter();
    errors
        .map(|error| format!("{}: {}", error.pointer, error.detail))
        .collect()
}

#[test]
fn its_example_is_acceptable() {
    assert!(wrong(Lab::example()).is_empty());
}

#[test]
fn ranges_are_those_that_are_published() {
    let beyond = json!({"experiment": "blocking", "work_ms": 3001, "worker_threads": 0});
    assert_eq!(
        wrong(beyond),
        [
            "/work_ms: expected 50 to 3000",
            "/worker_threads: expected 1 to 8"
        ]
    );
    let list = json!({"experiment": "fan-out", "upstreams_ms": []});
    assert_eq!(wrong(list), ["/upstreams_ms: expected 1 to 20 items"]);
    let item = json!({"experiment": "fan-out", "upstreams_ms": [5, 5000]});
    assert_eq!(wrong(item), ["/upstreams_ms/1: expected 1 to 3000"]);
}

#[test]
fn what_is_too_much_together_is_refused() {
    let pings = json!({"experiment": "blocking", "work_ms": 3000, "ping_every_ms": 5});
    assert!(wrong(pings)[0].starts_with("/ping_every_ms: "));
    let long = json!({"experiment": "blocking", "work_ms": 3000, "workers_busy": 16});
    assert!(wrong(long)[0].starts_with("/workers_busy: "));
    let large = json!({"experiment": "streaming", "rows": 500, "row_kib": 4096, "row_ms": 0});
    assert!(wrong(large)[0].starts_with("/row_kib: "));
    let long = json!({"experiment": "backpressure", "jobs": 900, "job_ms": 1000, "job_kib": 1});
    assert!(wrong(long)[0].starts_with("/job_ms: "));
    let rounds = json!({"experiment": "blocking-pool", "reports": 200, "report_ms": 3000});
    assert!(wrong(rounds)[0].starts_with("/report_ms: "));
}

#[test]
fn what_cannot_be_read_is_named() {
    for (payload, named) in [
        (json!({}), "experiment"),
        (
            json!({"experiment": "magic"}),
            "there is no `magic`; there are blocking, ",
        ),
        (json!({"experiment": 5}), "`experiment`: expected a text"),
        (
            json!({"experiment": "blocking", "work_ms": "long"}),
            "`work_ms`: invalid type",
        ),
        (
            json!({"experiment": "timeout", "jobs": 1}),
            "unknown field `jobs`",
        ),
    ] {
        let error = read(payload).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}
