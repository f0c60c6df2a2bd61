//! From lines to a store.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::frame::{Header, Trailer};
use super::lines::Lines;
use super::{MoveError, Moved, Progress, line};
use crate::options::Database;
use crate::store;
use crate::store::whole::catalogue::TABLES;
use crate::store::whole::{Value, Whole, WholeError};

/// How much is taken in as one transaction, in lines and in their bytes.
const BATCH_LINES: usize = 5_000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// After how many lines that are only looked at it is told how far it is.
const TOLD_EVERY: u64 = 10_000;

/// How far an import has come, as its target keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Journey {
    export: Uuid,
    /// Lines that are there, with the header.
    lines: u64,
    /// Of these lines.
    sha256: String,
    counts: BTreeMap<String, u64>,
}

impl Journey {
    fn text(&self) -> Result<String, WholeError> {
        let unfit = |error: serde_json::Error| WholeError::Incoherent(error.to_string());
        serde_json::to_string(self).map_err(unfit)
    }

    /// The place in the catalogue of what was taken in last.
    fn place(&self) -> usize {
        let known = |line: &str| self.counts.contains_key(line);
        TABLES
            .iter()
            .rposition(|table| known(table.line))
            .unwrap_or(0)
    }
}

/// Looks whether `input` is a whole export that nobody has changed, as far as its digest says, and
/// tells now and then how far it is.
pub fn check(input: &mut dyn BufRead, told: &mut dyn FnMut(Progress)) -> Result<(), MoveError> {
    let mut lines = Lines::new(input);
    Header::parse(lines.next_of_more()?)?;
    lines.is_whole()?;
    lines.digest_line();
    loop {
        if let Some(trailer) = Trailer::parse(lines.next_of_more()?) {
            return end(&mut lines, trailer).map(drop);
        }
        lines.is_whole()?;
        lines.digest_line();
        if lines.number.is_multiple_of(TOLD_EVERY) {
            told(Progress {
                lines: lines.number,
                bytes: lines.bytes,
                of: "",
            });
        }
    }
}

/// Takes everything that is in `input` into `database`, and tells now and then how far it is. The
/// database has to be empty, or one where an import of the same export was begun and cut short:
/// that goes on where it was.
///
/// When it fails in the middle, what was taken in stays, and no engine starts on it until the import
/// has been finished. It blocks, and must not be called on a thread of a Tokio runtime. It holds one
/// batch at a time, and any line whole.
pub fn import(
    database: &Database,
    input: &mut dyn BufRead,
    told: &mut dyn FnMut(Progress),
) -> Result<Moved, MoveError> {
    let mut lines = Lines::new(input);
    let header = Header::parse(lines.next_of_more()?)?;
    lines.is_whole()?;
    lines.digest_line();
    let mut target = store::open_whole(database, true).map_err(|cause| MoveError::Open {
        database: database.clone(),
        cause,
    })?;
    let refused = |cause| MoveError::Refused {
        database: database.clone(),
        cause,
    };
    let begun = target.progress().map_err(refused)?;
    let journey = if let Some(begun) = begun {
        go_on(&mut lines, &header, &begun, told)?
    } else {
        let journey = Journey {
            export: header.export,
            lines: lines.number,
            sha256: lines.digest(),
            counts: BTreeMap::new(),
        };
        let text = journey.text().map_err(refused)?;
        target.begin(&text).map_err(refused)?;
        journey
    };
    let mut taking = Taking {
        place: journey.place(),
        target: &mut *target,
        journey,
        rows: Vec::new(),
        bytes: 0,
        told,
    };
    let trailer = loop {
        if let Some(trailer) = Trailer::parse(lines.next_of_more()?) {
            break trailer;
        }
        lines.is_whole()?;
        let (place, row) =
            line::parse(lines.line()).map_err(|reason| MoveError::line(lines.number, reason))?;
        taking.add(&mut lines, place, row)?;
    };
    taking.flush(&lines, lines.number - 1)?;
    let journey = taking.journey;
    let number = lines.number;
    let trailer = end(&mut lines, trailer)?;
    if trailer.counts != journey.counts {
        let reason = "the trailer tells of other counts of lines than there were";
        return Err(MoveError::line(number, reason));
    }
    let text = journey.text().map_err(refused)?;
    target.finish(&text).map_err(refused)?;
    Ok(Moved {
        export: header.export,
        counts: journey.counts,
        bytes: lines.bytes,
    })
}

