//! What clients that mean no good cost the server: `make abuse`.
//!
//! Each attack is bounded in time and number, and comes over the loopback. Meanwhile others ask
//! what they always ask. It fails when the server holds too much or keeps them waiting.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::SinkExt as _;
use futures::future::{BoxFuture, FutureExt as _, join_all};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::load::{Ask, Connection, percentile};
use super::peer::Peer;

/// What the server may hold at its default limits.
const MOST_MIB: u64 = 512;
/// How long others may have to wait for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How long an attack goes on.
const SPAN: Duration = Duration::from_secs(10);
/// Longer than the server bears with a slow reader.
const SLOW_SPAN: Duration = Duration::from_secs(70);
/// After this time what the attack cost should be given back.
const REST: Duration = Duration::from_secs(5);
const PROBE_EACH: Duration = Duration::from_millis(100);
/// A probe that takes longer counts as so long.
const PROBE_WITHIN: Duration = Duration::from_secs(10);

const PAYLOADS: usize = 100;
const PAYLOAD_BYTES: usize = 250_000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A program that prints 8 MiB.
const CONFIGURATION: &str = r#"
[commands.talk]
program = "/usr/bin/seq"
arguments = ["1", "1150000"]
"#;

/// Something done to a server until its future ends: it says what came of it.
type Attack = fn(Target) -> BoxFuture<'static, String>;

const ATTACKS: [(&str, Attack); 9] = [
    ("20 lists that nobody reads", |target| lists(target).boxed()),
    ("20 clients that read lists of 25 MB", |target| {
        readers(target).boxed()
    }),
    ("200 bodies of 8 MiB, one byte short", |target| {
        bodies(target).boxed()
    }),
    ("200 stalled followers of 8 MiB", |target| {
        followers(target).boxed()
    }),
    ("200 pages of a task with 8 MiB, unread", |target| {
        task_pages(target).boxed()
    }),
    ("a WebSocket with 64 subscriptions, unread", |target| {
        subscriptions(target).boxed()
    }),
    ("50 readers of 6 KB each 10 s", |target| {
        slow(target).boxed()
    }),
    ("1,000 connects at one moment", |target| {
        connects(target).boxed()
    }),
    ("1,100 idle connections", |target| idle(target).boxed()),
];

/// What is attacked.
#[derive(Clone)]
struct Target {
    address: SocketAddr,
    /// A task that has printed 8 MiB.
    talker: String,
}

