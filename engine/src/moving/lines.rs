//! Reading a file by lines, and keeping the digest of those that were read.

use std::io::{BufRead, Read as _};

use sha2::{Digest as _, Sha256};

use super::MoveError;
use super::frame::hexadecimal;

/// The longest line that is read, in bytes: far longer than what any limit lets be stored.
const LONGEST: u64 = 256 * 1024 * 1024;

/// A file, line by line.
pub(super) struct Lines<'i> {
    input: &'i mut dyn BufRead,
    line: Vec<u8>,
    /// How many lines have been read.
    pub(super) number: u64,
    /// The bytes of these lines.
    pub(super) bytes: u64,
    digest: Sha256,
}

impl<'i> Lines<'i> {
    pub(super) fn new(input: &'i mut dyn BufRead) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
            bytes: 0,
            digest: Sha256::new(),
        }
    }

    /// The next line with its end, or `None` after the last. It is not in the digest yet.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, MoveError> {
        self.line.clear();
        // What a long line took is not kept for short ones.
        self.line.shrink_to(1024 * 1024);
        let mut input = (&mut *self.input).take(LONGEST);
        let read = input
            .read_until(b'\n', &mut self.line)
            .map_err(MoveError::Read)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        if read as u64 == LONGEST {
            let reason = format!("it is longer than {LONGEST} bytes");
            return Err(MoveError::line(self.number, reason));
        }
        Ok(Some(&self.line))
    }

    /// The next line, which is not the last of the file.
    pub(super) fn next_of_more(&mut self) -> Result<&[u8], MoveError> {
        if self.next()?.is_none() {
            return Err(MoveError::line(self.number + 1, TRUNCATED));
        }
        Ok(&self.line)
    }

    /// The line that was read last.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Refuses a line that was read to the end of the file, and not to its own.
    pub(super) fn is_whole(&self) -> Result<(), MoveError> {
        if self.line.ends_with(b"\n") {
            Ok(())
        } else {
            Err(MoveError::line(self.number, TRUNCATED))
        }
    }

    /// Takes the line that was read last into the digest.
    pub(super) fn digest_line(&mut self) {
        self.digest.update(&self.line);
    }

    /// The digest of the lines that were taken into it, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        hexadecimal(&self.digest.clone().finalize())
    }
}

const TRUNCATED: &str = "the file ends here, before its trailer: it is truncated";
