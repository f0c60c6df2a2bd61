//! What the web root holds (`manifest.json`), and what the budget is counted from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file's name in the web root.
pub(crate) const FILE: &str = "manifest.json";

/// The list of everything that is served as a file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// What the page's head links to.
    pub(crate) entries: Entries,
    /// All files, ordered by path.
    pub(crate) files: Vec<File>,
}

/// URL paths of the files that pages load.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entries {
    pub(crate) js: String,
    /// The script that loads pieces, which `js` imports.
    pub(crate) loader: String,
    pub(crate) wasm: String,
    pub(crate) css: String,
    /// What single pages load beside: the pieces of each lazy view, by its name.
    pub(crate) pieces: BTreeMap<String, Vec<String>>,
}

/// One file. Its content lies in the web root under `path`, and its compressed forms beside it,
/// with `.br` and `.gz` added to the name.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct File {
    /// The URL path, with the leading slash.
    pub(crate) path: String,
    /// The `Content-Type`, with its charset where the type has one.
    pub(crate) content_type: String,
    /// A hash of the content in 32 hexadecimal digits, without quotes. Compressed forms are representations of
    /// their own and need another strong `ETag` (RFC 9110, section 8.8.3.3).
    pub(crate) etag: String,
    /// The name changes with the content, so a cache may keep it for ever.
    pub(crate) immutable: bool,
    /// Bytes as it is.
    pub(crate) size: u64,
    /// Bytes of the brotli form, where there is one.
    pub(crate) br: Option<u64>,
    /// Bytes of the gzip form, where there is one.
    pub(crate) gz: Option<u64>,
}

impl File {
    /// Bytes that a browser receives: every browser that runs wasm takes brotli.
    pub(crate) fn on_the_wire(&self) -> u64 {
        self.br.unwrap_or(self.size)
    }
}
