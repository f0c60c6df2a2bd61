//! What a random history is made of, and how each part is aimed at the tasks that there are.

use glassworks_engine::store::{Claim, Due, End, Firing, Lost, NewRow, RequestKey, Write};
use glassworks_protocol::{
    EventBody, MissedFirings, NewTask, OutputStream, QueueSettings, RateLimit, Schedule, State,
    TaskId, Timestamp,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use crate::support::{progress, row, served};
use crate::world::{Card, World};

/// One step of a history.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Writes that are committed together.
    Commit(Vec<Op>),
    /// The same, but the commit fails in the database.
    Fail(Vec<Op>),
    /// So many milliseconds go by; backwards when the clock is set.
    Pass(i64),
    /// The store is closed and opened again.
    Restart,
}

/// A write, not yet aimed.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Submit(Vec<New>),
    SubmitOnce {
        new: Vec<New>,
        key: u8,
        fingerprint: u8,
    },
    PruneRequests {
        age: u64,
        limit: u32,
    },
    Claim {
        node: u8,
        room: u32,
    },
    Record {
        who: Who,
        entries: Vec<Entry>,
    },
    Finish {
        who: Who,
        entries: Vec<Entry>,
        end: Ending,
    },
    Cancel(Which),
    Retry(Which),
    Delete(Which),
    Renew {
        who: Vec<Who>,
        lease_ms: u64,
    },
    Rescue {
        held: Option<Vec<Who>>,
        limit: u32,
    },
    Prune {
        completed_age: u64,
        failed_age: u64,
        limit: u32,
    },
    SetQueue {
        queue: u8,
        settings: QueueSettings,
    },
    SaveSchedule {
        schedule: u8,
        next_in: Option<i64>,
    },
    DeleteSchedule(u8),
    Reschedule {
        schedule: u8,
        /// From another moment than the one it is due for.
        late: bool,
        next_in: i64,
    },
    Fire {
        schedule: u8,
        /// For another moment than the one it is due for.
        late: bool,
        next_in: Option<i64>,
        task: Option<New>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct New {
    queue: u8,
    priority: u8,
    max_attempts: u32,
    delay: Option<i64>,
    key: Option<u8>,
}

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Print { length: usize, stream: OutputStream },
    Progress(u8),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Completed(bool),
    Failed { retry_in: Option<u64> },
    Postponed { wait: u64 },
    Stopped,
    Released,
}

/// Which task is meant.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    /// One of those that there are.
    Of(Index),
    /// One that there is not.
    Unknown,
}

/// Which attempt is meant.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// One that runs, if any does.
    Running(Index),
    /// Any task, and an attempt that may be the wrong one.
    Maybe(Which, u32),
}

pub(crate) fn history() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        16 => vec(op(), 1..4).prop_map(Step::Commit),
        2 => vec(op(), 0..4).prop_map(Step::Fail),
        4 => (-20_i64..120).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => vec(new(), 1..4).prop_map(Op::Submit),
        2 => (vec(new(), 1..3), 0..4_u8, 0..2_u8)
            .prop_map(|(new, key, fingerprint)| Op::SubmitOnce { new, key, fingerprint }),
        1 => (0..100_u64, 0..3_u32)
            .prop_map(|(age, limit)| Op::PruneRequests { age, limit }),
        6 => (0..2_u8, 0..4_u32).prop_map(|(node, room)| Op::Claim { node, room }),
        6 => (who(), vec(entry(), 0..9)).prop_map(|(who, entries)| Op::Record { who, entries }),
        6 => (who(), vec(entry(), 0..2), ending())
            .prop_map(|(who, entries, end)| Op::Finish { who, entries, end }),
        3 => which().prop_map(Op::Cancel),
        3 => which().prop_map(Op::Retry),
        2 => which().prop_map(Op::Delete),
        1 => (vec(who(), 0..4), 0..100_u64)
            .prop_map(|(who, lease_ms)| Op::Renew { who, lease_ms }),
        1 => (option::weighted(0.8, vec(who(), 0..3)), 0..4_u32)
            .prop_map(|(held, limit)| Op::Rescue { held, limit }),
        1 => (0..100_u64, 0..100_u64, 0..4_u32).prop_map(|(completed_age, failed_age, limit)| {
            Op::Prune { completed_age, failed_age, limit }
        }),
        2 => (0..4_u8, settings()).prop_map(|(queue, settings)| Op::SetQueue { queue, settings }),
        1 => (0..2_u8, option::of(0_i64..50))
            .prop_map(|(schedule, next_in)| Op::SaveSchedule { schedule, next_in }),
        1 => (0..2_u8).prop_map(Op::DeleteSchedule),
        1 => (0..2_u8, any::<bool>(), 0_i64..50)
            .prop_map(|(schedule, late, next_in)| Op::Reschedule { schedule, late, next_in }),
        2 => (0..2_u8, any::<bool>(), option::of(0_i64..50), option::of(new())).prop_map(
            |(schedule, late, next_in, task)| Op::Fire { schedule, late, next_in, task }
        ),
    ]
}

