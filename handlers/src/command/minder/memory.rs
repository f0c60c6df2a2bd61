//! Whether the system has ended processes because it was short of memory: what the control group of
//! this process counts (cgroup v2, `memory.events`), and so nothing where there is none.

use std::fs;
use std::path::Path;

/// The count at one moment.
pub(super) struct Memory(Option<u64>);

impl Memory {
    pub(super) fn look() -> Self {
        Self(kills())
    }

    /// Whether it has grown since; `None` where nobody counts.
    pub(super) fn has_run_short(&self) -> Option<bool> {
        Some(kills()? > self.0?)
    }
}

fn kills() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = own_group(&groups)?.trim_start_matches('/');
    let events = Path::new("/sys/fs/cgroup")
        .join(group)
        .join("memory.events");
    count(&fs::read_to_string(events).ok()?)
}

/// The path of the group in the one hierarchy of cgroup v2, whose number is 0.
fn own_group(groups: &str) -> Option<&str> {
    groups.lines().find_map(|line| line.strip_prefix("0::"))
}

fn count(events: &str) -> Option<u64> {
    let count = events.lines().find_map(|it| it.strip_prefix("oom_kill "))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{count, own_group};

    #[test]
    fn the_count_is_that_of_processes_killed() {
        let events = "low 0\nhigh 3\nmax 12\noom 2\noom_kill 7\noom_group_kill 1\n";
        assert_eq!(count(events), Some(7));
        assert_eq!(count("low 0\n"), None);
    }

    #[test]
    fn the_group_is_that_of_the_unified_hierarchy() {
        let groups = "4:memory:/other\n0::/system.slice/glassworks.service\n";
        assert_eq!(own_group(groups), Some("/system.slice/glassworks.service"));
        assert_eq!(own_group("4:memory:/other\n"), None);
    }
}
