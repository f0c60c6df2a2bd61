//! Reading and writing whole directories, and replacing one in a single step.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Every file below `root` with its path relative to it, in name order. Hidden files are left out,
/// except `.well-known` (RFC 8615). A `root` that does not exist holds no files.
pub(crate) fn read_tree(root: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    if root.exists() {
        collect(root, Path::new(""), &mut found)?;
        found.sort();
    }
    Ok(found)
}

fn collect(root: &Path, below: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    let directory = root.join(below);
    let entries =
        fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') && name != ".well-known" {
            continue;
        }
        let relative = below.join(&name);
        let path = entry.path();
        if path.is_dir() {
            collect(root, &relative, found)?;
        } else {
            let content =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            found.push((relative, content));
        }
    }
    Ok(())
}

/// Writes `content` to `path`, and makes the directories above it.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes a directory and all below it; one that is not there is fine.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            bail!("cannot remove {}: {error}", path.display())
        }
        _ => Ok(()),
    }
}

/// Puts the complete directory `new` where `path` is, so that an interrupted run never leaves a
/// half-written `path` behind.
pub(crate) fn replace_tree(new: &Path, path: &Path) -> Result<()> {
    remove_tree(path)?;
    fs::rename(new, path)
        .with_context(|| format!("cannot move {} to {}", new.display(), path.display()))
}