/// Does all of it; whether the server stood it.
pub(crate) async fn withstands(binary: &Path) -> bool {
    let server = Peer::configured(binary, CONFIGURATION).await;
    let idle = server.resident_kib() / 1_024;
    let target = fill(&server).await;
    println!(
        "| attack | peak | {} s after | livez p50, worst | readyz | a task | what came of it |",
        REST.as_secs()
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    println!(
        "| none: started, then filled | {idle} MiB | {} MiB | | | | |",
        server.resident_kib() / 1_024
    );
    let mut stood = true;
    for (name, attack) in ATTACKS {
        stood &= stands(&server, &target, name, attack).await;
    }
    stood
}

/// Tasks with long payloads, and one with a long output.
async fn fill(server: &Peer) -> Target {
    let mut connection = Connection::open(server.address).await;
    let long = json!({
        "kind": "http",
        "payload": {"url": "https://example.com/", "method": "POST", "body": "x".repeat(PAYLOAD_BYTES)},
        "delay_ms": 86_400_000,
    });
    let long = Ask::post("/api/tasks", &long, StatusCode::ACCEPTED);
    for _ in 0..PAYLOADS {
        connection.send(&long).await;
    }
    let talk = json!({"kind": "command", "payload": {"name": "talk"}});
    let (_, body) = connection
        .fetch(&Ask::post("/api/tasks", &talk, StatusCode::ACCEPTED))
        .await;
    let accepted: Value = serde_json::from_slice(&body).unwrap();
    let talker = accepted["id"].as_str().unwrap().to_owned();
    loop {
        let seen = connection.json(format!("/api/tasks/{talker}")).await;
        match seen["state"].as_str().unwrap() {
            "completed" => break,
            "failed" => panic!("it should have printed: {seen}"),
            _ => sleep(PROBE_EACH).await,
        }
    }
    Target {
        address: server.address,
        talker,
    }
}

/// One attack, and how the server does meanwhile and afterwards.
async fn stands(server: &Peer, target: &Target, name: &str, attack: Attack) -> bool {
    server.forget_peak();
    let mut attacking = tokio::spawn(attack(target.clone()));
    let paths = [
        "/livez".to_owned(),
        "/readyz".to_owned(),
        format!("/api/tasks/{}", target.talker),
    ];
    let mut waits: [Vec<Duration>; 3] = Default::default();
    while !attacking.is_finished() {
        let probes = join_all(paths.iter().map(|path| probe(target.address, path))).await;
        for (wait, probed) in waits.iter_mut().zip(probes) {
            wait.push(probed);
        }
        sleep(PROBE_EACH).await;
    }
    let came = (&mut attacking).await.unwrap();
    let peak = server.peak_kib() / 1_024;
    sleep(REST).await;
    let after = server.resident_kib() / 1_024;
    let worst = waits.each_mut().map(|waits| percentile(waits, 1.0));
    let usual = percentile(&mut waits[0], 0.5);
    let stood = peak <= MOST_MIB && worst.iter().all(|wait| *wait <= LONGEST_WAIT);
    let mut line = format!(
        "| {name} | {peak} MiB | {after} MiB | {usual:.1?}, {:.1?} ",
        worst[0]
    );
    let _ = write!(
        line,
        "| {:.1?} | {:.1?} | {came}{} |",
        worst[1],
        worst[2],
        if stood { "" } else { " **FAILED**" }
    );
    println!("{line}");
    stood
}

/// How long a new client waits for an answer; [`PROBE_WITHIN`] when it is not a good one.
async fn probe(address: SocketAddr, path: &str) -> Duration {
    let began = Instant::now();
    let asking = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(&get(address, path, "close")).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        answer.starts_with(b"HTTP/1.1 200").then_some(())
    };
    match timeout(PROBE_WITHIN, asking).await {
        Ok(Some(())) => began.elapsed(),
        _ => PROBE_WITHIN,
    }
}

fn get(address: SocketAddr, path: &str, connection: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: {connection}\r\n\r\n").into()
}

/// A connection that takes as little as may be until somebody reads from it.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    socket.connect(address).await.unwrap()
}

/// Asks for `path` over `count` narrow connections.
async fn ask(address: SocketAddr, path: &str, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = narrow(address).await;
        stream
            .write_all(&get(address, path, "keep-alive"))
            .await
            .unwrap();
        streams.push(stream);
    }
    streams
}

const LIST: &str = "/api/tasks?fields=payload&limit=100";

async fn lists(target: Target) -> String {
    let held = ask(target.address, LIST, 20).await;
    sleep(SPAN).await;
    format!("{} asked", held.len())
}

/// Each reads page after page, to the end and from the beginning again.
async fn readers(target: Target) -> String {
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let address = target.address;
        clients.spawn(async move {
            let began = Instant::now();
            let mut read = 0;
            let mut connection = Connection::open(address).await;
            let mut path = LIST.to_owned();
            while began.elapsed() < SPAN {
                let (_, status, body) = connection
                    .exchange(&Ask::get(path.clone(), StatusCode::OK))
                    .await;
                if status != StatusCode::OK {
                    sleep(PROBE_EACH).await;
                    continue;
                }
                read += body.len();
                let page: Value = serde_json::from_slice(&body).unwrap();
                path = match page["next_cursor"].as_str() {
                    Some(cursor) => format!("{LIST}&cursor={cursor}"),
                    None => LIST.to_owned(),
                };
            }
            read
        });
    }
    let read: usize = clients.join_all().await.into_iter().sum();
    format!("{} MiB/s read", read / 1024 / 1024 / 10)
}

