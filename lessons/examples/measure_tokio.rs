//! Measures what the lessons say of axum on Tokio, and prints TOML: `lessons/fastapi/measure tokio`.
//!
//! The server has a runtime and threads of its own. What asks it is a plain thread with blocking
//! sockets, so that nothing that stalls in the server can stall what measures it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a program that prints what it measured and stops at the first surprise"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

/// How long the handlers wait or block.
const WAIT: Duration = Duration::from_secs(1);

/// The limit that is shorter than the work.
const LIMIT: Duration = Duration::from_millis(200);

/// What came to its end, and was counted.
static ENDED: AtomicUsize = AtomicUsize::new(0);

fn ended() {
    ENDED.fetch_add(1, Ordering::SeqCst);
}

async fn waits_then_ends() {
    sleep(WAIT).await;
    ended();
}

fn routes() -> Router {
    Router::new()
        .route("/ping", get(async || "pong"))
        .route("/block", get(async || thread::sleep(WAIT)))
        .route("/wait", get(async || sleep(WAIT).await))
        .route(
            "/pool",
            get(async || drop(spawn_blocking(|| thread::sleep(WAIT)).await)),
        )
        .route(
            "/limit/await",
            get(async || drop(timeout(LIMIT, sleep(WAIT)).await)),
        )
        .route(
            "/limit/block",
            get(async || drop(timeout(LIMIT, async { thread::sleep(WAIT) }).await)),
        )
        .route(
            "/limit/pool",
            get(async || {
                let work = spawn_blocking(|| {
                    thread::sleep(WAIT);
                    ended();
                });
                drop(timeout(LIMIT, work).await);
            }),
        )
        .route("/left/here", get(waits_then_ends))
        .route(
            "/left/spawned",
            get(async || drop(tokio::spawn(waits_then_ends()).await)),
        )
        .route(
            "/panic",
            get(async || {
                // Its handle is dropped: nobody will ever know.
                tokio::spawn(async { panic!("the printer is on fire") });
                "started"
            }),
        )
}

/// A server on a runtime of its own.
struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    fn start(workers: usize, blocking: usize) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .max_blocking_threads(blocking)
            .enable_all()
            .build()
            .unwrap();
        let bind = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(bind).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, routes()).await });
        Self {
            address,
            runtime: Some(runtime),
        }
    }

    fn connect(&self) -> Connection {
        Connection(TcpStream::connect(self.address).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection that is kept, as a browser keeps it.
struct Connection(TcpStream);

impl Connection {
    fn send(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.write_all(request.as_bytes()).unwrap();
    }

    /// How long the answer takes. Each fits into one read.
    fn ask(&mut self, path: &str) -> Duration {
        let began = Instant::now();
        self.send(path);
        let read = self.0.read(&mut [0; 4096]).unwrap();
        assert!(read > 0, "{path} has no answer");
        began.elapsed()
    }
}

/// How long a ping takes that is sent 100 ms after `path` was asked for, in each of 15 trials. All
/// connections have been used before.
fn pings_beside(path: &str) -> Vec<Duration> {
    let trial = |_| {
        let server = Server::start(4, 512);
        let (mut blocker, mut pinger) = (server.connect(), server.connect());
        blocker.ask("/ping");
        pinger.ask("/ping");
        blocker.send(path);
        thread::sleep(Duration::from_millis(100));
        pinger.ask("/ping")
    };
    (0..15).map(trial).collect()
}

/// How much of ten requests for `path` comes to its end when their clients go after 300 ms.
fn ended_after_leaving(path: &str) -> usize {
    let server = Server::start(2, 512);
    ENDED.store(0, Ordering::SeqCst);
    let mut clients: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(path);
    }
    thread::sleep(Duration::from_millis(300));
    drop(clients);
    thread::sleep(WAIT * 2);
    ENDED.load(Ordering::SeqCst)
}

/// The slowest of `calls` at the same time that each block one of `threads` for a second.
fn slowest_of_pool(threads: usize, calls: usize) -> Duration {
    let server = Server::start(2, threads);
    let mut clients: Vec<_> = (0..calls).map(|_| server.connect()).collect();
    let began = Instant::now();
    for client in &mut clients {
        client.send("/pool");
    }
    for client in &mut clients {
        assert!(client.0.read(&mut [0; 4096]).unwrap() > 0);
    }
    began.elapsed()
}

fn figure(id: &str, value: f64, unit: &str, what: &str) {
    println!(
        "\n[[figure]]\nid = \"{id}\"\nwhat = \"{what}\"\nvalue = {value:.1}\nunit = \"{unit}\""
    );
}

fn milliseconds(id: &str, value: Duration, what: &str) {
    figure(id, value.as_secs_f64() * 1000.0, "ms", what);
}

#[expect(clippy::cast_precision_loss, reason = "there are ten at most")]
fn count(id: &str, value: usize, unit: &str, what: &str) {
    figure(id, value as f64, unit, what);
}

fn main() {
    for (id, path, what) in [
        (
            "block",
            "/block",
            "std::thread::sleep(1 s) in an async handler",
        ),
        ("wait", "/wait", "tokio::time::sleep(1 s)"),
        ("pool", "/pool", "std::thread::sleep(1 s) in spawn_blocking"),
    ] {
        let pings = pings_beside(path);
        let slowest = pings.iter().max().copied().unwrap_or_default();
        let each =
            format!("Another endpoint on 4 workers, during {what}: the slowest of 15 trials");
        milliseconds(&format!("tokio-ping-beside-{id}"), slowest, &each);
        let stalled = pings.iter().filter(|ping| **ping > LIMIT).count();
        let each = format!("Trials of those in which {what} held it up");
        count(&format!("tokio-stalled-by-{id}"), stalled, "of 15", &each);
    }

    for (id, path, what) in [
        ("await", "/limit/await", "tokio::time::sleep(1 s)"),
        ("block", "/limit/block", "std::thread::sleep(1 s)"),
        (
            "pool",
            "/limit/pool",
            "spawn_blocking of std::thread::sleep(1 s)",
        ),
    ] {
        let server = Server::start(2, 512);
        ENDED.store(0, Ordering::SeqCst);
        let took = server.connect().ask(path);
        milliseconds(
            &format!("tokio-limit-{id}"),
            took,
            &format!("tokio::time::timeout(200 ms) around {what}"),
        );
        if id == "pool" {
            thread::sleep(WAIT * 2);
            let what =
                "Closures that ran to their end after the time limit had given up on them, of 1";
            count(
                "tokio-limit-pool-ended",
                ENDED.load(Ordering::SeqCst),
                "of 1",
                what,
            );
        }
    }
    for (id, path, what) in [
        ("here", "/left/here", "Handlers"),
        ("spawned", "/left/spawned", "Spawned tasks"),
    ] {
        let what = format!("{what} that ran to their end after their client had gone, of 10");
        count(
            &format!("tokio-left-{id}"),
            ended_after_leaving(path),
            "of 10",
            &what,
        );
    }
    for calls in [8, 9] {
        let what =
            format!("The slowest of {calls} blocking calls of 1 s on a blocking pool of 8 threads");
        milliseconds(
            &format!("tokio-pool-{calls}"),
            slowest_of_pool(8, calls),
            &what,
        );
    }
    let answer = {
        let server = Server::start(2, 512);
        let mut client = server.connect();
        client.send("/panic");
        let mut answer = [0; 4096];
        let read = client.0.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    figure(
        "tokio-panic-status",
        status,
        "status",
        "The status of a handler whose spawned task panics",
    );
}
