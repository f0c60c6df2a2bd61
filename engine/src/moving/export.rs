//! From a store to lines.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use sha2::{Digest as _, Sha256};

use super::frame::{Header, Trailer, hexadecimal};
use super::{MoveError, Moved, Progress, line};
use crate::options::Database;
use crate::store;
use crate::store::whole::WholeError;

/// What is gathered before it is written.
const BUFFER: usize = 256 * 1024;
/// After how many lines it is told how far it is.
const TOLD_EVERY: u64 = 1_000;

/// Writes everything that is in `database` to `out`, and tells now and then how far it is. The last
/// line is written when all others have been: what has none is not whole.
///
/// No engine may run on the database, and none is let in if it is a file. It blocks, and must not be
/// called on a thread of a Tokio runtime. It holds one row at a time.
pub fn export(
    database: &Database,
    out: &mut dyn Write,
    told: &mut dyn FnMut(Progress),
) -> Result<Moved, MoveError> {
    let mut whole = store::open_whole(database, false).map_err(|cause| MoveError::Open {
        database: database.clone(),
        cause,
    })?;
    let refused = |cause| match cause {
        WholeError::Taker(error) => MoveError::Write(error),
        cause => MoveError::Refused {
            database: database.clone(),
            cause,
        },
    };
    if whole.progress().map_err(refused)?.is_some() {
        let half = store::whole::HALF_IMPORTED.to_owned();
        return Err(refused(WholeError::Incoherent(half)));
    }
    let header = Header::new(whole.sort());
    let mut out = BufWriter::with_capacity(BUFFER, Digesting::new(out));
    write_frame(&mut out, &header).map_err(MoveError::Write)?;
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut lines = 1;
    whole
        .read(&mut |table, values| {
            line::write(&mut out, table, values)?;
            *counts.entry(table.line).or_default() += 1;
            lines += 1;
            if lines % TOLD_EVERY == 0 {
                told(Progress {
                    lines,
                    bytes: out.get_ref().bytes,
                    of: table.line,
                });
            }
            Ok(())
        })
        .map_err(refused)?;
    out.flush().map_err(MoveError::Write)?;
    let counts: BTreeMap<String, u64> = counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count))
        .collect();
    let trailer = Trailer::new(counts, out.get_ref().digest());
    write_frame(&mut out, &trailer).map_err(MoveError::Write)?;
    out.flush().map_err(MoveError::Write)?;
    Ok(Moved {
        export: header.export,
        counts: trailer.counts,
        bytes: out.get_ref().bytes,
    })
}

fn write_frame(out: &mut impl Write, frame: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, frame)?;
    out.write_all(b"\n")
}

/// Keeps the digest of what is written.
struct Digesting<'o> {
    out: &'o mut dyn Write,
    digest: Sha256,
    bytes: u64,
}

impl<'o> Digesting<'o> {
    fn new(out: &'o mut dyn Write) -> Self {
        Self {
            out,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    /// The digest of what was written, in hexadecimal.
    fn digest(&self) -> String {
        hexadecimal(&self.digest.clone().finalize())
    }
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
