//! What there is to move: every table, with every column, or why not.
//!
//! A store compares this with its own schema whenever it is opened as a whole, so that a migration
//! which adds something cannot be forgotten here. What changes here changes the format of exports.

/// The number of this catalogue. An import takes no other.
pub(crate) const FORMAT: u32 = 1;

/// What a column has, as stores keep it and as a line of an export says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An id: a text in a line.
    Id,
    /// Ids: a list of texts.
    Ids,
    /// A number of 16 bits.
    Small,
    /// A number of 32 bits.
    Int,
    /// A number of 64 bits. Moments are milliseconds since the Unix epoch.
    Long,
    /// A fraction.
    Real,
    /// Yes or no.
    Flag,
    /// A state: its word in a line.
    State,
    /// A text that anybody writes, with any character in it.
    Text,
    /// A text without NUL.
    Name,
    /// A text that is JSON, and is moved as it was written: a text in a line, too.
    Json,
    /// Texts without NUL: a list.
    Texts,
    /// Bytes: hexadecimal in a line.
    Bytes,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether it may have nothing.
    pub(crate) optional: bool,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The `type` of its lines.
    pub(crate) line: &'static str,
    /// Whether its rows are of the tasks that their first column names. SQLite knows tasks by
    /// numbers of its own there.
    pub(crate) of_tasks: bool,
    /// How many of its first columns are its key, by which its rows are ordered.
    pub(crate) key: usize,
    pub(crate) columns: &'static [Column],
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        optional: false,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        optional: true,
    }
}

/// Of what is in both stores, what is not moved, and why.
pub(crate) const NOT_MOVED: &[&str] = &[
    // Counted anew.
    "counts",
    // Made anew, from the tags of bodies.
    "tags",
    // Who runs: nobody does meanwhile.
    "nodes",
    // Which migrations a schema has had is its own affair.
    "migrations",
    // How far an import has come.
    "import",
];

/// The table that is there for as long as an import has not been finished.
pub(crate) const IMPORT: &str = "import";

