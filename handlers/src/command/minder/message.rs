//! What the server and a minder say to each other: a line of JSON each time.

use std::ffi::OsString;
use std::io;
use std::num::NonZeroI32;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

/// What to run, and how to end it. Once the server has sent it, it says no more than by closing.
#[derive(Debug, Deserialize, Serialize)]
pub(in crate::command) struct Order {
    /// Its absolute path.
    pub(in crate::command) program: OsString,
    pub(in crate::command) arguments: Vec<OsString>,
    /// All of its environment.
    pub(in crate::command) environment: Vec<(OsString, OsString)>,
    pub(in crate::command) directory: Option<OsString>,
    /// What it finds on its standard input; nothing when absent.
    #[serde(default)]
    pub(in crate::command) input: Option<String>,
    pub(in crate::command) stop_signal: StopSignal,
    /// How long it may take after that signal before it is killed.
    pub(in crate::command) stop_grace_ms: u64,
    /// A file to hold a shared lock on while the program, or anything it has started, is there.
    pub(in crate::command) held: Option<OsString>,
}

/// What a minder says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::command) enum Report {
    /// The program runs, and leads the process group of this number.
    Started(NonZeroI32),
    /// The program could not be started; the system's number for the reason, and the reason.
    NotStarted(Option<i32>, String),
    /// The program has ended; what it has left behind is being ended.
    Ended {
        /// As wait(2) has it.
        status: i32,
        /// Whether the system ended processes meanwhile because it was short of memory; `None` where
        /// it does not say.
        out_of_memory: Option<bool>,
    },
}

impl Report {
    pub(super) fn not_started(error: &io::Error) -> Self {
        Self::NotStarted(error.raw_os_error(), error.to_string())
    }
}

/// The signal that asks a program to end, by its name in a configuration file: `TERM` or `SIGTERM`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::command) struct StopSignal(pub(super) Signal);

/// Those that a program may take for a request, and the one that it cannot refuse.
const STOP_SIGNALS: [(&str, Signal); 7] = [
    ("TERM", Signal::TERM),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("HUP", Signal::HUP),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("KILL", Signal::KILL),
];

impl Default for StopSignal {
    fn default() -> Self {
        Self(Signal::TERM)
    }
}

impl TryFrom<String> for StopSignal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.strip_prefix("SIG").unwrap_or(&text);
        let found = STOP_SIGNALS.iter().find(|(its, _)| *its == name);
        found.map(|(_, signal)| Self(*signal)).ok_or_else(|| {
            let names = STOP_SIGNALS.map(|(name, _)| name).join(", ");
            format!("`{text}` is no signal to stop with; there are {names}")
        })
    }
}

impl From<StopSignal> for String {
    fn from(StopSignal(signal): StopSignal) -> Self {
        let found = STOP_SIGNALS.iter().find(|(_, its)| *its == signal);
        // There are no others.
        found.map_or("TERM", |(name, _)| name).to_owned()
    }
}
