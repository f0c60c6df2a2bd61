//! Moving everything from one store to another: an export is lines of JSON, which an import takes in.
//!
//! The first line says what the file is, the last how many lines of each type came between, and the
//! SHA-256 of all lines before it. Between them each line is a row of a store, in the order of
//! `store/whole/catalogue.rs`. Both ways hold one line, or one batch of lines, at a time.
//!
//! An import notes in its target, in the same transaction as each batch, how far it has come. Until
//! it has seen the trailer and found that all agrees, no engine starts there.

mod export;
mod frame;
mod import;
mod line;
mod lines;

use std::collections::BTreeMap;
use std::io;

use uuid::Uuid;

use crate::options::Database;
use crate::store::OpenError;
use crate::store::whole::WholeError;

pub use export::export;
pub use import::{check, import};

/// How far an export or an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Lines that have been written or taken in, with those that were there before.
    pub lines: u64,
    /// The bytes of these lines.
    pub bytes: u64,
    /// The type of the latest line.
    pub of: &'static str,
}

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The number of the export.
    pub export: Uuid,
    /// How many lines there are of each type, header and trailer apart.
    pub counts: BTreeMap<String, u64>,
    /// The bytes of all lines.
    pub bytes: u64,
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The database cannot be opened.
    #[error("the database {database} cannot be opened: {cause}")]
    Open {
        /// Which one.
        database: Database,
        /// Why.
        cause: OpenError,
    },
    /// The database cannot be exported, or imported into.
    #[error("the database {database} cannot be used for this: {cause}")]
    Refused {
        /// Which one.
        database: Database,
        /// Why.
        cause: WholeError,
    },
    /// An import that was begun is of another export.
    #[error(
        "an import of another export ({begun}) was begun in this database and not finished: go on with \
         its file, or begin anew with an empty database"
    )]
    Other {
        /// The number of that export.
        begun: Uuid,
    },
    /// What is exported cannot be written.
    #[error("what is exported cannot be written: {0}")]
    Write(io::Error),
    /// What is to be imported cannot be read.
    #[error("what is to be imported cannot be read: {0}")]
    Read(io::Error),
    /// A line is not one that can be imported.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number; the first has 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The database did not take lines in.
    #[error("lines {first} to {last} could not be stored: {cause}")]
    Untaken {
        /// The number of the first.
        first: u64,
        /// The number of the last.
        last: u64,
        /// Why.
        cause: WholeError,
    },
}

impl MoveError {
    fn line(line: u64, reason: impl Into<String>) -> Self {
        Self::Line {
            line,
            reason: reason.into(),
        }
    }
}
