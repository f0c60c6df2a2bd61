//! A program together with what it has started: a process group, ended as one.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The process group that a program leads. Dropping it kills what is left of the group, so no
/// process outlives its attempt, unless it has left the group on purpose.
#[derive(Debug)]
pub(super) struct Group(Pid);

impl Group {
    /// The group of a program that was started as the leader of one, and has not been waited for.
    pub(super) fn led_by(child: &Child) -> Option<Self> {
        let id = i32::try_from(child.id()?).ok()?;
        Pid::from_raw(id).map(Self)
    }

    /// Asks all of the group to end.
    pub(super) fn terminate(&self) {
        // Who is gone already needs no signal.
        let _ = kill_process_group(self.0, Signal::TERM);
    }
}

impl Drop for Group {
    /// The system does not give the id to another while the group has a member. When the leader
    /// was the last, it could between the wait for it and this call: at once, and only after every
    /// other id has had its turn.
    fn drop(&mut self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}
