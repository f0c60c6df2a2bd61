//! Shrinks the wasm with Binaryen's `wasm-opt`, where there is one.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::files;

/// Older ones do not know all that today's Rust puts into a module.
const OLDEST: u32 = 120;

/// What the compiler may use for this target; wasm-opt refuses what it was not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// A `wasm-opt` that can be run.
pub(crate) struct Optimizer {
    /// What it says of itself; part of the cache's key.
    pub(crate) version: String,
}

impl Optimizer {
    /// Looks for `wasm-opt` in `PATH`; says so when there is none that will do, because the wasm
    /// then stays larger.
    pub(crate) fn find() -> Option<Self> {
        let output = Command::new("wasm-opt").arg("--version").output().ok();
        let version = output
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        match version {
            Some(version) if number(&version).is_some_and(|number| number >= OLDEST) => {
                Some(Self { version })
            }
            Some(version) => {
                println!("{version} is too old (at least {OLDEST}): the wasm stays larger.");
                None
            }
            None => {
                println!("No wasm-opt (npm package binaryen): the wasm stays larger.");
                None
            }
        }
    }

    /// Returns `wasm` made smaller, working in the empty or absent directory `scratch`.
    #[expect(clippy::unused_self, reason = "proof that there is a wasm-opt to run")]
    pub(crate) fn run(&self, wasm: &[u8], scratch: &Path) -> Result<Vec<u8>> {
        let (input, output) = (scratch.join("input.wasm"), scratch.join("output.wasm"));
        files::write(&input, wasm)?;
        let status = Command::new("wasm-opt")
            .args(["-Oz", "-Oz", "--reorder-functions-by-name"])
            .args(["--quiet", "--strip-debug", "--strip-producers"])
            .args(FEATURES)
            .arg(&input)
            .arg("-o")
            .arg(&output)
            .status()
            .context("cannot run wasm-opt")?;
        ensure!(status.success(), "wasm-opt failed");
        std::fs::read(&output).context("wasm-opt wrote nothing")
    }
}

/// The number in `wasm-opt version 132 (version_132)`.
fn number(version: &str) -> Option<u32> {
    version.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn reads_the_number_with_and_without_a_tag() {
        assert_eq!(number("wasm-opt version 132 (version_132)"), Some(132));
        assert_eq!(number("wasm-opt version 108"), Some(108));
        assert_eq!(number("something else"), None);
    }
}
