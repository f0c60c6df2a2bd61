//! Which tasks a change of many is about, as the address of its page says.

use glassworks_protocol::{BulkAction, TaskId};
#[cfg(any(feature = "ssr", test))]
use {crate::components::CHANGE, uuid::Uuid};

use crate::list_query::ListQuery;
use crate::query;

/// The name, in an address, of a change that goes on.
#[cfg(any(feature = "ssr", test))]
const RUN: &str = "run";

/// A change of many tasks that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Many {
    /// What is to be done.
    pub(crate) action: BulkAction,
    /// With which tasks.
    pub(crate) meant: Meant,
    /// The list that they were chosen from.
    pub(crate) list: ListQuery,
}

/// Which tasks of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// All that match.
    All,
    /// These.
    These(Vec<TaskId>),
}

impl Many {
    /// Reads a query string. The error says in words what is wrong.
    pub(crate) fn parse(search: &str) -> Result<Self, String> {
        let pairs = query::parse(search);
        let named = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map_or("", |(_, value)| value.as_str())
        };
        let action = BulkAction::ALL
            .into_iter()
            .find(|action| action.as_str() == named("action"))
            .ok_or("It does not say what to do: cancel, retry or delete.")?;
        let meant = if named("all") == "1" {
            Meant::All
        } else {
            let ids = pairs.iter().filter(|(name, _)| name == "id");
            let ids: Result<Vec<TaskId>, _> = ids.map(|(_, id)| id.parse()).collect();
            Meant::These(ids.map_err(|_| "It names a task whose id is none.")?)
        };
        let list = ListQuery::from_pairs(pairs)?.at(None);
        let is_clear = list.typed.as_ref().is_none_or(|(_, notes)| !notes.left_out);
        if meant == Meant::All && !is_clear {
            return Err("It is not clear which tasks are meant.".to_owned());
        }
        Ok(Self {
            action,
            meant,
            list,
        })
    }
}

/// Where a change is followed, which the server leads to.
#[cfg(any(feature = "ssr", test))]
impl Many {
    /// The change whose page this query string asks for, if it has begun.
    pub(crate) fn followed(search: &str) -> Option<Uuid> {
        let pairs = query::parse(search);
        let (_, id) = pairs.iter().find(|(name, _)| name == RUN)?;
        id.parse().ok()
    }

    /// Where the change `id` is followed.
    pub(crate) fn follow(&self, id: Uuid) -> String {
        let mut pairs = vec![(RUN, id.to_string())];
        pairs.extend(self.list.pairs());
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        format!("{CHANGE}?{}", query::encode(pairs))
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{BulkAction, State};
    use uuid::Uuid;

    use super::{Many, Meant};
    use crate::fixture::id;

    #[test]
    fn an_address_says_what_is_to_be_done_with_which_tasks() {
        let one = format!(
            "?action=cancel&id={}&id={}&state=queued&cursor=x",
            id(1),
            id(2)
        );
        let one = Many::parse(&one).unwrap();
        assert_eq!(one.action, BulkAction::Cancel);
        assert_eq!(one.meant, Meant::These(vec![id(1), id(2)]));
        assert_eq!(one.list.url(), "/tasks?state=queued");
        let all = Many::parse("action=delete&all=1&q=state:failed").unwrap();
        assert_eq!(all.meant, Meant::All);
        assert_eq!(all.list.narrowed.filter.state, [State::Failed]);
        let run = Uuid::from_u128(7);
        let followed = all.follow(run);
        assert_eq!(followed, format!("/tasks/change?run={run}&state=failed"));
        assert_eq!(
            Many::followed(followed.split_once('?').unwrap().1),
            Some(run)
        );
        assert_eq!(Many::followed("action=cancel"), None);
    }

    #[test]
    fn what_is_not_clear_is_nothing_to_do() {
        for unclear in [
            "",
            "action=explode&all=1",
            "action=cancel&id=x",
            "action=cancel&all=1&q=state:done",
            "action=cancel&all=1&state=done",
        ] {
            assert!(Many::parse(unclear).is_err(), "{unclear}");
        }
        // Nothing was ticked.
        let none = Many::parse("action=cancel").unwrap();
        assert_eq!(none.meant, Meant::These(vec![]));
    }
}
