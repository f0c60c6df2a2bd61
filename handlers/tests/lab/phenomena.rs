//! What each experiment is there to show, shown.

use glassworks_handlers::lab::catalogue::experiments;
use serde_json::json;

use crate::support::{Finished, Node};

#[tokio::test]
async fn a_blocking_handler_stalls_the_pings_of_others_and_an_async_one_does_not() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "blocking", "work_ms": 600, "ping_every_ms": 30}))
        .await;
    let stalled = |variant| run.figure(variant, "pings_stalled");
    let pings = run.figure("broken", "pings");
    assert!(pings >= 5.0, "{}", run.result);
    assert!(stalled("broken") > pings / 2.0, "{}", run.result);
    for unharmed in ["fixed", "spawn_blocking"] {
        assert!(
            stalled(unharmed) < stalled("broken") / 2.0,
            "{}",
            run.result
        );
        let slowest = |variant| run.figure(variant, "ping_slowest");
        assert!(slowest(unharmed) < slowest("broken"), "{}", run.result);
    }
    let broken = &run.variants()[0];
    assert!(
        broken["victim_silence_ms"].as_f64() > broken["observer_silence_ms"].as_f64(),
        "the observer shares nothing with the victim: {broken}"
    );
    timed_in_order(&run);
    let tracks = run.tracks();
    for track in [
        "broken · work",
        "broken · ping",
        "fixed · ping",
        "broken · server's heartbeat",
        "broken · observer's heartbeat",
    ] {
        assert!(tracks.contains(track), "{track} is not among {tracks:?}");
    }
    let silent = |of: &str| {
        run.spans()
            .any(|(track, name, ..)| track.starts_with(of) && name == "silent")
    };
    assert!(
        silent("broken · server"),
        "a frozen server has no heartbeat"
    );
}

/// Every request was sent, received, answered and read in this order, by one clock.
fn timed_in_order(run: &Finished) {
    let mut seen = 0;
    for (_, name, start, end, attributes) in run.spans() {
        let at = |moment| attributes.get(moment).and_then(serde_json::Value::as_f64);
        let Some(sent) = at("sent_ms") else {
            continue;
        };
        let moments = [
            Some(sent),
            at("received_ms"),
            at("first_byte_ms"),
            at("done_ms"),
        ];
        let moments: Vec<f64> = moments.into_iter().flatten().collect();
        assert_eq!(moments.len(), 4, "{name}: {attributes:?}");
        assert!(moments.is_sorted(), "{name}: {attributes:?}");
        assert!(
            (start - sent).abs() < 0.01 && (end - moments[3]).abs() < 0.01,
            "{name}"
        );
        seen += 1;
    }
    assert!(seen > 0);
}

#[tokio::test]
async fn it_is_so_on_new_connections_too() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({
            "experiment": "blocking", "work_ms": 500,
            "ping_connections": "new", "work_connection": "new",
        }))
        .await;
    let stalled = |variant| run.figure(variant, "pings_stalled");
    assert!(stalled("fixed") < stalled("broken"), "{}", run.result);
    assert_eq!(run.result["parameters"]["flavour"], "current_thread");
    assert_eq!(
        run.result["parameters"]["worker_threads"], 2,
        "defaults are told"
    );
}

#[tokio::test]
async fn upstreams_asked_at_once_take_as_long_as_the_slowest() {
    let node = Node::start(2).await;
    let upstreams = [300; 4];
    let run = node
        .run(json!({"experiment": "fan-out", "upstreams_ms": upstreams, "at_once": 2}))
        .await;
    let total = |variant| run.figure(variant, "total");
    assert!(total("broken") >= 1_200.0, "{}", run.result);
    assert!(
        total("fixed") >= 300.0 && total("fixed") < total("broken"),
        "{}",
        run.result
    );
    assert!(total("bounded") > total("fixed"), "{}", run.result);
    assert!(total("bounded") < total("broken"), "{}", run.result);
    let most = |variant| run.figure(variant, "most_at_once");
    assert_eq!(
        [most("broken"), most("bounded"), most("fixed")],
        [1.0, 2.0, 4.0]
    );
    for variant in ["broken", "fixed", "bounded"] {
        assert_eq!(run.figure(variant, "upstreams"), 4.0);
        assert!(
            run.tracks()
                .contains(format!("{variant} · upstream 3").as_str())
        );
    }
}

