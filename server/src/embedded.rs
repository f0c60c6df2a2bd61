//! The browser's files inside the binary, as `cargo xtask web` has listed them.
//!
//! The library does not know them, so that it can be compiled while they are made. Without the
//! feature there are none, so that `cargo check` and the tests need no browser files.

#[cfg(feature = "embed")]
include!(concat!(env!("GLASSWORKS_SITE"), "/embedded.rs"));

#[cfg(not(feature = "embed"))]
pub(crate) const SITE: Option<&glassworks_server::site::EmbeddedSite> = None;
