//! Which tasks the list's URL asks for.

use glassworks_protocol::{PageRequest, State, TaskFilter, UnknownState};

use crate::query;

/// Tasks on a page of the list.
pub(crate) const ON_PAGE: u32 = 50;
/// Tasks in each list of the board; the rest is a link away.
pub(crate) const ON_BOARD: u32 = 12;

/// What the URL of a list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// Which tasks.
    pub(crate) filter: TaskFilter,
    /// Which page of them.
    pub(crate) page: PageRequest,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: TaskFilter::default(),
            page: PageRequest {
                limit: Some(ON_PAGE),
                cursor: None,
            },
        }
    }
}

impl ListQuery {
    /// The list of the board for `state`.
    pub(crate) fn on_board(state: State) -> Self {
        Self {
            filter: TaskFilter {
                state: vec![state],
                ..TaskFilter::default()
            },
            page: PageRequest {
                limit: Some(ON_BOARD),
                cursor: None,
            },
        }
    }

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
                "state" => list.filter.state = states(value.as_deref())?,
                "kind" => list.filter.kind = value,
                "queue" => list.filter.queue = value,
                "tag" => list.filter.tag = value,
                "q" => list.filter.q = value,
                "cursor" => list.page.cursor = value,
                "limit" => list.page.limit = value.and_then(|limit| limit.parse().ok()),
                _ => {}
            }
        }
        Ok(list)
    }

    /// The query string that [`Self::parse`] reads; nothing in it for what is usual.
    pub(crate) fn query(&self) -> String {
        let limit = self
            .page
            .limit
            .filter(|limit| *limit != ON_PAGE)
            .map(|limit| limit.to_string());
        let states = words(&self.filter.state);
        let pairs = [
            (
                "state",
                Some(states.as_str()).filter(|states| !states.is_empty()),
            ),
            ("kind", self.filter.kind.as_deref()),
            ("queue", self.filter.queue.as_deref()),
            ("tag", self.filter.tag.as_deref()),
            ("q", self.filter.q.as_deref()),
            ("cursor", self.page.cursor.as_deref()),
            ("limit", limit.as_deref()),
        ];
        query::encode(
            pairs
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        )
    }

    /// The page of the list that shows this.
    pub(crate) fn url(&self) -> String {
        let query = self.query();
        if query.is_empty() {
            "/tasks".to_owned()
        } else {
            format!("/tasks?{query}")
        }
    }

    /// The list of all tasks in `state`.
    pub(crate) fn of_state(state: State) -> Self {
        Self {
            filter: TaskFilter {
                state: vec![state],
                ..TaskFilter::default()
            },
            ..Self::default()
        }
    }

    /// The same list from `cursor` on; from its beginning without one.
    pub(crate) fn at(&self, cursor: Option<String>) -> Self {
        let mut list = self.clone();
        list.page.cursor = cursor;
        list
    }
}

/// Reads what [`words`] wrote.
fn states(words: Option<&str>) -> Result<Vec<State>, UnknownState> {
    let words = words.into_iter().flat_map(|words| words.split(','));
    words.map(|word| word.trim().parse()).collect()
}

/// States as a query has them: with commas between them.
pub(crate) fn words(states: &[State]) -> String {
    let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::ListQuery;
    use glassworks_protocol::State;

    #[test]
    fn a_url_leads_back_to_its_list() {
        let mut list = ListQuery::of_state(State::Failed);
        list.filter.q = Some("50% & more".to_owned());
        let mut list = list.at(Some("c=1".to_owned()));
        let read = ListQuery::parse(list.url().strip_prefix("/tasks").unwrap()).unwrap();
        assert_eq!(read, list);
        assert_eq!(ListQuery::default().url(), "/tasks");
        list.filter.state = vec![State::Queued, State::Running];
        assert_eq!(ListQuery::parse(&list.query()), Ok(list));
        let on_board = ListQuery::on_board(State::Running);
        assert_eq!(ListQuery::parse(&on_board.query()), Ok(on_board));
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
