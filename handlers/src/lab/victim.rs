//! The server that an experiment breaks: a real one, on a runtime and threads of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use glassworks_engine::TaskError;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::beats::Beats;
use super::clock::Clock;
use super::received::Received;
use super::threads::{RuntimePlan, Threads};

/// Connections at a time, those made by hand among them. Further ones wait.
const CONNECTIONS: usize = 256;
/// How long a client may take to send the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// A running server. It ends with the [`Threads`] that it runs on.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    pub(crate) address: SocketAddr,
    pub(crate) received: Received,
    pub(crate) beats: Beats,
}

impl Victim {
    /// Starts a server on a port of the loopback interface that the system chooses. `routes` is
    /// called on its runtime; `/ping` is added to them.
    pub(crate) async fn start<F: Future<Output = Router>>(
        threads: &Threads,
        clock: Clock,
        plan: RuntimePlan,
        routes: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Self, TaskError> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        let listener = listener.map_err(|error| no_port(&error))?;
        let address = listener.local_addr().map_err(|error| no_port(&error))?;
        let received = Received::new(clock);
        let beats = Beats::new(clock);
        let victim = Self {
            address,
            received: received.clone(),
            beats: beats.clone(),
        };
        let up = threads.run("lab-victim", plan, async move |up| {
            tokio::spawn(beats.beat());
            let routes = routes().await.route("/ping", get(async || "pong\n"));
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            // Not in this future: on a runtime of many threads it is polled by none of those.
            tokio::spawn(serve(listener, received.noted(routes)));
            up.tell(());
            std::future::pending::<()>().await;
        })?;
        let refused = || TaskError::new("a server of the lab could not be started");
        up.await.map_err(|_| refused())?;
        Ok(victim)
    }
}

fn no_port(error: &std::io::Error) -> TaskError {
    TaskError::new(format!("no port on the loopback interface: {error}"))
}

async fn serve(listener: TcpListener, routes: Router) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files, most likely: that passes, and until then there is nobody to serve.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(routes.clone());
        tokio::spawn(async move {
            let _place = place;
            // A client that leaves is what some experiments are about.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_WITHIN)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
