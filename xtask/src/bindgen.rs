//! Turns a compiled module into one that a browser can load, with the script that loads it.
//!
//! wasm-bindgen is linked as a library, pinned to the version that the application compiles
//! against: the command-line tool would have to be installed in exactly that version.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{files, names};

/// The stem of the files that wasm-bindgen writes.
const NAME: &str = "glassworks";

/// What the browser loads to come alive.
pub(crate) struct Bound {
    pub(crate) script: Vec<u8>,
    pub(crate) wasm: Vec<u8>,
    /// Modules that `script` imports by these paths, relative to itself.
    pub(crate) snippets: Vec<(PathBuf, Vec<u8>)>,
}

/// Binds `module`, using the empty or absent directory `scratch`. `names` says whether the wasm
/// keeps the names of its functions, which no browser needs.
pub(crate) fn bind(module: Vec<u8>, names: bool, scratch: &Path) -> Result<Bound> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes(NAME, module)
        .web(true)?
        .typescript(false)
        // The page says where the wasm is, because its name holds the hash of its content.
        .omit_default_module_path(true)
        // What the pieces share with the main module: its memory, its stack, its table.
        .keep_lld_exports(true)
        .remove_name_section(!names)
        .remove_producers_section(true)
        .generate(scratch)
        .context("wasm-bindgen failed")?;
    let (mut script, mut wasm, mut snippets) = (None, None, Vec::new());
    for (path, content) in files::read_tree(scratch)? {
        match path.to_str() {
            Some("glassworks.js") => script = Some(content),
            Some("glassworks_bg.wasm") => wasm = Some(content),
            _ => snippets.push((path, content)),
        }
    }
    let mut bound = Bound {
        script: script.context("wasm-bindgen wrote no script")?,
        wasm: wasm.context("wasm-bindgen wrote no module")?,
        snippets,
    };
    names::number(&mut bound.script, &mut bound.wasm);
    Ok(bound)
}
