//! The server functions: the browser's own thin way to the engine, under `/fn`.

use glassworks_protocol::Stats;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::refused::Refused;

/// The server's figures.
#[server(prefix = "/fn", endpoint = "stats", input = GetUrl)]
pub async fn load_stats() -> Result<Stats, Refused> {
    let engine = expect_context::<glassworks_engine::Engine>();
    engine
        .stats()
        .await
        .map_err(|error| crate::refused::answer(&error))
}
