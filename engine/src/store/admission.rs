//! Whether tasks may be added. Pure, and the same for every store.

use std::collections::HashSet;

use super::write::Refusal;

/// Refuses tasks that would bring the unfinished ones over `limit`. `keys` has the unique key of
/// each that no unfinished task has yet: those that share one become one task, and one that only
/// finds a task that stands is none at all.
pub fn fits_backlog(keys: &[Option<&str>], unfinished: u64, limit: u64) -> Result<(), Refusal> {
    let plain = keys.iter().filter(|key| key.is_none()).count();
    let keyed: HashSet<&str> = keys.iter().copied().flatten().collect();
    let new = (plain + keyed.len()) as u64;
    // Nothing new fits any backlog, also one whose limit has been lowered since.
    if new > 0 && unfinished + new > limit {
        return Err(Refusal::BacklogFull(limit));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fits_backlog;
    use crate::store::Refusal;

    #[test]
    fn only_what_is_new_takes_room() {
        assert_eq!(fits_backlog(&[], 9, 5), Ok(()));
        assert_eq!(fits_backlog(&[None, None], 3, 5), Ok(()));
        assert_eq!(fits_backlog(&[Some("a"), Some("a"), None], 3, 5), Ok(()));
        assert_eq!(
            fits_backlog(&[Some("a"), Some("b"), None], 3, 5),
            Err(Refusal::BacklogFull(5))
        );
    }
}