/// Compares the trailer with what was read before it, and sees that nothing comes after it.
fn end(lines: &mut Lines<'_>, trailer: Result<Trailer, String>) -> Result<Trailer, MoveError> {
    let number = lines.number;
    let trailer = trailer.map_err(|reason| MoveError::line(number, reason))?;
    if trailer.sha256 != lines.digest() {
        let reason = "the lines before the trailer are not those that were exported: their digest is \
            another one";
        return Err(MoveError::line(number, reason));
    }
    let mut counts = trailer.counts.values();
    let counted = counts.try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let counted = counted.unwrap_or(u64::MAX);
    if counted != number - 2 {
        let reason = format!(
            "the trailer tells of {counted} lines, and there were {}",
            number - 2
        );
        return Err(MoveError::line(number, reason));
    }
    if lines.next()?.is_some() {
        return Err(MoveError::line(
            number + 1,
            "something comes after the trailer",
        ));
    }
    Ok(trailer)
}

/// Passes over the lines that are there, if they are the same.
fn go_on(
    lines: &mut Lines<'_>,
    header: &Header,
    begun: &str,
    told: &mut dyn FnMut(Progress),
) -> Result<Journey, MoveError> {
    let unfit = |_| MoveError::line(1, "what the database notes of the import cannot be read");
    let journey: Journey = serde_json::from_str(begun).map_err(unfit)?;
    if journey.export != header.export {
        return Err(MoveError::Other {
            begun: journey.export,
        });
    }
    while lines.number < journey.lines {
        lines.next_of_more()?;
        lines.is_whole()?;
        lines.digest_line();
        if lines.number.is_multiple_of(TOLD_EVERY) {
            told(Progress {
                lines: lines.number,
                bytes: lines.bytes,
                of: "",
            });
        }
    }
    if lines.digest() != journey.sha256 {
        let reason = "the lines so far are not those with which this import was begun";
        return Err(MoveError::line(lines.number, reason));
    }
    Ok(journey)
}

/// Lines on their way into a store.
struct Taking<'t> {
    target: &'t mut dyn Whole,
    /// What is there.
    journey: Journey,
    /// The place of the rows' table in the catalogue.
    place: usize,
    rows: Vec<Vec<Value<'static>>>,
    /// The bytes of their lines.
    bytes: usize,
    told: &'t mut dyn FnMut(Progress),
}

impl Taking<'_> {
    /// Adds the line that was read last, whose row it is.
    fn add(
        &mut self,
        lines: &mut Lines<'_>,
        place: usize,
        row: Vec<Value<'static>>,
    ) -> Result<(), MoveError> {
        if place < self.place {
            let (line, before) = (TABLES[place].line, TABLES[self.place].line);
            let reason = format!("a line `{line}` comes after lines `{before}`");
            return Err(MoveError::line(lines.number, reason));
        }
        let is_full = self.rows.len() >= BATCH_LINES || self.bytes >= BATCH_BYTES;
        if is_full || place != self.place {
            self.flush(lines, lines.number - 1)?;
        }
        self.place = place;
        self.bytes += lines.line().len();
        self.rows.push(row);
        lines.digest_line();
        Ok(())
    }

    /// Stores what has gathered, of which `last` is the number of the last line.
    fn flush(&mut self, lines: &Lines<'_>, last: u64) -> Result<(), MoveError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let table = &TABLES[self.place];
        let mut after = self.journey.clone();
        after.lines = last;
        after.sha256 = lines.digest();
        *after.counts.entry(table.line.to_owned()).or_default() += self.rows.len() as u64;
        let first = self.journey.lines + 1;
        let untaken = |cause| MoveError::Untaken { first, last, cause };
        let from = self.journey.text().map_err(untaken)?;
        let to = after.text().map_err(untaken)?;
        self.target
            .take(table, &self.rows, &from, &to)
            .map_err(untaken)?;
        self.journey = after;
        self.rows.clear();
        self.bytes = 0;
        (self.told)(Progress {
            lines: last,
            bytes: lines.bytes,
            of: table.line,
        });
        Ok(())
    }
}