/// What is moved, in that order: what tasks are about comes before them, and tasks before what is
/// theirs.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "keys",
        line: "key",
        of_tasks: false,
        key: 1,
        columns: &[
            column("id", Kind::Id),
            column("hash", Kind::Bytes),
            column("name", Kind::Text),
            column("scope", Kind::Name),
            optional("kinds", Kind::Json),
            optional("queues", Kind::Json),
            column("created_at", Kind::Long),
            optional("expires_at", Kind::Long),
            optional("last_used_at", Kind::Long),
        ],
    },
    // People stay signed in.
    Table {
        name: "sessions",
        line: "session",
        of_tasks: false,
        key: 1,
        columns: &[
            column("id", Kind::Id),
            column("hash", Kind::Bytes),
            column("key_id", Kind::Id),
            column("created_at", Kind::Long),
            column("expires_at", Kind::Long),
            column("last_used_at", Kind::Long),
            optional("address", Kind::Name),
            optional("user_agent", Kind::Text),
        ],
    },
    Table {
        name: "kinds",
        line: "kind",
        of_tasks: false,
        key: 1,
        columns: &[
            column("kind", Kind::Name),
            optional("schema", Kind::Json),
            column("description", Kind::Text),
            column("worker", Kind::Name),
            column("offered_at", Kind::Long),
        ],
    },
    Table {
        name: "queues",
        line: "queue",
        of_tasks: false,
        key: 1,
        columns: &[
            column("name", Kind::Name),
            column("paused", Kind::Flag),
            optional("paused_until", Kind::Long),
            optional("concurrency", Kind::Long),
            optional("max_running", Kind::Long),
            optional("rate_tasks", Kind::Long),
            optional("rate_per_ms", Kind::Long),
            column("pace", Kind::Long),
        ],
    },
    Table {
        name: "schedules",
        line: "schedule",
        of_tasks: false,
        key: 1,
        columns: &[
            column("id", Kind::Id),
            column("cron", Kind::Name),
            column("time_zone", Kind::Name),
            column("task", Kind::Json),
            column("run_missed", Kind::Flag),
            column("paused", Kind::Flag),
            column("created_at", Kind::Long),
            optional("last_fired_at", Kind::Long),
            optional("next_fire_at", Kind::Long),
            optional("error", Kind::Text),
        ],
    },
    Table {
        name: "requests",
        line: "request",
        of_tasks: false,
        key: 1,
        columns: &[
            column("key", Kind::Name),
            column("fingerprint", Kind::Bytes),
            column("tasks", Kind::Ids),
            column("accepted_at", Kind::Long),
        ],
    },
    // Those that run come as they stand, with their leases: whoever starts on them finds leases
    // that have ended, as after a crash.
    Table {
        name: "tasks",
        line: "task",
        of_tasks: false,
        key: 1,
        columns: &[
            column("id", Kind::Id),
            column("kind", Kind::Name),
            column("queue", Kind::Name),
            column("state", Kind::State),
            column("priority", Kind::Small),
            column("attempt", Kind::Int),
            column("max_attempts", Kind::Int),
            column("forgiven", Kind::Int),
            column("failures", Kind::Int),
            column("timeout_ms", Kind::Long),
            column("run_at", Kind::Long),
            optional("wait_ms", Kind::Long),
            column("created_at", Kind::Long),
            optional("started_at", Kind::Long),
            optional("finished_at", Kind::Long),
            optional("lease_expires_at", Kind::Long),
            column("cancel_requested", Kind::Flag),
            column("last_seq", Kind::Long),
            optional("log", Kind::Json),
            optional("progress_fraction", Kind::Real),
            optional("progress_message", Kind::Text),
            optional("node", Kind::Name),
            optional("unique_key", Kind::Text),
            optional("schedule_id", Kind::Id),
            column("tagged", Kind::Flag),
        ],
    },
    Table {
        name: "bodies",
        line: "body",
        of_tasks: true,
        key: 1,
        columns: &[
            column("task", Kind::Id),
            column("payload", Kind::Json),
            optional("tags", Kind::Texts),
            optional("retry", Kind::Json),
            optional("traceparent", Kind::Name),
            optional("submitted_by", Kind::Text),
        ],
    },
    Table {
        name: "results",
        line: "result",
        of_tasks: true,
        key: 1,
        columns: &[column("task", Kind::Id), column("result", Kind::Json)],
    },
    Table {
        name: "failures",
        line: "failure",
        of_tasks: true,
        key: 2,
        columns: &[
            column("task", Kind::Id),
            column("attempt", Kind::Int),
            column("at", Kind::Long),
            column("ran_ms", Kind::Long),
            column("message", Kind::Text),
        ],
    },
    Table {
        name: "events",
        line: "event",
        of_tasks: true,
        key: 2,
        columns: &[
            column("task", Kind::Id),
            column("seq", Kind::Long),
            column("attempt", Kind::Int),
            column("at", Kind::Long),
            column("body", Kind::Json),
        ],
    },
    // A worker that is still at it may go on where the task is, and the report of an end that was
    // stored can be repeated there.
    Table {
        name: "remote",
        line: "remote",
        of_tasks: true,
        key: 1,
        columns: &[
            column("task", Kind::Id),
            column("attempt", Kind::Int),
            column("request", Kind::Bytes),
            column("salt", Kind::Bytes),
            column("lease", Kind::Bytes),
            column("lease_ms", Kind::Long),
            column("output_bytes", Kind::Long),
            column("timeout_ms", Kind::Long),
            column("limit_at", Kind::Long),
            column("ends_at", Kind::Long),
            optional("due_at", Kind::Long),
            optional("retry", Kind::Json),
            column("ended", Kind::Flag),
        ],
    },
    Table {
        name: "audit",
        line: "audit",
        of_tasks: false,
        key: 1,
        columns: &[
            column("id", Kind::Long),
            column("at", Kind::Long),
            column("actor_kind", Kind::Name),
            optional("actor_id", Kind::Id),
            optional("actor", Kind::Text),
            optional("address", Kind::Name),
            column("action", Kind::Name),
            column("target", Kind::Text),
            optional("tasks", Kind::Long),
            optional("detail", Kind::Text),
        ],
    },
];

impl Table {
    /// The names of its columns, with commas between them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// The names of its key, with commas between them.
    pub(crate) fn order(&self) -> String {
        let names: Vec<&str> = self.columns[..self.key]
            .iter()
            .map(|column| column.name)
            .collect();
        names.join(", ")
    }
}

/// Compares a schema with the catalogue: `found` are its tables with their columns, by the names of
/// the catalogue. Says what is in one and not in the other.
pub(crate) fn compare(found: &[(String, String)]) -> Result<(), String> {
    for (table, column) in found {
        if NOT_MOVED.contains(&table.as_str()) {
            continue;
        }
        let Some(known) = TABLES.iter().find(|known| known.name == table) else {
            return Err(format!("it has a table {table}"));
        };
        if !known.columns.iter().any(|known| known.name == column) {
            return Err(format!("its table {table} has a column {column}"));
        }
    }
    for table in TABLES {
        for column in table.columns {
            let is_it =
                |(of, name): &(String, String)| (&**of, &**name) == (table.name, column.name);
            if !found.iter().any(is_it) {
                return Err(format!(
                    "its table {} has no column {}",
                    table.name, column.name
                ));
            }
        }
    }
    Ok(())
}
