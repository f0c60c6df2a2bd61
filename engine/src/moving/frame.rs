//! The first and the last line of an export.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use glassworks_protocol::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::MoveError;
use crate::store::whole::catalogue::FORMAT;

/// What the last line begins with, as no other does.
const TRAILER: &[u8] = br#"{"type":"trailer""#;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    r#type: String,
    pub(super) format: u32,
    /// The number of this export.
    pub(super) export: Uuid,
    /// The version of Glassworks that has written it.
    pub(super) glassworks: String,
    /// What sort of store it is of, and the version of its schema.
    pub(super) store: String,
    pub(super) schema: usize,
    pub(super) exported_at: Timestamp,
}

/// What every version's first line has.
#[derive(Deserialize)]
struct Beginning {
    r#type: String,
    format: u32,
}

/// The last line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trailer {
    r#type: String,
    /// How many lines there are of each type, header and trailer apart.
    pub(super) counts: BTreeMap<String, u64>,
    /// Of all lines before it, with their ends, in hexadecimal.
    pub(super) sha256: String,
}

impl Header {
    pub(super) fn new((store, schema): (&str, usize)) -> Self {
        Self {
            r#type: "header".to_owned(),
            format: FORMAT,
            export: Uuid::now_v7(),
            glassworks: env!("CARGO_PKG_VERSION").to_owned(),
            store: store.to_owned(),
            schema,
            exported_at: Timestamp::now(),
        }
    }

    /// Reads the first line.
    pub(super) fn parse(line: &[u8]) -> Result<Self, MoveError> {
        let foreign = |_| MoveError::line(1, "this is not an export of Glassworks");
        let beginning: Beginning = serde_json::from_slice(line).map_err(foreign)?;
        if beginning.r#type != "header" {
            return Err(MoveError::line(1, "this is not the beginning of an export"));
        }
        if beginning.format != FORMAT {
            let reason = format!(
                "the export has the format {}, and this version of Glassworks ({}) reads the format \
                 {FORMAT}: use the version that has written it, or export anew with this one",
                beginning.format,
                env!("CARGO_PKG_VERSION"),
            );
            return Err(MoveError::line(1, reason));
        }
        serde_json::from_slice(line).map_err(foreign)
    }
}

impl Trailer {
    pub(super) fn new(counts: BTreeMap<String, u64>, sha256: String) -> Self {
        Self {
            r#type: "trailer".to_owned(),
            counts,
            sha256,
        }
    }

    /// Reads the last line, if `line` is it.
    pub(super) fn parse(line: &[u8]) -> Option<Result<Self, String>> {
        let unfit = |error| format!("the trailer cannot be read: {error}");
        line.starts_with(TRAILER)
            .then(|| serde_json::from_slice(line).map_err(unfit))
    }
}

/// Bytes in hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Cannot fail: a String takes all that is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
