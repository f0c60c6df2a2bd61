//! Which tasks a list shows, and one page of it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::excerpt::quoted;
use crate::{Reach, State, StateCounts, Task, TaskId, Timestamp};

/// Which tasks a list shows. An absent field lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TaskFilter {
    /// Only tasks in this state, or in one of these.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OneOrSeveral>))]
    #[serde(with = "one_or_several", skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<State>,
    /// Only tasks of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only tasks of this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Only tasks with this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only tasks that were submitted at this moment or later, by the time that their ids begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only tasks that were submitted before this moment, by the time that their ids begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Only tasks with this text in id, kind, tags, payload or error; at most 256 characters.
    /// Letter case does not count, by Unicode. What is in a payload is found as it was sent and as
    /// it reads without the escapes of JSON.
    #[cfg_attr(feature = "openapi", schema(max_length = 256))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only tasks that whoever asks has to do with. Set by the engine, and never read from a client.
    #[serde(skip)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub reach: Option<Arc<Reach>>,
}

impl TaskFilter {
    /// Whether tasks of `kind` in `queue` are among those that whoever asks has to do with.
    pub fn reaches(&self, kind: &str, queue: &str) -> bool {
        let reach = self.reach.as_ref();
        reach.is_none_or(|reach| reach.has(kind, queue))
    }

    /// Whether every task passes. A text to search for that is only blanks keeps nothing back.
    pub fn passes_all(&self) -> bool {
        let Self {
            state,
            kind,
            queue,
            tag,
            since,
            until,
            q: _,
            // Not what somebody asks for: of what can be seen, everything passes.
            reach: _,
        } = self;
        state.is_empty()
            && kind.is_none()
            && queue.is_none()
            && tag.is_none()
            && since.is_none()
            && until.is_none()
            && !self.searches()
    }

    /// Whether a text is searched for: one that is only blanks is none.
    pub fn searches(&self) -> bool {
        self.q
            .as_deref()
            .is_some_and(|text| !text.trim().is_empty())
    }

    /// Whether a task with this id was submitted within the time that is asked for.
    pub fn is_in_time(&self, id: TaskId) -> bool {
        let at = id.submitted_at();
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageRequest {
    /// 1 to 100; 50 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next_cursor` or `previous_cursor` of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Newest first when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// In which order a list is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The task that was submitted last comes first.
    #[default]
    Newest,
    /// The task that was submitted first comes first.
    Oldest,
}

impl Order {
    /// As in a query string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }
}

impl FromStr for Order {
    type Err = UnknownOrder;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Newest, Self::Oldest]
            .into_iter()
            .find(|order| order.as_str() == word)
            .ok_or_else(|| UnknownOrder(word.to_owned()))
    }
}

/// A word that names no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOrder(pub String);

impl fmt::Display for UnknownOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = quoted(&self.0);
        write!(f, "{word} is not an order; there are newest and oldest")
    }
}

impl std::error::Error for UnknownOrder {}

/// One page of tasks, newest first unless another order was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskPage<T = Task> {
    /// The tasks of this page.
    pub tasks: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last. A page can have fewer tasks
    /// than were asked for, or none, and not be the last: where they are large, or take long to
    /// look for.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_cursor: Option<String>,
    /// What to send as `cursor` for the page before; null on the first, and when searching.
    #[cfg_attr(feature = "openapi", schema(required))]
    #[serde(default)]
    pub previous_cursor: Option<String>,
    /// Where a search for a text stopped because it took too long: no task older than this one has
    /// been looked at. `next_cursor` goes on from there; a narrower filter is quicker.
    #[cfg_attr(feature = "openapi", schema(required))]
    #[serde(default)]
    pub searched_until: Option<TaskId>,
}

impl<T> TaskPage<T> {
    /// The same page of what `change` makes of each task.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> TaskPage<U> {
        TaskPage {
            tasks: self.tasks.into_iter().map(change).collect(),
            next_cursor: self.next_cursor,
            previous_cursor: self.previous_cursor,
            searched_until: self.searched_until,
        }
    }
}

/// How many tasks match a filter, by state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCounts {
    /// By state.
    pub tasks: StateCounts,
    /// Where counting ended: a state with this number has so many, or more. `None` when all are
    /// counted.
    pub most: Option<u64>,
}

impl TaskCounts {
    /// How many are in these states, or in any when there are none; and whether they may be more.
    pub fn of(&self, states: &[State]) -> (u64, bool) {
        let states = if states.is_empty() {
            &State::ALL
        } else {
            states
        };
        let counts = || states.iter().map(|state| self.tasks.get(*state));
        let or_more = |count| self.most.is_some_and(|most| count >= most);
        (counts().sum(), counts().any(or_more))
    }
}

/// How states are written: the word of one, or a list of several.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum OneOrSeveral {
    /// One.
    One(State),
    /// Each of these.
    Several(Vec<State>),
}

mod one_or_several {
    use std::fmt;

    use serde::de::value::{SeqAccessDeserializer, StrDeserializer};
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::State;

    pub(super) fn serialize<S: Serializer>(
        states: &[State],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match states {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<State>, D::Error> {
        deserializer.deserialize_any(States)
    }

    /// Reads either form, and says of a wrong word which there are.
    struct States;

    impl<'de> Visitor<'de> for States {
        type Value = Vec<State>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a state or a list of states")
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<Self::Value, E> {
            State::deserialize(StrDeserializer::new(word)).map(|state| vec![state])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, states: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(states))
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TaskFilter;

    fn filter(json: &str) -> TaskFilter {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_filter_that_keeps_nothing_back_is_told_from_others() {
        for everything in ["{}", r#"{"q": " "}"#, r#"{"state": null}"#] {
            assert!(filter(everything).passes_all(), "{everything}");
        }
        for some in [
            r#"{"state": "failed"}"#,
            r#"{"kind": "sleep"}"#,
            r#"{"queue": "default"}"#,
            r#"{"tag": ""}"#,
            r#"{"q": "x"}"#,
            r#"{"since": "2026-11-23T06:15:33Z"}"#,
            r#"{"until": "2026-11-23T06:15:33Z"}"#,
        ] {
            assert!(!filter(some).passes_all(), "{some}");
        }
    }

    #[test]
    fn one_state_is_a_word_and_several_are_a_list() {
        use crate::State;
        for (json, states) in [
            (r#"{"state":"failed"}"#, vec![State::Failed]),
            (
                r#"{"state":["queued","running"]}"#,
                vec![State::Queued, State::Running],
            ),
            ("{}", vec![]),
        ] {
            assert_eq!(filter(json).state, states);
            assert_eq!(serde_json::to_string(&filter(json)).unwrap(), json);
        }
        assert!(serde_json::from_str::<TaskFilter>(r#"{"state": "done"}"#).is_err());
    }

    #[test]
    fn a_slip_of_the_pen_is_no_filter() {
        assert!(serde_json::from_str::<TaskFilter>(r#"{"sate": "failed"}"#).is_err());
    }
}
