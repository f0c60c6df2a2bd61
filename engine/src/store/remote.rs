//! Attempts that a worker makes over HTTP: by which lease each is known, and what its reports do.
//!
//! Pure, as all decisions are. A remote attempt is an attempt like any other; what is different is
//! that nobody here can see its worker, so its lease is a secret, and its time limit is kept by the
//! store's own clock.

use std::fmt;

use glassworks_protocol::{EventBody, OutputStream, RetryPolicy, State, TaskId, Timestamp};
use sha2::{Digest, Sha256};

use super::decision::{Effects, Head};
use super::write::{End, Refusal};
use crate::limits::Limits;
use crate::retry;

/// How much longer than its time limit an attempt may take to say how it ended, in milliseconds:
/// its worker knows the limit too.
const LIMIT_GRACE_MS: i64 = 5_000;
/// How long an attempt may go on once it was asked to stop, in milliseconds: its worker hears of it
/// with its next beat, and then has to end what it has started.
const CANCEL_GRACE_MS: i64 = 30_000;

/// What makes a claim a remote worker's.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteClaim {
    /// By what the claim is known when it is sent again. The leases are made from it, so nobody but
    /// the worker may know it.
    pub request: String,
    /// Random, and new for each claim: without it, nobody can make the leases from the request.
    pub salt: [u8; 16],
    /// No more tasks are taken once their payloads have so many bytes together. The first is taken
    /// always.
    pub max_bytes: u64,
}

/// Without the request, which makes leases.
impl fmt::Debug for RemoteClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteClaim")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

impl RemoteClaim {
    /// How a store knows the request of `worker`.
    pub fn fingerprint(&self, worker: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(worker.as_bytes());
        hash.update([0]);
        hash.update(self.request.as_bytes());
        hash.finalize().into()
    }

    /// The lease of an attempt that was granted to this claim with `salt`: opaque, and secret.
    pub fn lease(&self, salt: &[u8; 16], task: TaskId, attempt: u32) -> String {
        let mut hash = Sha256::new();
        hash.update(b"glassworks lease\0");
        hash.update(salt);
        hash.update(task.0.as_bytes());
        hash.update(attempt.to_be_bytes());
        hash.update(self.request.as_bytes());
        let digest = hash.finalize();
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    }
}

/// What is stored of a lease: whoever reads the store cannot write for a worker.
pub fn lease_hash(lease: &str) -> [u8; 32] {
    Sha256::digest(lease.as_bytes()).into()
}

/// An attempt that is made over HTTP. It is kept once it has ended, so that a report of its end can
/// be repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote {
    /// Which attempt; of another of its task nothing here is true.
    pub attempt: u32,
    /// How the claim is known that took it.
    pub request: [u8; 32],
    /// With what its lease was made.
    pub salt: [u8; 16],
    /// [`lease_hash`] of its lease.
    pub lease: [u8; 32],
    /// How long the lease lasts since it was last granted, in milliseconds.
    pub lease_ms: u64,
    /// Bytes of output that its worker has handed in.
    pub output_bytes: u64,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// When its time limit passes.
    pub limit_at: Timestamp,
    /// When it is ended, whatever its worker says.
    pub ends_at: Timestamp,
    /// The task's own backoff.
    pub retry: Option<RetryPolicy>,
    /// Whether its worker has said how it ended.
    pub ended: bool,
}

impl Remote {
    /// When somebody has to look after it, unless something happens before.
    pub fn due_at(&self, lease_expires_at: Option<Timestamp>) -> Option<Timestamp> {
        let lease = lease_expires_at.unwrap_or(self.ends_at);
        (!self.ended).then(|| self.ends_at.min(lease))
    }

    fn timed_out(&self, roll: f64) -> Verdict {
        Verdict::Failed {
            message: format!("timed out after {} ms", self.timeout_ms),
            wait: Wait::Backoff(roll),
        }
    }
}

/// What a worker hands in of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The task.
    pub task: TaskId,
    /// [`lease_hash`] of the lease.
    pub lease: [u8; 32],
    /// What the attempt has printed.
    pub output: Vec<Printed>,
    /// Progress and spans, in order.
    pub entries: Vec<EventBody>,
    /// How it ended, if it has.
    pub verdict: Option<Verdict>,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// How many bytes of output came before it.
    pub offset: u64,
    /// Where it was printed.
    pub stream: OutputStream,
    /// What was printed.
    pub text: String,
}

/// How a worker says that an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// With this result, as JSON text; `None` for null.
    Completed(Option<String>),
    /// It failed.
    Failed {
        /// Why.
        message: String,
        /// How long to wait before another attempt.
        wait: Wait,
    },
    /// It was not made to its end, and does not count.
    Released,
}

