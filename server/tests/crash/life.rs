//! The life of one database: process after process, each of them killed.

use std::cell::Cell;
use std::fmt;
use std::net::SocketAddr;
use std::ops::AddAssign;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::clients::{Client, Promises};
use crate::inspection::Inspection;
use crate::server::{self, Server};

const CLIENTS: u32 = 6;

/// How often a process is killed while it starts, when it takes back what the last one left.
const KILLED_EARLY: f64 = 0.15;

/// The life of one database.
pub(crate) struct Life {
    directory: TempDir,
    rng: SmallRng,
    promises: Promises,
    inspection: Inspection,
}

/// What a life has seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u32,
    acknowledged: usize,
    unacknowledged: usize,
    attempts: u64,
    lost_attempts: u64,
}

impl Life {
    pub(crate) fn begin(rng: &mut SmallRng) -> Result<Self> {
        Ok(Self {
            directory: tempfile::tempdir()?,
            rng: SmallRng::from_rng(rng),
            promises: Promises::default(),
            inspection: Inspection::default(),
        })
    }

    /// Goes through `kills` kills and then lets everything finish.
    ///
    /// After a fault the database is kept, and the fault says where.
    pub(crate) async fn live(mut self, kills: u32) -> Result<Tally> {
        match self.live_on(kills).await {
            Ok(()) => Ok(Tally {
                kills,
                acknowledged: self.promises.tasks.len(),
                unacknowledged: self.inspection.settled() - self.promises.tasks.len(),
                attempts: self.inspection.attempts,
                lost_attempts: self.inspection.lost_attempts,
            }),
            Err(fault) => {
                let kept = self.directory.keep();
                let place = kept.display();
                Err(fault.context(format!("{place} keeps the database and the server's log")))
            }
        }
    }

    async fn live_on(&mut self, kills: u32) -> Result<()> {
        for round in 1..=kills {
            let lived = self.round(round).await;
            lived.with_context(|| format!("round {round} of this database"))?;
        }
        let mut server = Server::start(self.directory.path())?;
        let address = server.ready().await?;
        self.inspection
            .see_to_the_end(address, &self.promises)
            .await
            .context("after the last kill")?;
        server.kill().await?;
        server::check_remains(self.directory.path())
    }

    /// From one start to the next kill.
    async fn round(&mut self, round: u32) -> Result<()> {
        let mut server = Server::start(self.directory.path())?;
        if self.rng.random_bool(KILLED_EARLY) {
            self.pass(0..=200).await;
            server.kill().await?;
        } else {
            let address = server.ready().await?;
            self.inspection.look(address, &self.promises).await?;
            self.work_until_killed(round, server, address).await?;
        }
        server::check_remains(self.directory.path())
    }

    /// Has clients keep the server busy, and kills it meanwhile.
    async fn work_until_killed(
        &mut self,
        round: u32,
        server: Server,
        address: SocketAddr,
    ) -> Result<()> {
        let killed = Cell::new(false);
        let clients: Vec<_> = (1..=CLIENTS)
            .map(|number| Client {
                name: format!("{round}-{number}"),
                rng: SmallRng::from_rng(&mut self.rng),
                killed: &killed,
            })
            .map(|client| client.keep_busy(address))
            .collect();
        let kill = async {
            self.pass(3..=500).await;
            killed.set(true);
            server.kill().await
        };
        let (promised, ended) = future::join(future::join_all(clients), kill).await;
        // A server that ended by itself says more than the clients that it left.
        ended?;
        for promises in promised {
            self.promises.add(promises?);
        }
        Ok(())
    }

    /// Lets some time pass, in milliseconds.
    async fn pass(&mut self, millis: std::ops::RangeInclusive<u64>) {
        sleep(Duration::from_millis(self.rng.random_range(millis))).await;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.kills += more.kills;
        self.acknowledged += more.acknowledged;
        self.unacknowledged += more.unacknowledged;
        self.attempts += more.attempts;
        self.lost_attempts += more.lost_attempts;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} acknowledged tasks and {} others, {} attempts of which {} were cut short",
            self.kills, self.acknowledged, self.unacknowledged, self.attempts, self.lost_attempts
        )
    }
}
