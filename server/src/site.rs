//! What the browser loads, and where it comes from: the binary, or cargo-leptos's directory while
//! developing.

use std::path::PathBuf;

use glassworks_app::AssetUrls;
use tracing::warn;

/// Where cargo-leptos says that it has put what it built.
const SITE_ROOT: &str = "LEPTOS_SITE_ROOT";

/// One file in all its forms.
#[derive(Debug)]
pub struct File {
    /// Its URL path.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Names its content.
    pub etag: &'static str,
    /// Its path changes with its content.
    pub immutable: bool,
    /// As it is.
    pub identity: &'static [u8],
    /// In brotli, where that is shorter.
    pub br: Option<&'static [u8]>,
    /// In gzip, where that is shorter.
    pub gz: Option<&'static [u8]>,
}

/// A web root inside the binary.
#[derive(Debug)]
pub struct EmbeddedSite {
    /// URL path of the script.
    pub js: &'static str,
    /// URL path of the script that loads pieces.
    pub loader: &'static str,
    /// URL path of the wasm that every page needs.
    pub wasm: &'static str,
    /// URL path of the style.
    pub css: &'static str,
    /// By the name of each lazy view, the URL paths of the pieces of wasm that it needs beside.
    pub pieces: &'static [(&'static str, &'static [&'static str])],
    /// All files.
    pub files: &'static [File],
}

/// Where the browser's files come from.
#[derive(Clone, Debug)]
pub enum Site {
    /// From the binary.
    Embedded(&'static EmbeddedSite),
    /// From the directory that cargo-leptos builds, under fixed names.
    Directory(PathBuf),
    /// From nowhere: the pages work as plain HTML.
    Missing,
}

impl Site {
    /// What there is: cargo-leptos's directory when it runs this program, else `embedded`.
    pub fn find(embedded: Option<&'static EmbeddedSite>) -> Self {
        if let Some(root) = std::env::var_os(SITE_ROOT) {
            return Self::Directory(root.into());
        }
        if let Some(site) = embedded {
            return Self::Embedded(site);
        }
        warn!("built without the browser's files: pages are plain HTML (`make run` builds both)");
        Self::Missing
    }

    /// What a page's head links to.
    pub fn urls(&self) -> AssetUrls {
        let [js, loader, wasm, css] = match self {
            Self::Embedded(site) => [site.js, site.loader, site.wasm, site.css],
            // cargo-leptos gives the loader a name of its own, which `js` knows.
            Self::Directory(_) => [
                "/pkg/glassworks.js",
                "",
                "/pkg/glassworks.wasm",
                "/pkg/glassworks.css",
            ],
            Self::Missing => [""; 4],
        };
        AssetUrls {
            js: js.to_owned(),
            loader: loader.to_owned(),
            wasm: wasm.to_owned(),
            css: css.to_owned(),
        }
    }

    /// The URL paths of the pieces of wasm that a lazy view needs. `name` is Leptos's, which ends
    /// with a number, and may begin with underscores.
    pub fn pieces(&self, name: &str) -> &'static [&'static str] {
        let name = name.rsplit_once('_').map_or(name, |(name, _)| name);
        let name = name.trim_start_matches('_');
        match self {
            Self::Embedded(site) => site
                .pieces
                .iter()
                .find(|(view, _)| *view == name)
                .map_or(&[], |(_, paths)| *paths),
            Self::Directory(_) | Self::Missing => &[],
        }
    }
}