/// Mostly without limits, or nothing would ever run.
fn settings() -> impl Strategy<Value = QueueSettings> {
    let rate = (1..4_u32, 1..80_u32).prop_map(|(tasks, per_ms)| RateLimit { tasks, per_ms });
    (
        proptest::bool::weighted(0.2),
        option::weighted(0.3, 1..3_u32),
        option::weighted(0.2, 1..3_u32),
        option::weighted(0.4, rate),
    )
        .prop_map(|(paused, concurrency, max_running, rate)| QueueSettings {
            paused,
            paused_until: None,
            concurrency,
            max_running,
            rate,
        })
}

fn new() -> impl Strategy<Value = New> {
    let delay = option::weighted(0.4, -30_i64..90);
    let key = option::weighted(0.3, 0..3_u8);
    (0..4_u8, 0..3_u8, 1..4_u32, delay, key).prop_map(
        |(queue, priority, max_attempts, delay, key)| New {
            queue,
            priority,
            max_attempts,
            delay,
            key,
        },
    )
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        (0..8_usize, any::<bool>()).prop_map(|(length, error)| Entry::Print {
            length,
            stream: if error {
                OutputStream::Stderr
            } else {
                OutputStream::Stdout
            },
        }),
        any::<u8>().prop_map(Entry::Progress),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        2 => any::<bool>().prop_map(Ending::Completed),
        4 => option::weighted(0.75, 0..60_u64).prop_map(|retry_in| Ending::Failed { retry_in }),
        1 => (0..60_u64).prop_map(|wait| Ending::Postponed { wait }),
        1 => Just(Ending::Stopped),
        1 => Just(Ending::Released),
    ]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        12 => any::<Index>().prop_map(Which::Of),
        1 => Just(Which::Unknown),
    ]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        5 => any::<Index>().prop_map(Who::Running),
        1 => (which(), 0..4_u32).prop_map(|(which, attempt)| Who::Maybe(which, attempt)),
    ]
}

impl Op {
    /// The write, aimed at what there is.
    pub(crate) fn aim(&self, world: &World) -> Write {
        let now = world.now;
        match self {
            Self::Submit(new) => Write::Submit(new.iter().map(|new| new.row(world)).collect()),
            Self::SubmitOnce {
                new,
                key,
                fingerprint,
            } => Write::SubmitOnce {
                rows: new.iter().map(|new| new.row(world)).collect(),
                request: RequestKey {
                    key: format!("request-{key}"),
                    fingerprint: [*fingerprint; 32],
                },
            },
            Self::PruneRequests { age, limit } => Write::PruneRequests {
                accepted_ms: *age,
                limit: *limit,
            },
            Self::Claim { node, room } => Write::Claim(Claim {
                node: node_name(*node),
                served: served(),
                room: *room,
                lease_ms: 50,
                remote: None,
            }),
            Self::Record { who, entries } => {
                let (task, attempt) = who.aim(world);
                Write::Record {
                    task,
                    attempt,
                    entries: entries.iter().map(Entry::body).collect(),
                }
            }
            Self::Finish { who, entries, end } => {
                let (task, attempt) = who.aim(world);
                Write::Finish {
                    task,
                    attempt,
                    entries: entries.iter().map(Entry::body).collect(),
                    end: end.end(),
                }
            }
            Self::Cancel(which) => Write::Cancel(which.aim(world)),
            Self::Retry(which) => Write::Retry(which.aim(world)),
            Self::Delete(which) => Write::Delete(which.aim(world)),
            Self::Renew { who, lease_ms } => Write::Renew {
                attempts: who.iter().map(|who| who.aim(world)).collect(),
                lease_ms: *lease_ms,
            },
            Self::Rescue { held, limit } => Write::Rescue {
                lost: match held {
                    None => Lost::All,
                    Some(held) => Lost::Expired {
                        lease_ms: 50,
                        held: held.iter().map(|who| who.aim(world)).collect(),
                    },
                },
                limit: *limit,
            },
            Self::Prune {
                completed_age,
                failed_age,
                limit,
            } => Write::Prune {
                completed_ms: *completed_age,
                failed_ms: *failed_age,
                limit: *limit,
            },
            Self::SetQueue { queue, settings } => Write::SaveQueue {
                name: queue_name(*queue),
                settings: *settings,
            },
            Self::SaveSchedule { schedule, next_in } => {
                let next_fire_at = next_in.map(|wait| now.plus_millis(wait));
                Write::SaveSchedule(Box::new(schedule_due(*schedule, next_fire_at)))
            }
            Self::DeleteSchedule(schedule) => Write::DeleteSchedule(schedule_id(*schedule)),
            Self::Reschedule {
                schedule,
                late,
                next_in,
            } => Write::Reschedule {
                schedule: schedule_id(*schedule),
                from: due_moment(world, *schedule, *late),
                to: now.plus_millis(*next_in),
            },
            Self::Fire {
                schedule,
                late,
                next_in,
                task,
            } => Write::Fire(Box::new(Firing {
                schedule: schedule_id(*schedule),
                due: due_moment(world, *schedule, *late),
                next: next_in.map(|wait| now.plus_millis(wait)),
                task: task.as_ref().map(|task| task.row(world)),
                error: task.is_none().then(|| "it submits nothing".to_owned()),
            })),
        }
    }
}

