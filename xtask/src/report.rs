//! The table of what the web root holds.

use std::fmt::Write as _;

use crate::manifest::Manifest;

/// One line a file: its path and its sizes in bytes, as it is, in brotli, in gzip.
pub(crate) fn table(manifest: &Manifest) -> String {
    let longest = manifest.files.iter().map(|file| file.path.len()).max();
    let width = longest.unwrap_or_default();
    let mut table = format!("{:width$} {:>9} {:>9} {:>9}", "file", "raw", "br", "gz");
    for file in &manifest.files {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |n| n.to_string());
        // Writing to a String cannot fail.
        let _ = write!(
            table,
            "\n{:width$} {:>9} {:>9} {:>9}",
            file.path,
            file.size,
            size(file.br),
            size(file.gz)
        );
    }
    table
}
