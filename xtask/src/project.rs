//! Where things are: the workspace, cargo's target directory, and what this tool writes there.

use std::{env, ffi::OsString, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The two directories that every step reads from or writes to.
#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    /// The directory of the root `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo puts what it compiles, and this tool what it makes of that.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
}

impl Project {
    /// Asks cargo, which alone knows whether `CARGO_TARGET_DIR` or a configuration file moved the
    /// target directory.
    pub(crate) fn locate() -> Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("cannot run cargo")?;
        ensure!(
            output.status.success(),
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("cargo metadata printed something else")
    }

    /// The web root that the server embeds.
    pub(crate) fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// Results of the slow steps, kept under the hash of what they were made from.
    pub(crate) fn cache(&self) -> PathBuf {
        self.target.join("site-cache")
    }

    /// The style sheet that the others are imported into.
    pub(crate) fn style(&self) -> PathBuf {
        self.root.join("style").join("main.css")
    }

    /// Files that are served as they are.
    pub(crate) fn public(&self) -> PathBuf {
        self.root.join("public")
    }
}

/// The cargo that runs this tool, so that every step uses the same toolchain.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
