//! Cuts the compiled module into what every page needs and the pieces of single pages, where the
//! application says that a route is lazy.
//!
//! The splitter is linked as a library, as wasm-bindgen is. It goes by the relocations that the
//! linker leaves in the module.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, ensure};
use wasm_split_cli_support::Options;

use crate::files;

/// The script that wasm-bindgen writes, which the loader and it import from each other.
pub(crate) const SCRIPT: &str = "./glassworks.js";
/// The script that loads pieces.
pub(crate) const LOADER: &str = "./loader.js";

/// What the loader does when a piece cannot be had: tell the application, which cannot go on.
const GIVE_UP: &str = "success = false;";
/// What it does here.
const START_ANEW: &str = "await startAnew();";
/// How that is done.
const ANEW: &str = include_str!("anew.js");

/// A module in pieces.
pub(crate) struct Split {
    /// What every page needs; wasm-bindgen is still to see it.
    pub(crate) main: Vec<u8>,
    /// The script that loads pieces.
    pub(crate) loader: String,
    pub(crate) pieces: Pieces,
}

/// What is loaded beside the main module.
#[derive(Default)]
pub(crate) struct Pieces {
    /// The pieces by the name under which the loader knows them.
    pub(crate) modules: BTreeMap<String, Vec<u8>>,
    /// Which of them each lazy view needs, by the view's name.
    pub(crate) needs: BTreeMap<String, Vec<String>>,
}

/// Splits `module`, using the empty or absent directory `scratch`.
pub(crate) fn split(module: &[u8], scratch: &Path) -> Result<Split> {
    let main = scratch.join("main.wasm");
    let mut options = Options::new(module);
    options.output_dir = scratch;
    options.main_out_path = &main;
    options.link_name = LOADER;
    options.main_module = SCRIPT;
    let done = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("the module could not be split: {error:#}"))?;
    let mut pieces = Pieces::default();
    for path in done.split_modules {
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.context("a piece without a name")?.to_owned();
        pieces.modules.insert(name, fs::read(&path)?);
    }
    for (view, names) in done.prefetch_map {
        // It ends with a number that tells it from others of the same name.
        let (view, _) = view.rsplit_once('_').context("a view without a number")?;
        let view = view.trim_start_matches('_');
        let other = pieces.needs.insert(view.to_owned(), names);
        ensure!(other.is_none(), "two lazy views are called {view}");
    }
    let written = fs::read_to_string(scratch.join(LOADER))?;
    let loader = written.replace(GIVE_UP, START_ANEW) + ANEW;
    ensure!(
        written.matches(GIVE_UP).count() == 1,
        "the loader is not the one that is known here (xtask/src/split.rs)"
    );
    let main = fs::read(&main)?;
    files::remove_tree(scratch)?;
    Ok(Split {
        main,
        loader,
        pieces,
    })
}
