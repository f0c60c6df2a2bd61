//! Which tasks a list shows, and one page of it.

use serde::{Deserialize, Serialize};

use crate::{State, Task};

/// Which tasks a list shows. An absent field lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TaskFilter {
    /// Only tasks in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Only tasks of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only tasks of this queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Only tasks with this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only tasks with this text, letter case apart, in id, kind, tags, payload or error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

impl TaskFilter {
    /// Whether every task passes. A text to search for that is only blanks keeps nothing back.
    pub fn passes_all(&self) -> bool {
        let Self {
            state,
            kind,
            queue,
            tag,
            q,
        } = self;
        state.is_none()
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
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One page of tasks, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskPage<T = Task> {
    /// The tasks of this page.
    pub tasks: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_cursor: Option<String>,
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
    fn a_slip_of_the_pen_is_no_filter() {
        assert!(serde_json::from_str::<TaskFilter>(r#"{"sate": "failed"}"#).is_err());
    }
}
