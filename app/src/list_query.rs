//! Which tasks the list's URL asks for.

use glassworks_protocol::{PageRequest, TaskFilter, UnknownState};

use crate::query;

/// What the URL of a list asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// Which tasks.
    pub(crate) filter: TaskFilter,
    /// Which page of them.
    pub(crate) page: PageRequest,
}

impl ListQuery {
    /// Reads a query string. Empty values are what a form sends for fields left empty; names it
    /// does not know are let be, since links from elsewhere carry their own.
    pub(crate) fn parse(search: &str) -> Result<Self, UnknownState> {
        Self::from_pairs(query::parse(search))
    }

    /// As [`Self::parse`], for pairs that are decoded already.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self, UnknownState> {
        let mut list = Self::default();
        for (name, value) in pairs {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.as_str() {
                "state" => list.filter.state = value.map(|state| state.parse()).transpose()?,
                "kind" => list.filter.kind = value,
                "queue" => list.filter.queue = value,
                "tag" => list.filter.tag = value,
                "q" => list.filter.q = value,
                "cursor" => list.page.cursor = value,
                _ => {}
            }
        }
        Ok(list)
    }

    /// The list's URL for the page of `filter` that `cursor` names.
    pub(crate) fn url(filter: &TaskFilter, cursor: Option<&str>) -> String {
        let pairs = [
            (
                "state",
                filter.state.map(glassworks_protocol::State::as_str),
            ),
            ("kind", filter.kind.as_deref()),
            ("queue", filter.queue.as_deref()),
            ("tag", filter.tag.as_deref()),
            ("q", filter.q.as_deref()),
            ("cursor", cursor),
        ];
        let query = query::encode(
            pairs
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        if query.is_empty() {
            "/tasks".to_owned()
        } else {
            format!("/tasks?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ListQuery;
    use glassworks_protocol::{State, TaskFilter};

    #[test]
    fn a_url_leads_back_to_its_filter() {
        let filter = TaskFilter {
            state: Some(State::Failed),
            q: Some("50% & more".to_owned()),
            ..TaskFilter::default()
        };
        let url = ListQuery::url(&filter, Some("c=1"));
        let list = ListQuery::parse(url.strip_prefix("/tasks").unwrap()).unwrap();
        assert_eq!(list.filter, filter);
        assert_eq!(list.page.cursor.as_deref(), Some("c=1"));
        assert_eq!(ListQuery::url(&TaskFilter::default(), None), "/tasks");
    }

    #[test]
    fn fields_left_empty_ask_for_nothing() {
        let list = ListQuery::parse("?state=&kind=&q=+&utm_source=x").unwrap();
        assert_eq!(list, ListQuery::default());
    }

    #[test]
    fn a_word_that_is_no_state_is_said() {
        assert!(
            ListQuery::parse("state=done")
                .unwrap_err()
                .to_string()
                .contains("`done`")
        );
    }
}
