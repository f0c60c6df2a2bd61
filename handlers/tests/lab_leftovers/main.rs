//! What a run of the lab leaves behind: nothing, however it ends. Apart from its other tests, since it
//! counts the threads of the whole process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

#[path = "../lab/support.rs"]
#[allow(dead_code, reason = "shared with the lab's other tests")]
mod support;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use glassworks_protocol::{Event, EventBody, State};
use serde_json::json;

use support::{Node, output};

/// The threads of this process whose names begin so.
fn threads(name: &str) -> usize {
    let all = fs::read_dir("/proc/self/task").unwrap();
    all.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.starts_with(name))
        .count()
}

fn says(event: &Event, text: &str) -> bool {
    matches!(&event.body, EventBody::Output { text: printed, .. } if printed.contains(text))
}

/// The addresses that a run has printed.
fn addresses(log: &[Event]) -> Vec<SocketAddr> {
    let output = output(log);
    let all = output.split("http://").skip(1);
    all.filter_map(|rest| rest.split(['/', ' ', '\n']).next()?.parse().ok())
        .collect()
}

fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_runs_of_which_five_are_cancelled_leave_nothing_behind() {
    let node = Node::start(10).await;
    let mut ids = Vec::new();
    for number in 0..10 {
        let payload = match number % 3 {
            0 => json!({"experiment": "blocking", "work_ms": 700}),
            1 => json!({"experiment": "timeout", "work_ms": 700, "hold_seconds": 1}),
            _ => json!({"experiment": "lost-lease", "work_ms": 1_500, "lease_ms": 700}),
        };
        ids.push(node.submit(payload).await);
    }
    let mut ports = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let log = node.until(*id, |event| says(event, "try it: ")).await;
        ports.extend(addresses(&log));
        if number % 2 == 0 {
            node.engine.cancel(*id).await.unwrap();
        }
    }
    assert!(ports.len() >= 10, "{ports:?}");
    for (number, id) in ids.iter().enumerate() {
        let finished = node.finish(*id).await;
        let expected = if number % 2 == 0 {
            State::Cancelled
        } else {
            State::Completed
        };
        assert_eq!(finished.task.state, expected, "{:?}", finished.task.error);
        assert_eq!(finished.task.attempt, 1);
    }
    eventually("threads were left behind", || threads("lab-") == 0).await;
    // That of the engine which runs the experiments.
    eventually("a store was left open", || threads("glassworks-writ") <= 1).await;
    for port in ports {
        assert!(!is_open(port), "{port} is open");
    }
    let prefix = format!("glassworks-lab-{}-", std::process::id());
    let left = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let of_the_lab = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    assert_eq!(of_the_lab.count(), 0, "directories were left behind");
}

/// Waits until `is_so`, for half a minute.
async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
