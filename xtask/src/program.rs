//! The browser's program: the main module, its scripts and the pieces of single pages, made from
//! the compiler's module and kept for as long as that stays the same.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rayon::prelude::*;

use crate::{
    bindgen,
    digest::digest,
    files,
    optimize::Optimizer,
    project::Project,
    split::{self, Pieces},
    wasm,
};

/// Changes whenever the steps between compiler and web root do, so that old results are not reused.
const RECIPE: &str = concat!(env!("CARGO_PKG_VERSION"), " 4");

/// What is not a piece or a snippet, by the name under which it is kept.
const SCRIPT: &str = "glassworks.js";
const WASM: &str = "glassworks.wasm";
const LOADER: &str = "loader.js";
const NEEDS: &str = "needs.json";
/// Where the others are kept.
const PIECES: &str = "pieces";
const SNIPPETS: &str = "beside";

/// All that a browser loads to come alive, before anything has its final name.
pub(crate) struct Program {
    /// The main module's script. It imports `./loader.js`, and `snippets` by their paths.
    pub(crate) script: String,
    /// The main module.
    pub(crate) wasm: Vec<u8>,
    /// The script that loads pieces, `./NAME.wasm` each. It imports `./glassworks.js`.
    pub(crate) loader: String,
    pub(crate) pieces: Pieces,
    /// Modules that `script` imports by these paths, relative to itself.
    pub(crate) snippets: Vec<(PathBuf, Vec<u8>)>,
}

/// Compiles, splits, binds and optimises, or takes the result from the cache when the compiler's
/// output is what it was.
pub(crate) fn build(project: &Project) -> Result<Program> {
    let module = wasm::compile(project)?;
    let optimizer = Optimizer::find();
    let tool = optimizer.as_ref().map_or("", |found| &found.version);
    let key = digest([RECIPE.as_bytes(), tool.as_bytes(), &module]);
    let (cache, scratch) = (
        project.cache().join("bound"),
        project.cache().join("scratch"),
    );
    let kept = cache.join(&key);
    if kept.exists() {
        return read(&kept);
    }

    files::remove_tree(&scratch)?;
    let program = make(&module, optimizer.as_ref(), &scratch)?;
    let complete = scratch.join("complete");
    write(&program, &complete)?;
    files::remove_tree(&cache)?;
    fs::create_dir_all(&cache)?;
    files::replace_tree(&complete, &kept)?;
    files::remove_tree(&scratch)?;
    Ok(program)
}

fn make(module: &[u8], optimizer: Option<&Optimizer>, scratch: &Path) -> Result<Program> {
    let mut split = split::split(module, &scratch.join("split"))?;
    // The optimiser sorts functions by name and then drops the names: what is alike stands close
    // together then, and compresses better.
    let mut bound = bindgen::bind(split.main, optimizer.is_some(), &scratch.join("bound"))?;
    if let Some(optimizer) = optimizer {
        println!(
            "Shrinking the wasm with {} (about 15 s).",
            optimizer.version
        );
        let main = ("main".to_owned(), &mut bound.wasm);
        let pieces = split.pieces.modules.iter_mut();
        let all = pieces.map(|(name, wasm)| (name.clone(), wasm));
        let all: Vec<_> = std::iter::once(main).chain(all).collect();
        all.into_par_iter().try_for_each(|(name, wasm)| {
            *wasm = optimizer.run(wasm, &scratch.join("shrink").join(name))?;
            anyhow::Ok(())
        })?;
    }
    Ok(Program {
        script: String::from_utf8(bound.script)?,
        wasm: bound.wasm,
        loader: split.loader,
        pieces: split.pieces,
        snippets: bound.snippets,
    })
}

/// Reads back what `write` left in `directory`.
fn read(directory: &Path) -> Result<Program> {
    let text = |name: &str| {
        let path = directory.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut modules = BTreeMap::new();
    for (path, content) in files::read_tree(&directory.join(PIECES))? {
        let name = path.to_str().context("a piece without a name")?;
        modules.insert(name.to_owned(), content);
    }
    Ok(Program {
        script: text(SCRIPT)?,
        wasm: fs::read(directory.join(WASM))?,
        loader: text(LOADER)?,
        pieces: Pieces {
            modules,
            needs: serde_json::from_str(&text(NEEDS)?)?,
        },
        snippets: files::read_tree(&directory.join(SNIPPETS))?,
    })
}

/// Writes `program` where `read` finds it again.
fn write(program: &Program, directory: &Path) -> Result<()> {
    let Program {
        script,
        wasm,
        loader,
        pieces,
        snippets,
    } = program;
    files::write(&directory.join(SCRIPT), script.as_bytes())?;
    files::write(&directory.join(WASM), wasm)?;
    files::write(&directory.join(LOADER), loader.as_bytes())?;
    let needs = serde_json::to_vec(&pieces.needs)?;
    files::write(&directory.join(NEEDS), &needs)?;
    for (name, content) in &pieces.modules {
        files::write(&directory.join(PIECES).join(name), content)?;
    }
    for (path, content) in snippets {
        files::write(&directory.join(SNIPPETS).join(path), content)?;
    }
    Ok(())
}
