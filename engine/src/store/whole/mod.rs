//! A store as a whole: every row that it keeps, handed out and taken in, for moving to another.
//!
//! [`catalogue`] says what there is to move. A store reads it in that order and takes it in again by
//! the same names, whatever it calls and orders things itself.

pub(crate) mod catalogue;

use std::borrow::Cow;
use std::io;

use glassworks_protocol::Timestamp;
use uuid::Uuid;

use self::catalogue::Table;
use super::StoreError;

/// What both kinds of store say of a database that is half there.
pub(crate) const HALF_IMPORTED: &str = "an import into it was begun and not finished: run `glassworks import` with the same file again \
     to finish it, or begin anew with an empty database";

/// What is in a column of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number, a moment, or the code of a state.
    Number(i64),
    /// A fraction.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// An id.
    Id(Uuid),
    /// Ids in their order.
    Ids(Vec<Uuid>),
    /// A text as it reads, however the store keeps it.
    Text(Cow<'a, str>),
    /// Texts in their order.
    Texts(Vec<String>),
    /// Bytes that are no text, such as hashes.
    Bytes(Cow<'a, [u8]>),
}

/// A node that uses a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its name.
    pub name: String,
    /// When it was seen last.
    pub seen_at: Timestamp,
}

/// Why a store could not be handed out or taken in as a whole.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    /// It failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    /// What it handed out was not taken.
    #[error("what was exported could not be written: {0}")]
    Taker(#[from] io::Error),
    /// A node runs on it, or ran until just now.
    #[error(
        "the node {} uses it, and was seen at {}: stop every node first; one that has ended is \
         forgotten after 30 s", .0.name, .0.seen_at
    )]
    InUse(Present),
    /// It has something that is not known how to be moved.
    #[error("{0}: this version of Glassworks does not know how to move that")]
    Unknown(String),
    /// There is something in it already.
    #[error(
        "it is not empty (there is something in its table {0}): what is imported needs a database \
         of its own, in which no node has run yet"
    )]
    NotEmpty(&'static str),
    /// Somebody else imports into it.
    #[error("another import into it goes on at the same time")]
    Twice,
    /// What was taken in does not fit together.
    #[error("{0}")]
    Incoherent(String),
}

/// What is done with each row that is handed out, in the order of the columns of its table.
pub(crate) type Taker<'t> = &'t mut dyn FnMut(&'static Table, &[Value<'_>]) -> io::Result<()>;

/// A store that is open as a whole: nobody else changes it meanwhile.
///
/// Each call blocks, and must not be made on a thread of a Tokio runtime.
pub(crate) trait Whole {
    /// What sort of store it is, as in `StoreFigures`, and the version of its schema.
    fn sort(&self) -> (&'static str, usize);

    /// Hands out every row as of one moment, in the order of the catalogue, and of the keys of each
    /// table. It holds one row at a time.
    fn read(&mut self, each: Taker<'_>) -> Result<(), WholeError>;

    /// How far the import has come that was begun and not finished, in the words of
    /// [`begin`](Self::begin) and [`take`](Self::take).
    fn progress(&mut self) -> Result<Option<String>, WholeError>;

    /// Notes that an import begins. From now on no engine starts on it.
    fn begin(&mut self, progress: &str) -> Result<(), WholeError>;

    /// Takes in rows of one table, and notes how far the import has come, as one transaction.
    /// `from` is where it was before.
    fn take(
        &mut self,
        table: &'static Table,
        rows: &[Vec<Value<'static>>],
        from: &str,
        to: &str,
    ) -> Result<(), WholeError>;

    /// Ends the import: makes what is not moved but follows from it, looks whether all belongs
    /// together, and lets engines start again.
    fn finish(&mut self, from: &str) -> Result<(), WholeError>;
}
