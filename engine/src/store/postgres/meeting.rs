//! Which nodes share the database. Nothing depends on it but the list of nodes, and that a database is
//! not moved while one is there.

use glassworks_protocol::NodeInfo;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connect::{Backoff, Connected, Endpoint};
use super::rows;
use super::sql;
use super::statements::NoStatements;
use crate::store::{StoreError, StoreFailure};

/// A node that has not been seen for longer is not there any more, in milliseconds.
pub(super) const SEEN_WITHIN_MS: i64 = 30_000;
/// How long an answer may take.
const ANSWERS_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// The connection on which nodes are told of and asked for.
pub(super) struct Meeting {
    connected: Mutex<Option<Connected<NoStatements>>>,
    endpoint: Endpoint,
    backoff: Backoff,
}

impl Meeting {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            connected: Mutex::default(),
            endpoint,
            backoff: Backoff::default(),
        }
    }

    /// Says that `node` is there, and gives all that are, by name.
    pub(super) async fn meet(&self, node: &NodeInfo) -> Result<Vec<NodeInfo>, StoreError> {
        let mut place = self.connected.lock().await;
        let known = place.take().filter(|connected| !connected.is_closed());
        let connected = match known {
            Some(connected) => connected,
            None => self.connect().await?,
        };
        let met = timeout(ANSWERS_WITHIN, ask(&connected, node)).await;
        let met = met.unwrap_or_else(|_| {
            let cause = "the server does not answer";
            Err(StoreError::new(StoreFailure::TimedOut, cause))
        })?;
        *place = Some(connected);
        Ok(met)
    }

    async fn connect(&self) -> Result<Connected<NoStatements>, StoreError> {
        self.backoff.check()?;
        let session = sql::SESSION_OF_HOUSEKEEPING;
        let made = self.endpoint.connect_soon(session, None).await;
        match &made {
            Ok(_) => self.backoff.succeeded(),
            Err(error) => self.backoff.failed(error),
        }
        made
    }
}

async fn ask(
    connected: &Connected<NoStatements>,
    node: &NodeInfo,
) -> Result<Vec<NodeInfo>, StoreError> {
    let client = &connected.client;
    let workers = (i64::from(node.workers), i64::from(node.busy_workers));
    let lag = node
        .lag_ms
        .map(|lag| i64::try_from(lag).unwrap_or(i64::MAX));
    let started_at = node.started_at.as_millis();
    client
        .execute(
            sql::SAVE_NODE,
            &[
                &node.id,
                &node.name,
                &node.version,
                &started_at,
                &workers.0,
                &workers.1,
                &node.kinds,
                &node.queues,
                &lag,
            ],
        )
        .await?;
    client.execute(sql::DROP_NODES, &[&SEEN_WITHIN_MS]).await?;
    let found = client.query(sql::NODES, &[]).await?;
    let nodes = found.iter().map(|row| {
        let count = |index| -> Result<u32, StoreError> {
            u32::try_from(rows::number(row, index)?).map_err(rows::unreadable)
        };
        let lag: Option<i64> = rows::get(row, 9)?;
        Ok(NodeInfo {
            id: rows::get(row, 0)?,
            name: rows::get(row, 1)?,
            version: rows::get(row, 2)?,
            started_at: rows::moment(row, 3)?,
            last_seen_at: rows::moment(row, 4)?,
            workers: count(5)?,
            busy_workers: count(6)?,
            kinds: rows::get(row, 7)?,
            queues: rows::get(row, 8)?,
            lag_ms: lag.and_then(|lag| u64::try_from(lag).ok()),
        })
    });
    nodes.collect()
}