#[tokio::test]
async fn a_failure_is_known_to_whoever_waits_for_the_task() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "background-failure", "readers": 5, "mail_ms": 50}))
        .await;
    for variant in ["broken", "fixed"] {
        assert_eq!(
            run.figure(variant, "accepted"),
            5.0,
            "the answers are untouched"
        );
        assert_eq!(run.figure(variant, "panics"), 3.0);
    }
    assert_eq!(run.figure("broken", "panics_known"), 0.0);
    assert_eq!(run.figure("fixed", "panics_known"), 3.0);
}

#[tokio::test]
async fn a_time_limit_ends_async_work_and_cannot_end_what_blocks() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "timeout", "work_ms": 800, "limit_ms": 100}))
        .await;
    let status = |variant| run.figure(variant, "status");
    assert_eq!(status("broken"), 200.0);
    assert_eq!(status("fixed"), 504.0);
    assert_eq!(
        status("limit_on_blocking"),
        200.0,
        "its limit was not noticed"
    );
    assert_eq!(status("limit_on_spawn_blocking"), 504.0);
    let answer = |variant| run.figure(variant, "answer");
    for in_time in ["fixed", "limit_on_spawn_blocking"] {
        assert!(answer(in_time) < answer("broken"), "{}", run.result);
        assert!(
            answer(in_time) < answer("limit_on_blocking"),
            "{}",
            run.result
        );
    }
    assert!(!run.has("fixed", "work_ended"), "it was dropped");
    let ended = run.figure("limit_on_spawn_blocking", "work_ended");
    assert!(
        ended > answer("limit_on_spawn_blocking"),
        "nobody waited any more: {}",
        run.result
    );
}

#[tokio::test]
async fn a_stream_begins_at_once_and_holds_little() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "streaming", "rows": 10, "row_ms": 30, "row_kib": 32}))
        .await;
    let first_byte = |variant| run.figure(variant, "first_byte");
    assert!(
        first_byte("fixed") < first_byte("broken") / 2.0,
        "{}",
        run.result
    );
    let whole = 10.0 * 32.0 * 1024.0;
    assert_eq!(run.figure("broken", "held_bytes"), whole);
    assert!(
        run.figure("fixed", "held_bytes") < whole / 2.0,
        "{}",
        run.result
    );
    for variant in ["broken", "fixed"] {
        assert_eq!(run.figure(variant, "answer_bytes"), whole);
    }
}

#[tokio::test]
async fn a_bound_moves_the_waiting_from_the_queue_to_the_clients() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({
            "experiment": "backpressure", "jobs": 40, "job_ms": 20, "concurrency": 2,
            "queue_capacity": 3,
        }))
        .await;
    for variant in ["broken", "fixed"] {
        assert_eq!(run.figure(variant, "accepted"), 40.0);
    }
    let most = |variant| run.figure(variant, "most_waiting");
    assert!(most("broken") > 10.0, "{}", run.result);
    assert!(
        most("fixed") <= 4.0,
        "three, and one on its way out: {}",
        run.result
    );
    let wait = |variant| run.figure(variant, "longest_wait");
    assert!(wait("fixed") < wait("broken"), "{}", run.result);
    let answer = |variant| run.figure(variant, "answer_p50");
    assert!(answer("fixed") > answer("broken"), "{}", run.result);
}

#[tokio::test]
async fn work_is_dropped_with_its_request_and_goes_on_elsewhere() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "disconnect", "work_ms": 800, "leave_after_ms": 200}))
        .await;
    let done = |variant| run.figure(variant, "work_percent");
    assert!(done("broken") < 100.0, "{}", run.result);
    assert_eq!([done("spawned"), done("fixed")], [100.0, 100.0]);
    assert!(!run.has("broken", "answer") && !run.has("spawned", "answer"));
}