async fn bodies(target: Target) -> String {
    let mut clients = JoinSet::new();
    for _ in 0..200 {
        let address = target.address;
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "POST /api/tasks/batch HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
                 Content-Length: {BATCH_BYTES}\r\n\r\n"
            );
            let sending = async {
                stream.write_all(head.as_bytes()).await.ok()?;
                let piece = vec![b' '; 64 * 1024];
                let mut left = BATCH_BYTES - 1;
                while left > 0 {
                    let now = left.min(piece.len());
                    stream.write_all(&piece[..now]).await.ok()?;
                    left -= now;
                }
                Some(())
            };
            let _ = timeout(SPAN, sending).await;
            let mut first = [0; 12];
            match timeout(SPAN, stream.read_exact(&mut first)).await {
                Ok(Ok(_)) => String::from_utf8_lossy(&first[9..]).into_owned(),
                Ok(Err(_)) => "closed".to_owned(),
                Err(_) => "held".to_owned(),
            }
        });
    }
    tally(clients.join_all().await)
}

async fn followers(target: Target) -> String {
    let output = format!("/api/tasks/{}/output?follow=true", target.talker);
    let stored = format!("/api/tasks/{}/output", target.talker);
    let held = [
        ask(target.address, &output, 100).await,
        ask(target.address, &stored, 100).await,
    ];
    sleep(SPAN).await;
    format!("{} asked", held.iter().flatten().count())
}

async fn task_pages(target: Target) -> String {
    let page = format!("/tasks/{}", target.talker);
    let held = ask(target.address, &page, 200).await;
    sleep(SPAN).await;
    format!("{} asked", held.len())
}

async fn subscriptions(target: Target) -> String {
    let stream = narrow(target.address).await;
    let url = format!("ws://{}/api/ws", target.address);
    let (mut socket, _) = client_async(url, stream).await.unwrap();
    for sub in 0..64 {
        let watch = json!({"op": "watch_task", "sub": sub, "task_id": target.talker, "after": 0});
        socket
            .send(Message::Text(watch.to_string().into()))
            .await
            .unwrap();
    }
    sleep(SPAN).await;
    "64 watched".to_owned()
}

/// What the server has given up, its clients still read from the kernel: so it is asked what it
/// holds.
async fn slow(target: Target) -> String {
    let began = Instant::now();
    let mut open = ask(target.address, LIST, 50).await;
    while began.elapsed() < SLOW_SPAN {
        sleep(SPAN).await;
        for stream in &mut open {
            let mut piece = [0; 6_000];
            let _ = timeout(Duration::from_millis(1), stream.read(&mut piece)).await;
        }
    }
    let figures = Ask::get("/metrics", StatusCode::OK);
    let (_, body) = Connection::open(target.address).await.fetch(&figures).await;
    let figures = String::from_utf8_lossy(&body).into_owned();
    let name = "glassworks_budget_used_bytes{for=\"lists\"} ";
    let held = figures.lines().find_map(|line| line.strip_prefix(name));
    let held = held.unwrap_or("unknown");
    format!("{held} bytes of lists held after {:.0?}", began.elapsed())
}

async fn connects(target: Target) -> String {
    let mut clients = JoinSet::new();
    for _ in 0..1_000 {
        let address = target.address;
        clients.spawn(async move {
            let began = Instant::now();
            let connected = TcpStream::connect(address).await;
            (began.elapsed(), connected)
        });
    }
    let mut took: Vec<Duration> = clients
        .join_all()
        .await
        .into_iter()
        .map(|(took, _)| took)
        .collect();
    format!(
        "p99 {:.1?}, longest {:.1?}",
        percentile(&mut took, 0.99),
        percentile(&mut took, 1.0)
    )
}

async fn idle(target: Target) -> String {
    let held = ask(target.address, "/livez", 1_100).await;
    sleep(SPAN).await;
    format!("{} open", held.len())
}

/// How often each came up.
fn tally(outcomes: Vec<String>) -> String {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for outcome in outcomes {
        *counts.entry(outcome).or_default() += 1;
    }
    let told: Vec<String> = counts
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    told.join(", ")
}
