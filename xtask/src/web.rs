//! The way from source to web root: compile, bind, optimise, name, compress, list.

use std::fs;

use anyhow::Result;

use crate::{
    bindgen::{self, Bound},
    budget,
    digest::digest,
    files,
    manifest::Entries,
    optimize::Optimizer,
    project::Project,
    report,
    site::{self, Asset},
    style, wasm,
};

/// Changes whenever the steps between compiler and web root do, so that old results are not reused.
const RECIPE: &str = concat!(env!("CARGO_PKG_VERSION"), " 2");

/// Builds the web root and prints what is in it.
pub(crate) fn build(project: &Project) -> Result<()> {
    let bound = bound(project)?;
    let js = Asset::hashed("js", bound.script);
    let wasm = Asset::hashed("wasm", bound.wasm);
    let css = Asset::hashed("css", style::bundle(&project.style())?);
    let entries = Entries {
        js: js.path().to_owned(),
        wasm: wasm.path().to_owned(),
        css: css.path().to_owned(),
    };
    let mut assets = vec![js, wasm, css];
    for (path, content) in bound.snippets {
        assets.push(Asset::named("/pkg", &path, content)?);
    }
    for (path, content) in files::read_tree(&project.public())? {
        assets.push(Asset::named("", &path, content)?);
    }
    let manifest = site::write(project, entries, assets)?;
    println!("{}", report::table(&manifest));
    println!("{}", budget::Budget::of(&manifest));
    Ok(())
}

/// The wasm and its script, from the cache when the compiler's output is what it was.
fn bound(project: &Project) -> Result<Bound> {
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
        return bindgen::read(&kept);
    }

    files::remove_tree(&scratch)?;
    // The optimiser sorts functions by name and then drops the names: what is alike stands close
    // together then, and compresses better.
    let mut bound = bindgen::bind(module, optimizer.is_some(), &scratch.join("bound"))?;
    if let Some(optimizer) = optimizer {
        println!(
            "Shrinking the wasm with {} (about 15 s).",
            optimizer.version
        );
        bound.wasm = optimizer.run(&bound.wasm, &scratch)?;
    }
    let complete = scratch.join("complete");
    bindgen::write(&bound, &complete)?;
    files::remove_tree(&cache)?;
    fs::create_dir_all(&cache)?;
    files::replace_tree(&complete, &kept)?;
    files::remove_tree(&scratch)?;
    Ok(bound)
}
