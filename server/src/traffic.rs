//! What was asked of the server: requests by method, route and status, and how long they took.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glassworks_engine::{Durations, Histogram};
use http::{Method, StatusCode};
use parking_lot::Mutex;

/// Requests since the server started. Clones share it.
#[derive(Clone, Default)]
pub struct Traffic(Arc<Inner>);

#[derive(Default)]
struct Inner {
    open: AtomicU64,
    /// By route, and then by method: the routes are those of the route table, so they are few.
    routes: Mutex<HashMap<String, BTreeMap<&'static str, Count>>>,
}

#[derive(Default)]
struct Count {
    took: Histogram,
    by_status: BTreeMap<u16, u64>,
}

/// A request that is not over: for as long as this is kept, it counts as open.
pub(crate) struct Open(Traffic);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What was asked of one route by one method.
pub(crate) struct Row {
    pub(crate) route: String,
    pub(crate) method: &'static str,
    /// Until the head of the answer.
    pub(crate) took: Durations,
    pub(crate) by_status: Vec<(u16, u64)>,
}

impl Traffic {
    /// Counts a request as open.
    pub(crate) fn open(&self) -> Open {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }

    /// Counts an answered request. `route` is the pattern of the route table, never a path: a
    /// client must not be able to make up new ones.
    pub(crate) fn answered(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let method = name(method);
        let mut routes = self.0.routes.lock();
        let methods = match routes.get_mut(route) {
            Some(methods) => methods,
            None => routes.entry(route.to_owned()).or_default(),
        };
        let count = methods.entry(method).or_default();
        count.took.record(took);
        *count.by_status.entry(status.as_u16()).or_default() += 1;
    }

    /// Requests that are not over, among them streams; a WebSocket is none.
    pub(crate) fn open_requests(&self) -> u64 {
        self.0.open.load(Ordering::Relaxed)
    }

    /// What was asked so far, by route and method.
    pub(crate) fn read(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self
            .0
            .routes
            .lock()
            .iter()
            .flat_map(|(route, methods)| methods.iter().map(move |entry| (route, entry)))
            .map(|(route, (method, count))| Row {
                route: route.clone(),
                method,
                took: count.took.read(),
                by_status: count.by_status.iter().map(|(s, n)| (*s, *n)).collect(),
            })
            .collect();
        rows.sort_by(|a, b| (&a.route, a.method).cmp(&(&b.route, b.method)));
        rows
    }
}

/// A method's name; `other` for those that a client made up.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
