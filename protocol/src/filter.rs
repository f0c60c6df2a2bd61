//! Which tasks a list shows, and one page of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Reach, State, Task, TaskId};

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
            q,
            // Not what somebody asks for: of what can be seen, everything passes.
            reach: _,
        } = self;
        state.is_empty()
            && kind.is_none()
            && queue.is_none()
            && tag.is_none()
            && q.as_deref().is_none_or(|text| text.trim().is_empty())
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
}

/// One page of tasks, newest first.
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