/// How long to wait before another attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wait {
    /// As the task's backoff says, spread by this number from 0 to 1.
    Backoff(f64),
    /// So many milliseconds.
    Millis(u64),
    /// Another attempt would be of no use.
    Forever,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// How its attempt stands.
    pub standing: Standing,
    /// Bytes of its output that have come so far.
    pub output_bytes: u64,
    /// How long it ran, in milliseconds, when this report has ended it.
    pub ran_ms: Option<u64>,
}

/// How an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on; or its end is stored.
    Held,
    /// It is to stop.
    Cancelled,
    /// The task is not this attempt's any more: nothing of it is taken.
    Lost,
}

impl Reported {
    /// The answer to a report of an attempt that is not its task's any more.
    pub const LOST: Self = Self {
        standing: Standing::Lost,
        output_bytes: 0,
        ran_ms: None,
    };
}

impl Head {
    /// A worker starts an attempt over HTTP. Gives its lease.
    pub fn claim_remotely(
        &mut self,
        now: Timestamp,
        lease_ms: u64,
        (claim, worker): (&RemoteClaim, &str),
        (timeout_ms, retry): (u64, Option<RetryPolicy>),
    ) -> Result<(Effects, String), Refusal> {
        let effects = self.claim(now, lease_ms)?;
        let lease = claim.lease(&claim.salt, self.id, self.attempt);
        let limit_at = now.plus_millis(i64::try_from(timeout_ms).unwrap_or(i64::MAX));
        self.remote = Some(Box::new(Remote {
            attempt: self.attempt,
            request: claim.fingerprint(worker),
            salt: claim.salt,
            lease: lease_hash(&lease),
            lease_ms,
            output_bytes: 0,
            timeout_ms,
            limit_at,
            ends_at: limit_at.plus_millis(LIMIT_GRACE_MS),
            retry,
            ended: false,
        }));
        Ok((effects, lease))
    }

    /// Whether a worker makes its running attempt over HTTP.
    pub fn is_remote(&self) -> bool {
        let remote = self.remote.as_deref();
        self.state == State::Running
            && remote.is_some_and(|remote| remote.attempt == self.attempt && !remote.ended)
    }

    /// A worker reports of its attempt: it is renewed, or it ends.
    ///
    /// The same report again changes nothing: of output only what comes after what has come is
    /// taken, and an end that is stored stays as it is.
    pub fn report(
        &mut self,
        now: Timestamp,
        report: Report,
        lease_ms: u64,
        limits: &Limits,
    ) -> Result<(Effects, Reported), Refusal> {
        let mut remote = self.remote.clone().ok_or(Refusal::Fenced)?;
        if remote.attempt != self.attempt || remote.lease != report.lease {
            return Err(Refusal::Fenced);
        }
        if remote.ended && report.verdict.is_some() {
            let again = Reported {
                standing: Standing::Held,
                output_bytes: remote.output_bytes,
                ran_ms: None,
            };
            return Ok((Effects::default(), again));
        }
        if !self.is_remote() {
            return Err(Refusal::Fenced);
        }
        let entries = entries(report.output, report.entries, &mut remote.output_bytes);
        let ran_ms = self
            .started_at
            .and_then(|started| u64::try_from(now.millis_since(started)).ok())
            .unwrap_or(0);
        let ends = report.verdict.is_some();
        let effects = if let Some(verdict) = report.verdict {
            // Whoever was stopped by the limit has used up an attempt, whatever it calls that.
            let too_late = now >= remote.limit_at && !self.cancel_requested;
            let verdict = match verdict {
                Verdict::Released if too_late => remote.timed_out(0.5),
                verdict => verdict,
            };
            let end = self.end_of(verdict, ran_ms, remote.retry);
            remote.ended = true;
            self.finish(now, remote.attempt, entries, end, limits)?
        } else {
            remote.lease_ms = lease_ms;
            self.renew(now, remote.attempt, lease_ms)?;
            self.record(now, remote.attempt, entries, limits)?
        };
        let to_stop = !ends && (self.cancel_requested || now >= remote.limit_at);
        let reported = Reported {
            standing: if to_stop {
                Standing::Cancelled
            } else {
                Standing::Held
            },
            output_bytes: remote.output_bytes,
            ran_ms: ends.then_some(ran_ms),
        };
        self.remote = Some(remote);
        Ok((effects, reported))
    }