#[tokio::test]
async fn quick_calls_wait_behind_slow_ones_unless_a_thread_is_left() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({
            "experiment": "blocking-pool", "pool_threads": 3, "reports": 9, "report_ms": 150,
        }))
        .await;
    let slowest = |variant| run.figure(variant, "lookup_slowest");
    assert!(
        slowest("broken") > 150.0,
        "it waited for a report: {}",
        run.result
    );
    assert!(slowest("fixed") < slowest("broken"), "{}", run.result);
    assert!(
        run.figure("broken", "all_reports") >= 450.0,
        "{}",
        run.result
    );
}

#[tokio::test]
async fn a_task_whose_worker_is_silent_is_taken_over_and_the_late_answer_refused() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "lost-lease", "lease_ms": 1_000, "work_ms": 2_500}))
        .await;
    assert_eq!(run.figure("broken", "attempts"), 2.0, "{}", run.result);
    assert_eq!(run.figure("broken", "kept_attempt"), 2.0);
    assert_eq!(run.figure("broken", "late_refused"), 1.0);
    assert!(
        run.figure("broken", "taken_over") < 2_500.0,
        "{}",
        run.result
    );
    assert_eq!(run.figure("fixed", "attempts"), 1.0, "{}", run.result);
    assert_eq!(run.figure("fixed", "kept_attempt"), 1.0);
    assert_eq!(run.figure("fixed", "late_refused"), 0.0);
    let words = run.result["phenomenon"].as_str().unwrap();
    assert!(words.contains("worker A was silent"), "{words}");
}

#[tokio::test]
async fn a_future_that_nobody_polls_does_nothing() {
    let node = Node::start(2).await;
    let run = node
        .run(json!({"experiment": "missing-await", "notes": 7}))
        .await;
    for variant in ["broken", "fixed"] {
        assert_eq!(run.figure(variant, "answered"), 7.0);
    }
    assert_eq!(run.figure("broken", "saved"), 0.0);
    assert_eq!(run.figure("fixed", "saved"), 7.0);
    for words in ["E0728", "unused_must_use", "rustc "] {
        assert!(run.output().contains(words), "{words}");
    }
}

#[tokio::test]
async fn what_is_foretold_has_a_figure_in_the_result() {
    let node = Node::start(4).await;
    for experiment in experiments() {
        // As short as the ranges allow; what comes of it is no matter here.
        let quick = match experiment.name {
            "blocking" => json!({"work_ms": 50}),
            "fan-out" => json!({"upstreams_ms": [1]}),
            "missing-await" => json!({"notes": 1}),
            "background-failure" => json!({"readers": 1, "mail_ms": 0}),
            "timeout" => json!({"work_ms": 50, "limit_ms": 10}),
            "streaming" => json!({"rows": 1}),
            "backpressure" => json!({"jobs": 1}),
            "disconnect" => json!({"work_ms": 50, "leave_after_ms": 10}),
            "blocking-pool" => json!({"reports": 1, "report_ms": 50}),
            "lost-lease" => json!({"lease_ms": 1000, "work_ms": 100}),
            other => panic!("{other} is new: say how it is quick"),
        };
        let mut payload = quick;
        payload["experiment"] = json!(experiment.name);
        let run = node.run(payload).await;
        for prediction in &experiment.lesson.predictions {
            // It panics where there is no such figure.
            run.has(&prediction.variant, &prediction.figure);
        }
        let names: Vec<_> = run.variants().iter().map(|it| &it["variant"]).collect();
        let listed: Vec<_> = experiment.variants.iter().map(|it| it.variant).collect();
        assert_eq!(names, listed, "{}", experiment.name);
        assert!(run.result["phenomenon"].as_str().unwrap().len() > 20);
        assert!(run.output().contains("try it: curl "), "{}", run.output());
    }
}
