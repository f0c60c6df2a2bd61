//! What the server can do on this machine, over HTTP: `make bench`, or this program with the path
//! of the release binary; words after it choose some of the figures.
//!
//! Figures, not assertions: machines differ and are noisy, so what is compared is measured in
//! turns within one run. The load comes from the same machine and shares its cores with the
//! server; so beside each rate stands the processor time that the server itself took.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program that prints its findings and may stop at the first surprise"
)]

mod abuse;
mod done;
mod load;
mod pages;
mod peer;
mod sockets;

use std::path::Path;
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::json;

use self::load::{Ask, Connection, Load, load, percentile};
use self::peer::Peer;

/// How often each of two things that are compared is measured, in turns.
const ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 64;
const WAITERS: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    if std::env::args().any(|word| word == peer::HELLO) {
        runtime.block_on(peer::hello());
        return;
    }
    let Some(binary) = std::env::args_os().nth(1) else {
        println!("say which binary to measure");
        std::process::exit(2);
    };
    let binary = Path::new(&binary);
    if std::env::args().nth(2).is_some_and(|word| word == "abuse") {
        if !runtime.block_on(abuse::withstands(binary)) {
            std::process::exit(1);
        }
        return;
    }
    runtime.block_on(measure(binary));
}

async fn measure(binary: &Path) {
    let wanted: Vec<String> = std::env::args().skip(2).collect();
    let asked = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    println!("| figure | value |\n| --- | --- |");
    if asked("start") {
        starting(binary).await;
    }
    let glassworks = Peer::glassworks(binary).await;
    if asked("hello") {
        plain(&glassworks).await;
    }
    if asked("submit") {
        submitting(&glassworks).await;
    }
    if asked("done") {
        done::submit_to_done(&glassworks).await;
    }
    if asked("wait") {
        waiting(&glassworks).await;
    }
    if asked("aggregate") {
        aggregate(&glassworks).await;
    }
    if asked("sockets") {
        sockets::a_thousand_watchers(&Peer::glassworks(binary).await).await;
        sockets::ten_thousand(&Peer::glassworks(binary).await).await;
    }
    if asked("pages") {
        pages::beside_a_million(&Peer::glassworks(binary).await).await;
    }
}

async fn plain(glassworks: &Peer) {
    let bare = Peer::bare_axum().await;
    let hello = Ask::get("/api/hello", StatusCode::OK);
    compare(
        "a bare axum hello",
        (&bare, &hello),
        "`GET /api/hello`, all middleware on",
        (glassworks, &hello),
    )
    .await;
}

async fn submitting(glassworks: &Peer) {
    let refused = json!({"kind": "nothing", "payload": {}});
    let refused = Ask::post("/api/tasks", &refused, StatusCode::UNPROCESSABLE_ENTITY);
    let sleep = json!({"kind": "sleep", "payload": {"seconds": 0}, "delay_ms": 3_600_000});
    let sleep = Ask::post("/api/tasks", &sleep, StatusCode::ACCEPTED);
    compare(
        "`POST /api/tasks` that is read and refused (422): nothing is stored",
        (glassworks, &refused),
        "`POST /api/tasks` that is accepted (202): on the disk before the answer",
        (glassworks, &sleep),
    )
    .await;
    let bare = Peer::bare_axum().await;
    compare(
        "a bare axum POST of the same JSON, answered with as much",
        (&bare, &sleep),
        "`POST /api/tasks` that is accepted (202)",
        (glassworks, &sleep),
    )
    .await;
}

fn row(figure: &str, value: impl std::fmt::Display) {
    println!("| {figure} | {value} |");
}

/// From nothing to the first answer that says it is ready, and what it holds when nothing happens.
async fn starting(binary: &Path) {
    let mut times = Vec::new();
    let mut resident = 0;
    for _ in 0..5 {
        let began = Instant::now();
        let server = Peer::glassworks(binary).await;
        let ready = Ask::get("/readyz", StatusCode::OK);
        Connection::open(server.address).await.send(&ready).await;
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
        resident = server.resident_kib();
    }
    row(
        "from the start of the process to ready, median",
        format!("{:.0?}", percentile(&mut times, 0.5)),
    );
    row(
        "memory of an idle server",
        format!("{:.1} MiB", resident as f64 / 1_024.0),
    );
}

/// Measures two things in turns, and how the second does beside the first.
async fn compare(
    first: &str,
    (server, ask): (&Peer, &Ask),
    second: &str,
    (other_server, other_ask): (&Peer, &Ask),
) {
    let mut loads: [Vec<Load>; 2] = Default::default();
    for _ in 0..ROUNDS {
        loads[0].push(load(server, ask, CONNECTIONS, ROUND).await);
        loads[1].push(load(other_server, other_ask, CONNECTIONS, ROUND).await);
    }
    let mut shares: Vec<f64> = loads[0]
        .iter()
        .zip(&loads[1])
        .map(|(one, other)| 100.0 * other.rate / one.rate)
        .collect();
    shares.sort_by(f64::total_cmp);
    let [one, other] = loads.map(median);
    for (name, load) in [(first, &one), (second, &other)] {
        row(
            &format!("{name}, {CONNECTIONS} at a time"),
            format!(
                "{:.0}/s, p50 {:.1?}, p99 {:.1?}, {:.1?} of processor time each",
                load.rate, load.p50, load.p99, load.processor
            ),
        );
    }
    row(
        "the second beside the first, turn by turn",
        format!(
            "{:.0} % of the rate (median; {:.0} to {:.0} %)",
            shares[ROUNDS / 2],
            shares[0],
            shares[ROUNDS - 1]
        ),
    );
}

/// The round whose rate is in the middle.
fn median(mut loads: Vec<Load>) -> Load {
    loads.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    loads.swap_remove(loads.len() / 2)
}

/// 1,000 clients that wait for a second each, and how the server answers others meanwhile.
async fn waiting(server: &Peer) {
    let address = server.address;
    let slow = Ask::get("/api/slow?seconds=1", StatusCode::OK);
    let alive = Ask::get("/livez", StatusCode::OK);
    let mut connections = Vec::new();
    for _ in 0..WAITERS {
        connections.push(Connection::open(address).await);
    }
    let mut other = Connection::open(address).await;
    let waiters: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let slow = slow.clone();
            tokio::spawn(async move { connection.send(&slow).await })
        })
        .collect();
    let mut live = Vec::new();
    while waiters.iter().any(|waiter| !waiter.is_finished()) {
        live.push(other.send(&alive).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut waited = Vec::new();
    for waiter in waiters {
        waited.push(waiter.await.unwrap());
    }
    let waited = [0.5, 0.99, 1.0].map(|share| percentile(&mut waited, share));
    row(
        "1,000 clients on `GET /api/slow?seconds=1` at the same time: p50, p99, longest",
        format!("{:.3?}, {:.3?}, {:.3?}", waited[0], waited[1], waited[2]),
    );
    let live = [0.5, 0.99, 1.0].map(|share| percentile(&mut live, share));
    row(
        "`GET /livez` meanwhile: p50, p99, longest",
        format!("{:.1?}, {:.1?}, {:.1?}", live[0], live[1], live[2]),
    );
}

/// Three services that take 1.0, 2.0 and 1.5 seconds.
async fn aggregate(server: &Peer) {
    let ask = Ask::get("/api/aggregate", StatusCode::OK);
    let took = Connection::open(server.address).await.send(&ask).await;
    row(
        "`GET /api/aggregate`: parts of 1.0, 2.0 and 1.5 s, 4.5 s in all",
        format!("{took:.3?}"),
    );
}