    /// Nothing was heard of its remote attempt for too long, or its time is over: it ends.
    pub fn end_remote(
        &mut self,
        now: Timestamp,
        worker: Option<&str>,
        roll: f64,
        limits: &Limits,
    ) -> Result<Effects, Refusal> {
        let remote = self
            .remote
            .clone()
            .filter(|_| self.is_remote())
            .ok_or(Refusal::Fenced)?;
        if now < remote.ends_at {
            let message = silent(worker, self.silent_ms(now, remote.lease_ms));
            return self.rescue(now, &message);
        }
        let ran_ms = self
            .started_at
            .and_then(|started| u64::try_from(now.millis_since(started)).ok())
            .unwrap_or(0);
        let end = if now < remote.limit_at {
            End::Stopped
        } else {
            self.end_of(remote.timed_out(roll), ran_ms, remote.retry)
        };
        self.finish(now, remote.attempt, Vec::new(), end, limits)
    }

    /// Somebody asked for its remote attempt to stop: it is not waited for without end.
    pub(super) fn hurry_remote(&mut self, now: Timestamp) {
        if let Some(remote) = &mut self.remote {
            remote.ends_at = remote.ends_at.min(now.plus_millis(CANCEL_GRACE_MS));
        }
    }

    fn end_of(&self, verdict: Verdict, ran_ms: u64, policy: Option<RetryPolicy>) -> End {
        match verdict {
            Verdict::Completed(result) => End::Completed(result),
            Verdict::Released => End::Released,
            Verdict::Failed { message, wait } => End::Failed {
                message,
                ran_ms,
                retry_in_ms: match wait {
                    Wait::Forever => None,
                    Wait::Millis(millis) => Some(millis),
                    Wait::Backoff(roll) => {
                        let policy = policy.unwrap_or_default();
                        let wait = retry::delay(&policy, self.counted_attempts(), roll);
                        Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
                    }
                },
            },
        }
    }
}

/// What is kept as the message of an attempt whose worker was not heard of any more.
fn silent(worker: Option<&str>, silent_ms: Option<u64>) -> String {
    let worker = worker.unwrap_or("that made this attempt");
    let seconds = silent_ms.unwrap_or(0) / 1_000;
    format!("the worker {worker} was silent for {seconds} s")
}

/// What a report adds to the log. `received` is how much output has come before, and then with it.
///
/// A report whose output has all come before is one that was sent twice, so nothing of it is new.
fn entries(output: Vec<Printed>, others: Vec<EventBody>, received: &mut u64) -> Vec<EventBody> {
    let had_output = !output.is_empty();
    let mut entries = Vec::with_capacity(output.len() + others.len());
    for Printed {
        offset,
        stream,
        mut text,
    } in output
    {
        let end = offset.saturating_add(text.len() as u64);
        if end <= *received {
            continue;
        }
        if offset > *received {
            let missing = offset - *received;
            entries.push(EventBody::Output {
                stream: OutputStream::Stderr,
                text: format!("\n[... {missing} bytes of output were not handed in ...]\n"),
            });
        } else {
            let known = usize::try_from(*received - offset).unwrap_or(usize::MAX);
            text.drain(..text.floor_char_boundary(known));
        }
        *received = end;
        entries.push(EventBody::Output { stream, text });
    }
    if !had_output || !entries.is_empty() {
        entries.extend(others);
    }
    entries
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{EventBody, OutputStream};

    use super::{Printed, entries};

    fn printed(offset: u64, text: &str) -> Vec<Printed> {
        vec![Printed {
            offset,
            stream: OutputStream::Stdout,
            text: text.to_owned(),
        }]
    }

    #[test]
    fn output_that_comes_again_is_taken_once() {
        let mut received = 0;
        let mut take = |offset, text| {
            let progress = EventBody::Progress {
                fraction: 0.5,
                message: None,
            };
            entries(printed(offset, text), vec![progress], &mut received).len()
        };
        assert_eq!(take(0, "one\n"), 2);
        assert_eq!(take(0, "one\n"), 0, "all of it has come, its progress too");
        assert_eq!(take(0, "one\ntwo\n"), 2);
        assert_eq!(take(4, "two\n"), 0);
        assert_eq!(received, 8);
        let rest = entries(printed(4, "two\nthré"), Vec::new(), &mut received);
        assert_eq!(rest, [EventBody::output("thré")]);
        assert_eq!(received, 13);
    }

    #[test]
    fn output_that_was_left_out_is_said() {
        let mut received = 2;
        let entries = entries(printed(5, "x"), Vec::new(), &mut received);
        let EventBody::Output { text, .. } = &entries[0] else {
            panic!("{entries:?}");
        };
        assert!(text.contains("3 bytes of output were not handed in"));
        assert_eq!(entries[1], EventBody::output("x"));
        assert_eq!(received, 6);
    }
}
