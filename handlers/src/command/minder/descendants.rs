//! What a minder's program has started, and what that has started: found by whose child each
//! process is, since a process can leave its group and its session, but not its parent.

/// Kills every descendant of this process. Whether a signal reached any; there may be more by now,
/// so this is done again until no child is left.
#[cfg(target_os = "linux")]
pub(super) fn kill() -> bool {
    use rustix::process::{Signal, getpid, kill_process};

    let mut reached = false;
    for descendant in of(getpid(), &parents()) {
        reached |= kill_process(descendant, Signal::KILL).is_ok();
    }
    reached
}

/// Elsewhere nobody hands over a process whose parent has ended, so none is found.
#[cfg(not(target_os = "linux"))]
pub(super) fn kill() -> bool {
    false
}

/// Every process that the system shows, with its parent (proc(5)).
#[cfg(target_os = "linux")]
fn parents() -> Vec<(rustix::process::Pid, rustix::process::Pid)> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let process: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read(entry.path().join("stat")).ok()?;
            let process = rustix::process::Pid::from_raw(process)?;
            Some((process, parent(&stat)?))
        })
        .collect()
}

/// The parent, as the line of a process says it. Its second field is a name in parentheses, which
/// may hold anything, parentheses too; the state and the parent follow the last one.
#[cfg(target_os = "linux")]
fn parent(stat: &[u8]) -> Option<rustix::process::Pid> {
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = str::from_utf8(&stat[name_ends + 1..]).ok()?;
    let parent = fields.split_ascii_whitespace().nth(1)?.parse().ok()?;
    rustix::process::Pid::from_raw(parent)
}

/// The descendants of `ancestor`, each after its parent.
#[cfg(target_os = "linux")]
fn of<P: Copy + PartialEq>(ancestor: P, parents: &[(P, P)]) -> Vec<P> {
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        // Each process has one parent, so it is found once.
        let children = parents.iter().filter(|(_, its)| *its == parent);
        found.extend(children.map(|(child, _)| *child));
        next += 1;
    }
    found.remove(0);
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{of, parent, parents};

    #[test]
    fn descendants_are_found_through_all_generations() {
        let parents = [(5, 4), (2, 1), (4, 2), (3, 1), (7, 6), (6, 1), (9, 8)];
        assert_eq!(of(2, &parents), [4, 5]);
        assert_eq!(of(1, &parents), [2, 3, 6, 4, 7, 5]);
        assert_eq!(of(9, &parents), [] as [i32; 0]);
    }

    #[test]
    fn a_name_may_hold_anything() {
        let stat = b"12 (a) R 1 (b \xff) S 34 12 12 0";
        assert_eq!(parent(stat).unwrap().as_raw_nonzero().get(), 34);
        assert_eq!(parent(b"1 (init) S 0 1"), None);
        assert_eq!(parent(b""), None);
    }

    #[test]
    fn the_system_shows_this_process() {
        let me = rustix::process::getpid();
        let found = parents().into_iter().find(|(process, _)| *process == me);
        assert_eq!(found.map(|(_, its)| its), rustix::process::getppid());
    }
}
