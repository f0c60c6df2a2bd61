//! The budget of the first page: wasm and script on the wire.

use std::fmt;

use anyhow::{Result, ensure};

use crate::{
    manifest::{File, Manifest},
    project::Project,
    site,
};

/// The most that the first page may load: on a slow phone connection (1.6 Mbit/s) about a second
/// and a half.
const LIMIT: u64 = 300 * 1024;

/// What the first page loads, in bytes as a browser receives them.
pub(crate) struct Budget {
    used: u64,
}

impl Budget {
    /// Counts the wasm, its script, and every module that the script imports.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let counts = |path: &str| path.starts_with("/pkg/") && path != manifest.entries.css;
        let used = manifest
            .files
            .iter()
            .filter(|file| counts(&file.path))
            .map(File::on_the_wire)
            .sum();
        Self { used }
    }
}

impl fmt::Display for Budget {
    #[expect(clippy::cast_precision_loss, reason = "kilobytes for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kib = |bytes: u64| bytes as f64 / 1024.0;
        let (used, limit) = (kib(self.used), kib(LIMIT));
        write!(
            f,
            "First page: {used:.1} of {limit:.0} KiB of wasm and js (brotli)."
        )
    }
}

/// Fails when the web root that is there is over the limit.
pub(crate) fn check(project: &Project) -> Result<()> {
    let budget = Budget::of(&site::read(project)?);
    println!("{budget}");
    ensure!(budget.used <= LIMIT, "the first page is over its budget");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use crate::manifest::{Entries, File, Manifest};

    fn file(path: &str, br: Option<u64>) -> File {
        File {
            path: path.into(),
            content_type: String::new(),
            etag: String::new(),
            immutable: false,
            size: 1000,
            br,
            gz: None,
        }
    }

    #[test]
    fn counts_what_the_first_page_runs_and_nothing_else() {
        let manifest = Manifest {
            entries: Entries {
                js: "/pkg/a.js".into(),
                wasm: "/pkg/a.wasm".into(),
                css: "/pkg/a.css".into(),
            },
            files: vec![
                file("/favicon.svg", Some(500)),
                file("/pkg/a.css", Some(400)),
                file("/pkg/a.js", Some(30)),
                file("/pkg/a.wasm", Some(200)),
                file("/pkg/snippets/b/inline0.js", None),
            ],
        };
        assert_eq!(Budget::of(&manifest).used, 1230);
    }
}
