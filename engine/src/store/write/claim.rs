//! Attempts: which tasks are taken, under which leases, and how they end.

use std::fmt;
use std::sync::Arc;

use glassworks_protocol::{RetryPolicy, TaskId, Timestamp};

use super::{Effects, Refusal};
use crate::store::decision::Head;
use crate::store::remote::RemoteClaim;

/// Which running attempts are lost.
#[derive(Clone, Debug, PartialEq)]
pub enum Lost {
    /// Every one that a node makes: right only where no other node can be alive, and this one makes
    /// none yet. Those of remote workers go on.
    All,
    /// Those of remote workers whose lease has expired, or whose time is over.
    Remote {
        /// Spreads the wait before another attempt: a random number from 0 to 1.
        roll: f64,
    },
    /// Those of nodes whose lease has expired.
    Expired {
        /// How long a lease lasts, in milliseconds: with it goes how long its node was silent.
        lease_ms: u64,
        /// Attempts that the asking node is making, whatever their leases say. A node never takes
        /// back its own.
        held: Vec<(TaskId, u32)>,
    },
}

/// Which tasks a node, or a worker, takes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Served {
    /// Those of these kinds, which it can run.
    pub kinds: Arc<[String]>,
    /// Those of these queues; of all when `None`.
    pub queues: Option<Arc<[String]>>,
}

impl Served {
    /// Whether tasks of `queue` are taken.
    pub fn has_queue(&self, queue: &str) -> bool {
        let named = |queues: &Arc<[String]>| queues.iter().any(|name| name == queue);
        self.queues.as_ref().is_none_or(named)
    }
}

/// What a node asks for when it has room.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The node that will run the tasks.
    pub node: String,
    /// Which tasks it takes.
    pub served: Served,
    /// How many tasks it has room for.
    pub room: u32,
    /// How long each lease lasts, in milliseconds.
    pub lease_ms: u64,
    /// When a worker asks over HTTP. Then `node` is its name.
    pub remote: Option<RemoteClaim>,
}

impl Claim {
    /// Starts an attempt at the task of `head` for it, whose time limit and backoff are `of_task`.
    pub(in crate::store) fn start(
        &self,
        head: &mut Head,
        of_task: (u64, Option<RetryPolicy>),
        now: Timestamp,
    ) -> Result<(Effects, Option<Lease>), Refusal> {
        let Some(remote) = &self.remote else {
            return head
                .claim(now, self.lease_ms)
                .map(|effects| (effects, None));
        };
        let (effects, token) =
            head.claim_remotely(now, self.lease_ms, (remote, &self.node), of_task)?;
        let lease = Lease {
            token,
            left_ms: self.lease_ms,
        };
        Ok((effects, Some(lease)))
    }
}

/// A kind that a worker serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub kind: String,
    /// The JSON Schema of its payload, as text.
    pub schema: Option<String>,
    /// What it does, for people.
    pub description: String,
    /// The worker that offers it.
    pub worker: String,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It returned this, as JSON text; `None` for null.
    Completed(Option<String>),
    /// It failed.
    Failed {
        /// Why.
        message: String,
        /// How long it ran, in milliseconds.
        ran_ms: u64,
        /// How long to wait before another attempt, should attempts remain, in milliseconds;
        /// `None` fails the task for good.
        retry_in_ms: Option<u64>,
    },
    /// It stopped because somebody asked it to.
    Stopped,
    /// Its node could not make it. It does not count, and another follows.
    Postponed {
        /// Why.
        message: String,
        /// How long it ran, in milliseconds.
        ran_ms: u64,
        /// How long to wait before another attempt, in milliseconds.
        wait_ms: u64,
    },
    /// It was interrupted by a shutdown, and does not count.
    Released,
}

/// A task to run.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The task.
    pub id: TaskId,
    /// Its kind.
    pub kind: String,
    /// Its payload as JSON text.
    pub payload: String,
    /// The attempt to make.
    pub attempt: u32,
    /// When it was due.
    pub run_at: Timestamp,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// Its own backoff.
    pub retry: Option<RetryPolicy>,
    /// The trace it belongs to, as the header of its request had it.
    pub traceparent: Option<String>,
    /// How many attempts count so far, this one among them.
    pub counted_attempts: u32,
    /// For a remote worker.
    pub lease: Option<Lease>,
}

/// What lets a remote worker write for an attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Lease {
    /// Opaque and secret. What is stored of it is a hash.
    pub token: String,
    /// How long it lasts from now, in milliseconds.
    pub left_ms: u64,
}

/// Without the secret.
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("left_ms", &self.left_ms)
            .finish_non_exhaustive()
    }
}

/// An attempt whose lease was extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewedLease {
    /// The task.
    pub id: TaskId,
    /// The attempt that runs.
    pub attempt: u32,
    /// Whether it has been asked to stop.
    pub cancel_requested: bool,
}
