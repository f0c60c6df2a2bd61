//! Which tasks the list's URL asks for.

use glassworks_protocol::{Order, PageRequest, State, TaskFilter, Timestamp};

use crate::query;
use crate::search::{self, Narrowed, Notes};

/// Tasks on a page of the list.
pub(crate) const ON_PAGE: u32 = 50;
/// Tasks in each list of the board; the rest is a link away.
pub(crate) const ON_BOARD: u32 = 12;

/// The page of all tasks in `state`.
pub(crate) fn url_of(state: State) -> String {
    format!("/tasks?state={state}")
}

/// The query string of the board's list of `state`.
pub(crate) fn on_board(state: State) -> String {
    format!("state={state}&limit={ON_BOARD}")
}

/// What the URL of a list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// Which tasks.
    pub(crate) narrowed: Narrowed,
    /// What was typed into the box, and what is to be said of it, if anything is.
    pub(crate) typed: Option<(String, Notes)>,
    /// Which page of them.
    pub(crate) page: PageRequest,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            narrowed: Narrowed::default(),
            typed: None,
            page: PageRequest {
                limit: Some(ON_PAGE),
                ..PageRequest::default()
            },
        }
    }
}

impl ListQuery {
    /// Reads a query string. Empty values are what a form sends for fields left empty; names it
    /// does not know are let be, since links from elsewhere carry their own. The error says in
    /// words what is wrong.
    pub(crate) fn parse(search: &str) -> Result<Self, String> {
        Self::from_pairs(query::parse(search))
    }

    /// As [`Self::parse`], for pairs that are decoded already.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let mut list = Self::default();
        let mut typed = String::new();
        for (name, value) in pairs {
            let value = value.trim().to_owned();
            if value.is_empty() {
                continue;
            }
            let moment = || {
                let moment = value.parse();
                moment.map_err(|_| format!("`{name}` is not a moment: `{}`", short(&value)))
            };
            match name.as_str() {
                "state" => list.narrowed.filter.state = search::states(&value)?,
                "since" => list.narrowed.since = Some(moment()?),
                "until" => list.narrowed.until = Some(moment()?),
                "kind" => list.narrowed.filter.kind = Some(value),
                "queue" => list.narrowed.filter.queue = Some(value),
                "tag" => list.narrowed.filter.tag = Some(value),
                "q" => typed = value,
                "cursor" => list.page.cursor = Some(value),
                "limit" => list.page.limit = value.parse().ok(),
                "order" => {
                    let order: Order = value.parse().map_err(|error| format!("{error}"))?;
                    list.page.order = Some(order).filter(|order| *order != Order::Newest);
                }
                _ => {}
            }
        }
        // The words of the box come last: they are what was typed, the rest is what was left.
        let notes = search::read(&typed, &mut list.narrowed);
        list.typed = (notes != Notes::default()).then_some((typed, notes));
        Ok(list)
    }

    /// What the box holds.
    pub(crate) fn box_text(&self) -> String {
        match (&self.typed, &self.narrowed.filter.q) {
            (Some((typed, _)), _) => typed.clone(),
            (None, Some(text)) => search::write(text),
            (None, None) => String::new(),
        }
    }

    /// The query string that [`Self::parse`] reads; nothing in it for what is usual.
    pub(crate) fn query(&self) -> String {
        let pairs = self.pairs();
        query::encode(pairs.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// The names and values of the query string.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let Narrowed {
            filter,
            since,
            until,
        } = &self.narrowed;
        let limit = self.page.limit.filter(|limit| *limit != ON_PAGE);
        let pairs = [
            ("state", Some(words(&filter.state))),
            ("kind", filter.kind.clone()),
            ("queue", filter.queue.clone()),
            ("tag", filter.tag.clone()),
            ("since", since.map(|when| when.to_string())),
            ("until", until.map(|when| when.to_string())),
            ("q", Some(self.box_text())),
            (
                "order",
                self.page.order.map(|order| order.as_str().to_owned()),
            ),
            ("cursor", self.page.cursor.clone()),
            ("limit", limit.map(|limit| limit.to_string())),
        ];
        pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
            .collect()
    }

    /// The filter that the engine understands, `now`.
    pub(crate) fn filter(&self, now: Timestamp) -> TaskFilter {
        let Narrowed {
            filter,
            since,
            until,
        } = &self.narrowed;
        TaskFilter {
            since: since.map(|when| when.begins(now)),
            until: until.map(|when| when.ends(now)),
            ..filter.clone()
        }
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

    /// The same list from its beginning, of other states; of all, when there are none.
    pub(crate) fn in_states(&self, states: Vec<State>) -> Self {
        let mut list = self.at(None);
        // What was typed may name states, too: it is told by what it meant.
        list.typed = None;
        list.narrowed.filter.state = states;
        list
    }

    /// The same list from `cursor` on; from its beginning without one.
    pub(crate) fn at(&self, cursor: Option<String>) -> Self {
        let mut list = self.clone();
        list.page.cursor = cursor;
        list
    }

    /// Whether it shows less than all there is.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.narrowed != Narrowed::default() || self.typed.is_some()
    }
}

/// States as a query has them: with commas between them.
pub(crate) fn words(states: &[State]) -> String {
    let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    words.join(",")
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::{ListQuery, on_board, url_of};
    use glassworks_protocol::State;

    #[test]
    fn a_url_leads_back_to_its_list() {
        let mut list = ListQuery::parse("state=failed").unwrap();
        assert_eq!(list.url(), url_of(State::Failed));
        list.narrowed.filter.q = Some("50% & kind:more".to_owned());
        list.narrowed.since = Some("2h".parse().unwrap());
        list.page.order = Some(glassworks_protocol::Order::Oldest);
        let mut list = list.at(Some("c=1".to_owned()));
        let read = ListQuery::parse(list.url().strip_prefix("/tasks").unwrap()).unwrap();
        assert_eq!(read, list);
        assert_eq!(ListQuery::default().url(), "/tasks");
        list.narrowed.filter.state = vec![State::Queued, State::Running];
        assert_eq!(ListQuery::parse(&list.query()), Ok(list));
        let list = ListQuery::parse(&on_board(State::Running)).unwrap();
        assert_eq!(list.query(), on_board(State::Running));
    }

    #[test]
    fn fields_left_empty_ask_for_nothing() {
        let list = ListQuery::parse("?state=&kind=&q=+&since=&order=newest&utm_source=x").unwrap();
        assert_eq!(list, ListQuery::default());
    }

    #[test]
    fn a_word_that_is_no_state_is_said() {
        for (wrong, said) in [
            ("state=done", "`done`"),
            ("since=soon", "`soon`"),
            ("order=odd", "`odd`"),
        ] {
            assert!(ListQuery::parse(wrong).unwrap_err().contains(said));
        }
    }

    #[test]
    fn the_box_has_the_last_word() {
        let list =
            ListQuery::parse("kind=sleep&state=queued&q=kind:http+late+state:failed").unwrap();
        assert_eq!(list.url(), "/tasks?state=failed&kind=http&q=late");
        assert_eq!(list.typed, None);
        // What cannot be read stays in the box, beside what is said of it.
        let list = ListQuery::parse("q=kind:http+state:done").unwrap();
        assert_eq!(list.box_text(), "kind:http state:done");
        assert_eq!(ListQuery::parse(&list.query()), Ok(list.clone()));
        assert!(list.typed.as_ref().unwrap().1.left_out);
        assert_eq!(list.in_states(vec![]).url(), "/tasks?kind=http");
    }
}
