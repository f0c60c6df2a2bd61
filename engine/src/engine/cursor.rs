//! Places in a list, as clients send them back.

use glassworks_protocol::{FieldError, TaskFilter, TaskId};

use crate::error::Error;
use crate::store::Place;

/// Before the id of a page's newest task, to ask for newer ones.
const NEWER: &str = "newer:";
/// For a search among the tasks that only have the text; before the id of one, for older ones.
const TEXT: &str = "text";

/// The place that a client asks for.
pub(super) fn read(cursor: Option<&str>, filter: &TaskFilter) -> Result<Place, Error> {
    let Some(cursor) = cursor else {
        return Ok(Place::Newest);
    };
    let searching = filter.q.as_deref().is_some_and(|q| !q.trim().is_empty());
    let place = if let Some(id) = cursor.strip_prefix(NEWER) {
        id.parse().ok().map(Place::NewerThan).filter(|_| !searching)
    } else if let Some(rest) = cursor.strip_prefix(TEXT) {
        let place = if rest.is_empty() {
            Some(Place::Elsewhere(None))
        } else {
            let id: Option<TaskId> = rest.strip_prefix(':').and_then(|id| id.parse().ok());
            id.map(|id| Place::Elsewhere(Some(id)))
        };
        place.filter(|_| searching)
    } else {
        cursor.parse().ok().map(Place::OlderThan)
    };
    place.ok_or_else(|| {
        Error::Invalid(vec![FieldError::new(
            "cursor",
            "must be the next_cursor or previous_cursor of a page of the same list",
        )])
    })
}

/// What a client sends back for `place`; nothing for a list's beginning.
pub(super) fn write(place: Place) -> Option<String> {
    match place {
        Place::Newest => None,
        Place::OlderThan(id) => Some(id.to_string()),
        Place::NewerThan(id) => Some(format!("{NEWER}{id}")),
        Place::Elsewhere(None) => Some(TEXT.to_owned()),
        Place::Elsewhere(Some(id)) => Some(format!("{TEXT}:{id}")),
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{TaskFilter, TaskId};
    use uuid::Uuid;

    use super::{read, write};
    use crate::store::Place;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let id = TaskId(Uuid::from_u128(7));
        let list = TaskFilter::default();
        let search = TaskFilter {
            q: Some("x".to_owned()),
            ..TaskFilter::default()
        };
        for (place, filters) in [
            (Place::OlderThan(id), vec![&list, &search]),
            (Place::NewerThan(id), vec![&list]),
            (Place::Elsewhere(None), vec![&search]),
            (Place::Elsewhere(Some(id)), vec![&search]),
        ] {
            let cursor = write(place).unwrap();
            for filter in [&list, &search] {
                let accepted = filters.contains(&filter);
                let read = read(Some(&cursor), filter);
                assert_eq!(read.ok(), accepted.then_some(place), "{cursor}");
            }
        }
        assert_eq!(read(None, &list), Ok(Place::Newest));
        for none in ["", "x", "newer:", "newer:x", "text:", "text:x", "textual"] {
            assert!(read(Some(none), &search).is_err(), "{none}");
        }
    }
}
