//! The OpenAPI document: drawn from the routes and their types, and completed with what all routes
//! have in common.
//!
//! [`crate::router`] collects what each route says of itself. What the guards and the extractors
//! answer ([`refusals`]), what Rust's types say otherwise than JSON ([`shapes`]), what is said over
//! a WebSocket ([`sockets`]) and which kinds of task there are ([`kinds`]) is added here, once for
//! all routes.

mod frame;
pub(crate) mod header;
mod kinds;
pub(crate) mod ranges;
mod refusals;
pub(crate) mod served;
mod shapes;
pub(crate) mod sockets;
pub(crate) mod tags;

use glassworks_engine::PayloadSchema;
use glassworks_protocol::KindInfo;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};

pub(crate) use served::Served;

use crate::access::table;

/// The media type of a problem document (RFC 9457).
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// The document before any route: title, tags, and what no route refers to by itself.
pub(crate) fn frame() -> OpenApi {
    frame::Frame::openapi()
}

/// Completes what the routes say of themselves; `payloads` are those of `kinds`.
pub(crate) fn complete(
    mut document: OpenApi,
    kinds: &[KindInfo],
    payloads: Vec<PayloadSchema>,
) -> OpenApi {
    shapes::correct(&mut document);
    kinds::describe(&mut document, kinds, payloads);
    ranges::say(&mut document);
    sockets::describe(&mut document);
    refusals::add(&mut document);
    table::describe(&mut document);
    document
}

/// Every operation of a path, with its method.
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (HttpMethod, &Operation)> {
    [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Patch, &item.patch),
        (HttpMethod::Delete, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// Every operation of a path, with its method, to change.
pub(crate) fn operations_mut(
    item: &mut PathItem,
) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
