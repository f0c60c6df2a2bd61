//! Compiles the application for the browser.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};

use crate::project::{self, Project};

/// The cargo profile of the browser's code; the root `Cargo.toml` says why it differs.
const PROFILE: &str = "wasm-release";

/// The linker leaves in the module what refers to what: the splitter goes by it.
const FLAGS: (&str, &str) = (
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "-Clink-args=--emit-relocs",
);

/// Runs cargo for the wasm target and returns the module. Cargo itself skips what is up to date.
pub(crate) fn compile(project: &Project) -> Result<Vec<u8>> {
    let status = Command::new(project::cargo())
        .current_dir(&project.root)
        .args(["build", "--package", "glassworks-app", "--lib"])
        .args(["--target", "wasm32-unknown-unknown", "--profile", PROFILE])
        .args(["--no-default-features", "--features", "hydrate"])
        .env(FLAGS.0, FLAGS.1)
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "the application did not compile for the browser"
    );
    let path = compiled(project);
    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The module as the compiler leaves it, before wasm-bindgen.
fn compiled(project: &Project) -> PathBuf {
    project
        .target
        .join("wasm32-unknown-unknown")
        .join(PROFILE)
        .join("glassworks_app.wasm")
}
