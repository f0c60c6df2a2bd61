//! Many `WebSocket`s on one server: what each holds, and how soon an event is with all of them.

use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, StreamExt as _};
use futures::{SinkExt as _, TryStreamExt as _};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::load::{Ask, Connection, percentile};
use super::peer::Peer;
use super::row;

const SOCKETS: usize = 10_000;
const WATCHERS: usize = 1_000;
/// Handshakes that are under way at a time.
const OPENING: usize = 64;
/// How many events each socket is to see.
const EVENTS: usize = 20;
/// How long the watchers of a list are counted.
const WATCHING: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<TcpStream>;

/// Opens 10,000 sockets that follow one task, and lets that task tell all of them something.
pub(crate) async fn ten_thousand(server: &Peer) {
    let mut connection = Connection::open(server.address).await;
    let task = json!({
        "kind": "sleep",
        "payload": {"seconds": EVENTS, "steps": EVENTS},
        "delay_ms": 120_000,
    });
    let (_, body) = connection
        .fetch(&Ask::post("/api/tasks", &task, StatusCode::ACCEPTED))
        .await;
    let task: Value = serde_json::from_slice(&body).unwrap();
    let id = task["id"].as_str().unwrap().to_owned();
    let before = server.resident_kib();
    let target = format!("/api/tasks/{id}/ws?after=1");
    let sockets = open(server, &target, SOCKETS, None).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let held = server.resident_kib().saturating_sub(before);
    row(
        "10,000 WebSockets that follow a task: memory of the server for each",
        format!("{:.1} KiB", held as f64 / SOCKETS as f64),
    );
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    for mut socket in sockets {
        let seen = seen.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message {
                    let _ = seen.send((Instant::now(), text));
                }
            }
        });
    }
    drop(seen);
    // It is made due, and from then on tells a progress each second.
    let retry = Ask::post_to(format!("/api/tasks/{id}/retry"), StatusCode::ACCEPTED);
    connection.send(&retry).await;
    let mut first: std::collections::HashMap<u64, Instant> = std::collections::HashMap::new();
    let mut late = Vec::new();
    while let Some((at, text)) = arrivals.recv().await {
        let event: Value = serde_json::from_str(&text).unwrap();
        let seq = event["seq"].as_u64().unwrap();
        late.push(at.duration_since(*first.entry(seq).or_insert(at)));
    }
    row(
        "an event to all 10,000, after the first has it: p50, p99, longest",
        format!(
            "{:.0?}, {:.0?}, {:.0?}",
            percentile(&mut late, 0.5),
            percentile(&mut late, 0.99),
            percentile(&mut late, 1.0)
        ),
    );
}

/// 1,000 sockets that watch one list while tasks come and go.
pub(crate) async fn a_thousand_watchers(server: &Peer) {
    let watch = json!({"op": "watch_tasks", "sub": 1, "filter": {"queue": "watched"}});
    let sockets = open(server, "/api/ws", WATCHERS, Some(watch.to_string())).await;
    let readers: Vec<_> = sockets
        .into_iter()
        .map(|mut socket| {
            tokio::spawn(async move { while let Ok(Some(_)) = socket.try_next().await {} })
        })
        .collect();
    let mut connection = Connection::open(server.address).await;
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}, "queue": "watched"});
    let task = Ask::post("/api/tasks", &task, StatusCode::ACCEPTED);
    let before = reads(&mut connection).await;
    let processor = server.processor_time();
    let began = Instant::now();
    while began.elapsed() < WATCHING {
        connection.send(&task).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed().as_secs_f64();
    row(
        "1,000 watchers of one list that changes 50 times a second: reads of the store",
        format!("{:.1}/s", (reads(&mut connection).await - before) / took),
    );
    row(
        "the same: processor time of the server",
        format!(
            "{:.0} % of one core",
            100.0
                * server
                    .processor_time()
                    .saturating_sub(processor)
                    .as_secs_f64()
                / took
        ),
    );
    for reader in readers {
        reader.abort();
    }
}

/// How often the server has asked its store something.
async fn reads(connection: &mut Connection) -> f64 {
    let (_, body) = connection
        .fetch(&Ask::get("/metrics", StatusCode::OK))
        .await;
    String::from_utf8_lossy(&body)
        .lines()
        .filter(|line| line.starts_with("glassworks_store_reads_total"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

/// Opens `count` sockets, and lets each say something first.
async fn open(server: &Peer, target: &str, count: usize, first: Option<String>) -> Vec<Socket> {
    let url = format!("ws://{}{target}", server.address);
    let address = server.address;
    let connect = |_| {
        let (url, first) = (url.clone(), first.clone());
        async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let config = WebSocketConfig::default()
                .read_buffer_size(1_024)
                .write_buffer_size(0);
            let request = url.into_client_request().unwrap();
            let (mut socket, _) = client_async_with_config(request, stream, Some(config))
                .await
                .unwrap();
            if let Some(first) = first {
                socket.send(Message::Text(first.into())).await.unwrap();
            }
            socket
        }
    };
    let mut opening: FuturesUnordered<_> = (0..count.min(OPENING)).map(connect).collect();
    let mut sockets = Vec::with_capacity(count);
    let mut begun = opening.len();
    while let Some(socket) = opening.next().await {
        sockets.push(socket);
        if begun < count {
            opening.push(connect(begun));
            begun += 1;
        }
    }
    sockets
}
