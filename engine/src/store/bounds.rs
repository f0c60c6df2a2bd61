//! Between which ids a page of a list lies. Pure, and the same for every store.

use glassworks_protocol::{TaskFilter, TaskId};
use uuid::Uuid;

use super::Place;

/// The ids among which the nearest are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// From the place towards older tasks, or towards newer ones.
    pub(crate) to_older: bool,
    /// Both excluded.
    pub(crate) low: Uuid,
    pub(crate) high: Uuid,
}

impl Bounds {
    pub(crate) fn of(place: Place) -> Self {
        let (to_older, low, high) = match place {
            Place::Newest | Place::Elsewhere(None) => (true, Uuid::nil(), Uuid::max()),
            Place::OlderThan(TaskId(id)) | Place::Elsewhere(Some(TaskId(id))) => {
                (true, Uuid::nil(), id)
            }
            Place::NewerThan(TaskId(id)) => (false, id, Uuid::max()),
        };
        Self {
            to_older,
            low,
            high,
        }
    }

    /// No wider than two ids, both included.
    pub(crate) fn between(mut self, (least, greatest): (Uuid, Uuid)) -> Self {
        self.low = self.low.max(before(least));
        let after = Uuid::from_u128(greatest.as_u128().saturating_add(1));
        self.high = self.high.min(after);
        self
    }

    /// No wider than the time that the filter asks for: ids begin with it.
    pub(crate) fn within(mut self, filter: &TaskFilter) -> Self {
        if let Some(since) = filter.since {
            self.low = self.low.max(before(TaskId::first_at(since).0));
        }
        if let Some(until) = filter.until {
            self.high = self.high.min(TaskId::first_at(until).0);
        }
        self
    }
}

fn before(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_sub(1))
}
