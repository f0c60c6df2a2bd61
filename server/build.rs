//! Compiles the browser's files into the binary: reads the web root's manifest and writes a table.
//!
//! Without a web root the table is empty, so that `cargo check` and the tests need no browser files.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

/// Where the web root is, if not in `target/site`.
const ROOT_VARIABLE: &str = "GLASSWORKS_SITE";

#[derive(Deserialize)]
struct Manifest {
    entries: Entries,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Entries {
    js: String,
    wasm: String,
    css: String,
}

#[derive(Deserialize)]
struct File {
    path: String,
    content_type: String,
    etag: String,
    immutable: bool,
    br: Option<u64>,
    gz: Option<u64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = match env::var_os(ROOT_VARIABLE) {
        Some(root) => PathBuf::from(root),
        None => Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../target/site"),
    };
    let manifest = root.join("manifest.json");
    println!("cargo::rerun-if-env-changed={ROOT_VARIABLE}");
    println!("cargo::rerun-if-changed={}", manifest.display());
    println!("cargo::rerun-if-changed=build.rs");
    let table = if manifest.is_file() {
        table(&root, &serde_json::from_slice(&fs::read(&manifest)?)?)?
    } else {
        "pub(super) static SITE: Option<&super::EmbeddedSite> = None;".to_owned()
    };
    let target = Path::new(&env::var("OUT_DIR")?).join("site.rs");
    fs::write(target, table)?;
    Ok(())
}

/// The Rust source of the table.
fn table(root: &Path, manifest: &Manifest) -> Result<String, Box<dyn Error>> {
    let root = root.canonicalize()?;
    let mut files = String::new();
    for file in &manifest.files {
        let content = root.join(file.path.trim_start_matches('/'));
        let content = content.to_str().ok_or("the web root's path is not UTF-8")?;
        let packed = |exists: bool, extension: &str| {
            if exists {
                format!(
                    "Some(include_bytes!({:?}))",
                    format!("{content}.{extension}")
                )
            } else {
                "None".to_owned()
            }
        };
        write!(
            files,
            "super::File {{ path: {:?}, content_type: {:?}, etag: {:?}, immutable: {}, \
             identity: include_bytes!({content:?}), br: {}, gz: {} }},",
            file.path,
            file.content_type,
            file.etag,
            file.immutable,
            packed(file.br.is_some(), "br"),
            packed(file.gz.is_some(), "gz"),
        )?;
    }
    let Entries { js, wasm, css } = &manifest.entries;
    Ok(format!(
        "pub(super) static SITE: Option<&super::EmbeddedSite> = Some(&super::EmbeddedSite {{ \
         entries: [{js:?}, {wasm:?}, {css:?}], files: &[{files}] }});"
    ))
}
