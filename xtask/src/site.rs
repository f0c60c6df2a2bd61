//! Lays out the web root: names by content, compressed forms, the manifest and the table.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    compress,
    digest::digest,
    files,
    manifest::{self, Entries, File, Manifest},
    project::Project,
    table,
};

/// A file on its way into the web root.
pub(crate) struct Asset {
    path: String,
    immutable: bool,
    content: Vec<u8>,
}

impl Asset {
    /// A file whose URL holds the hash of its content: `/pkg/glassworks.<hash>.<extension>`.
    pub(crate) fn hashed(extension: &str, content: Vec<u8>) -> Self {
        let hash = &digest([&content[..]])[..16];
        Self::immutable(format!("/pkg/glassworks.{hash}.{extension}"), content)
    }

    /// A file whose URL changes with its content.
    pub(crate) fn immutable(path: String, content: Vec<u8>) -> Self {
        Self {
            path,
            immutable: true,
            content,
        }
    }

    /// A file that keeps its name, below `prefix`.
    pub(crate) fn named(prefix: &str, path: &Path, content: Vec<u8>) -> Result<Self> {
        let mut url = prefix.to_owned();
        for component in path.components() {
            let Component::Normal(name) = component else {
                bail!("{} is not a relative path", path.display());
            };
            let name = name.to_str().filter(|name| name.bytes().all(plain));
            let name = name.with_context(|| {
                format!(
                    "{}: use a-z, A-Z, 0-9, '.', '-' and '_' only",
                    path.display()
                )
            })?;
            url.push('/');
            url.push_str(name);
        }
        Ok(Self {
            path: url,
            immutable: false,
            content,
        })
    }

    /// Its URL path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

/// Writes the web root for `assets`, unless the one that is there holds just that.
pub(crate) fn write(
    project: &Project,
    entries: Entries,
    mut assets: Vec<Asset>,
) -> Result<Manifest> {
    assets.sort_by(|a, b| a.path.cmp(&b.path));
    let (site, new) = (project.site(), project.cache().join("site"));
    files::remove_tree(&new)?;
    let mut manifest = Manifest {
        entries,
        files: Vec::with_capacity(assets.len()),
    };
    for asset in &assets {
        let file = place(project, &new, asset)?;
        ensure!(
            manifest
                .files
                .last()
                .is_none_or(|last| last.path != file.path),
            "two files for {}",
            file.path
        );
        manifest.files.push(file);
    }
    let lists = [
        (
            manifest::FILE,
            serde_json::to_string_pretty(&manifest)? + "\n",
        ),
        (table::FILE, table::source(&manifest)),
    ];
    for (name, text) in &lists {
        files::write(&new.join(name), text.as_bytes())?;
    }

    // The binary is compiled anew when the table changes, so leave an equal one alone.
    let unchanged = |(name, text): &(_, String)| {
        fs::read(site.join(name)).is_ok_and(|old| old == text.as_bytes())
    };
    if lists.iter().all(unchanged) {
        files::remove_tree(&new)?;
    } else {
        files::replace_tree(&new, &site)?;
    }
    let digests: Vec<&str> = manifest.files.iter().map(|file| &*file.etag).collect();
    compress::forget_others(project, &digests)?;
    Ok(manifest)
}

/// Reads the manifest of the web root that is there.
pub(crate) fn read(project: &Project) -> Result<Manifest> {
    let path = project.site().join(manifest::FILE);
    let text =
        fs::read(&path).with_context(|| format!("no {}: run `cargo xtask web`", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn place(project: &Project, root: &Path, asset: &Asset) -> Result<File> {
    let (content_type, compressible) = content_type(&asset.path)?;
    let etag = digest([&asset.content[..]]);
    let path = root.join(asset.path.trim_start_matches('/'));
    files::write(&path, &asset.content)?;
    let mut file = File {
        path: asset.path.clone(),
        content_type: content_type.to_owned(),
        etag,
        immutable: asset.immutable,
        size: asset.content.len() as u64,
        br: None,
        gz: None,
    };
    if compressible {
        let packed = compress::compress(project, &file.etag, &asset.content)?;
        file.br = place_packed(&path, "br", packed.brotli.as_deref())?;
        file.gz = place_packed(&path, "gz", packed.gzip.as_deref())?;
    }
    Ok(file)
}

fn place_packed(path: &Path, extension: &str, content: Option<&[u8]>) -> Result<Option<u64>> {
    let Some(content) = content else {
        return Ok(None);
    };
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    files::write(&PathBuf::from(name), content)?;
    Ok(Some(content.len() as u64))
}

/// Bytes that stand for themselves in a URL path, so that nobody has to decode one.
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// The `Content-Type` of a path, and whether compressing such a file is worth it. An unknown
/// extension is an error: served without a type, the browser would refuse the file.
fn content_type(path: &str) -> Result<(&'static str, bool)> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    Ok(match extension {
        "css" => ("text/css; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "json" => ("application/json", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "webmanifest" => ("application/manifest+json", true),
        "wasm" => ("application/wasm", true),
        "svg" => ("image/svg+xml", true),
        "ico" => ("image/x-icon", true),
        "png" => ("image/png", false),
        "jpg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "woff2" => ("font/woff2", false),
        _ => bail!("{path}: no content type is known for this extension (xtask/src/site.rs)"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Asset, content_type};

    #[test]
    fn a_hashed_name_follows_the_content() {
        let one = Asset::hashed("css", b"a {}".to_vec());
        let same = Asset::hashed("css", b"a {}".to_vec());
        let other = Asset::hashed("css", b"b {}".to_vec());
        assert_eq!(one.path(), same.path());
        assert_ne!(one.path(), other.path());
        assert_eq!(
            one.path().len(),
            "/pkg/glassworks.0123456789abcdef.css".len()
        );
    }

    #[test]
    fn a_name_that_a_url_would_have_to_escape_is_refused() {
        let named = |path: &str| Asset::named("", Path::new(path), Vec::new());
        assert_eq!(
            named("icons/dark-1.svg").unwrap().path(),
            "/icons/dark-1.svg"
        );
        assert!(named("two words.svg").is_err());
        assert!(named("../up.svg").is_err());
    }

    #[test]
    fn an_unknown_extension_is_refused() {
        assert!(content_type("/robots.txt").is_ok());
        assert!(content_type("/film.mkv").is_err());
        assert!(content_type("/none").is_err());
    }
}