fn queue_name(queue: u8) -> String {
    format!("queue-{queue}")
}

/// The moment that a schedule is due for, or another.
fn due_moment(world: &World, schedule: u8, late: bool) -> Timestamp {
    let id = schedule_id(schedule);
    let known = world.schedules.iter().find(|schedule| schedule.id == id);
    let due = known.and_then(|schedule| schedule.next_fire_at);
    due.unwrap_or(world.now).plus_millis(-i64::from(late))
}

fn schedule_id(schedule: u8) -> Uuid {
    Uuid::from_u128(u128::from(schedule))
}

fn schedule_due(schedule: u8, next_fire_at: Option<Timestamp>) -> Schedule {
    Schedule {
        id: schedule_id(schedule),
        cron: "* * * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        task: NewTask::new("kind", serde_json::json!({ "from": schedule })),
        missed: MissedFirings::RunOnce,
        paused: next_fire_at.is_none(),
        created_at: Timestamp::from_millis(i64::from(schedule)),
        last_fired_at: None,
        next_fire_at,
        error: None,
    }
}

fn node_name(node: u8) -> String {
    format!("node-{node}")
}

impl New {
    fn row(&self, world: &World) -> NewRow {
        NewRow {
            queue: queue_name(self.queue),
            priority: self.priority,
            max_attempts: self.max_attempts,
            due: match self.delay {
                None => Due::AtOnce,
                // A moment that somebody names may have passed; a delay cannot be negative.
                Some(delay) if delay % 2 == 0 => Due::At(world.now.plus_millis(delay)),
                Some(delay) => Due::After(delay.unsigned_abs()),
            },
            unique_key: self.key.map(|key| format!("key-{key}")),
            ..row()
        }
    }
}

impl Entry {
    fn body(&self) -> EventBody {
        match self {
            // Of one, two and four bytes.
            Self::Print { length, stream } => EventBody::Output {
                stream: *stream,
                text: "aü🦀".chars().cycle().take(*length).collect(),
            },
            Self::Progress(percent) => progress(f64::from(*percent) / 255.0),
        }
    }
}

impl Ending {
    fn end(self) -> End {
        match self {
            Self::Completed(result) => End::Completed(result.then(|| "[1]".to_owned())),
            Self::Failed { retry_in } => End::Failed {
                message: "it failed".to_owned(),
                ran_ms: 7,
                retry_in_ms: retry_in,
            },
            Self::Postponed { wait } => End::Postponed {
                message: "it was not there".to_owned(),
                ran_ms: 7,
                wait_ms: wait,
            },
            Self::Stopped => End::Stopped,
            Self::Released => End::Released,
        }
    }
}

impl Which {
    fn aim(&self, world: &World) -> TaskId {
        match self {
            Self::Of(index) if !world.cards.is_empty() => index.get(&world.cards).new.id,
            _ => row().id,
        }
    }
}

impl Who {
    fn aim(&self, world: &World) -> (TaskId, u32) {
        match self {
            Self::Running(index) => {
                let runs = |card: &&Card| card.state == State::Running;
                let running: Vec<&Card> = world.cards.iter().filter(runs).collect();
                if running.is_empty() {
                    return (Which::Of(*index).aim(world), 1);
                }
                let card = index.get(&running);
                (card.new.id, card.attempt)
            }
            Self::Maybe(which, attempt) => (which.aim(world), *attempt),
        }
    }
}
