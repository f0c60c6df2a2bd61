//! The way from source to web root: compile, split, bind, optimise, name, compress, list.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use crate::{
    budget,
    digest::digest,
    files,
    manifest::Entries,
    program::{self, Program},
    project::Project,
    report,
    site::{self, Asset},
    split, style,
};

/// Builds the web root and prints what is in it.
pub(crate) fn build(project: &Project) -> Result<()> {
    let (mut entries, mut assets) = named(program::build(project)?)?;
    let css = Asset::hashed("css", style::bundle(&project.style())?);
    css.path().clone_into(&mut entries.css);
    assets.push(css);
    for (path, content) in files::read_tree(&project.public())? {
        assets.push(Asset::named("", &path, content)?);
    }
    let manifest = site::write(project, entries, assets)?;
    println!("{}", report::table(&manifest));
    println!("{}", budget::report(&manifest));
    Ok(())
}

/// The program under names that hold the hash of the content, wherever one file names another.
fn named(program: Program) -> Result<(Entries, Vec<Asset>)> {
    let Program {
        mut script,
        wasm,
        mut loader,
        pieces,
        snippets,
    } = program;
    let mut assets = Vec::new();
    let mut paths = BTreeMap::new();
    for (name, content) in pieces.modules {
        let piece = Asset::hashed("wasm", content);
        rename(&mut loader, "URL(", &format!("./{name}.wasm"), piece.path())?;
        paths.insert(name, piece.path().to_owned());
        assets.push(piece);
    }
    // The two scripts import each other, so both have the hash of both.
    let hash = digest([script.as_bytes(), loader.as_bytes()]);
    let [js, loader_js] =
        ["", "loader."].map(|part| format!("/pkg/glassworks.{part}{}.js", &hash[..16]));
    rename(&mut script, "from ", split::LOADER, &loader_js)?;
    rename(&mut loader, "from ", split::SCRIPT, &js)?;
    let wasm = Asset::hashed("wasm", wasm);
    let needed = |names: &Vec<String>| -> Vec<String> {
        names
            .iter()
            .filter_map(|name| paths.get(name).cloned())
            .collect()
    };
    let entries = Entries {
        js: js.clone(),
        loader: loader_js.clone(),
        wasm: wasm.path().to_owned(),
        css: String::new(),
        pieces: (pieces.needs.iter())
            .map(|(view, names)| (view.clone(), needed(names)))
            .collect(),
    };
    assets.push(wasm);
    assets.push(Asset::immutable(js, script.into_bytes()));
    assets.push(Asset::immutable(loader_js, loader.into_bytes()));
    for (path, content) in snippets {
        assets.push(Asset::named("/pkg", &path, content)?);
    }
    Ok((entries, assets))
}

/// Has `script` name the file at `path`, beside it, instead of `old`, where that stands after
/// `keyword`. Elsewhere it may be the name by which a module knows its import.
fn rename(script: &mut String, keyword: &str, old: &str, path: &str) -> Result<()> {
    let name = path.rsplit_once('/').context("a file outside /pkg")?.1;
    let (old, new) = (
        format!("{keyword}\"{old}\""),
        format!("{keyword}\"./{name}\""),
    );
    ensure!(script.contains(&old), "no script has {old}");
    *script = script.replace(&old, &new);
    Ok(())
}
