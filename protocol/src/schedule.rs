//! A schedule as clients see it, and as they make it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{NewTask, Timestamp};

/// A schedule to be: a cron rule that submits a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// When, as a cron pattern of five fields (minute, hour, day of month, month, day of week),
    /// or six with seconds first.
    ///
    /// A day of month and a day of week that are both given mean either of them: `0 0 13 * FRI`
    /// fires on each 13th and on each Friday. Days of the week are 0 to 6 from Sunday on, or
    /// names; 7 is Sunday, too. A rule whose hours and minutes are numbers, lists or ranges
    /// (`0 2,14 * * *`) is one at fixed times: where clocks go forward, a time that the day leaves
    /// out fires at the first moment after the gap; where they go back, one that comes twice fires
    /// at the first of the two. A rule with `*` or a step (`*/15`) follows the clock on the wall:
    /// it skips what the clock leaves out, and fires again when the clock repeats itself.
    pub cron: String,
    /// The time zone the pattern is read in, an IANA name such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// What to submit. It cannot have `run_at` or `delay_ms`: the schedule says when.
    pub task: NewTask,
    /// What to do with firings that no node was there for.
    #[serde(default)]
    pub missed: MissedFirings,
    /// Whether it submits nothing for now.
    #[serde(default)]
    pub paused: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// What to do with firings that no node was there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MissedFirings {
    /// Submit one task for all of them.
    #[default]
    RunOnce,
    /// Submit none.
    Skip,
}

/// A moment at which a rule fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FiringTime {
    /// The moment.
    pub at: Timestamp,
    /// What clocks in the schedule's time zone show then, with their offset: RFC 3339, to the second.
    #[cfg_attr(
        feature = "openapi",
        schema(format = DateTime, example = "2026-11-23T07:15:00+01:00")
    )]
    pub local: String,
}

/// A cron rule that submits a task, each firing once however many nodes there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Schedule {
    /// Given by the server.
    pub id: Uuid,
    /// As in [`NewSchedule`].
    pub cron: String,
    /// As in [`NewSchedule`].
    pub time_zone: String,
    /// As in [`NewSchedule`].
    pub task: NewTask,
    /// As in [`NewSchedule`].
    pub missed: MissedFirings,
    /// As in [`NewSchedule`].
    pub paused: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The moment of its latest firing.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_fired_at: Option<Timestamp>,
    /// The moment of its next firing; null while it is paused, and when there is none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_fire_at: Option<Timestamp>,
    /// Why its latest firing submitted nothing, when it should have.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error: Option<String>,
}
