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
    /// URL paths of script, wasm and style.
    pub entries: [&'static str; 3],
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
        let [js, wasm, css] = match self {
            Self::Embedded(site) => site.entries,
            Self::Directory(_) => [
                "/pkg/glassworks.js",
                "/pkg/glassworks.wasm",
                "/pkg/glassworks.css",
            ],
            Self::Missing => [""; 3],
        };
        AssetUrls {
            js: js.to_owned(),
            wasm: wasm.to_owned(),
            css: css.to_owned(),
        }
    }
}
