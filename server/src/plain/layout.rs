//! What these pages have around their content: the head, and the way around.

use glassworks_app::{AssetUrls, FURTHER, OPERATIONS, PAGES, SECTIONS};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderName, HeaderValue};
use maud::{DOCTYPE, Markup, html};

use super::NONCE;

/// What differs between pages, beside their content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Its name in the browser's list of pages.
    pub(crate) title: &'a str,
    /// The section of the header that it belongs to, by path.
    pub(crate) current: &'a str,
    /// The path of a script that adds to it.
    pub(crate) script: Option<&'a str>,
}

/// A whole document around `content`.
pub(crate) fn page(frame: &Frame<'_>, urls: &AssetUrls, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) " · Glassworks" }
                @if !urls.css.is_empty() {
                    link rel="stylesheet" href=(urls.css);
                }
                link rel="icon" type="image/svg+xml" href="/favicon.svg";
                @if let Some(script) = frame.script.filter(|_| !urls.js.is_empty()) {
                    script type="module" src=(script) nonce=(NONCE) {}
                }
            }
            body {
                a.skip-link href="#main" { "Skip to the content" }
                (header(frame.current))
                main.docs #main tabindex="-1" { (content) }
            }
        }
    }
}

/// What a document without scripts may do: be styled, and send forms to this server.
pub(crate) const PLAIN_POLICY: [(HeaderName, HeaderValue); 1] = [(
    CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
)];

/// A whole document around `content`, on which no script runs.
pub(crate) fn plain(title: &str, urls: &AssetUrls, content: &Markup) -> Markup {
    let frame = Frame {
        title,
        current: "/access",
        script: None,
    };
    page(&frame, urls, content)
}

/// The same header as on the application's pages, whose scripts do not run here.
fn header(current: &str) -> Markup {
    html! {
        header.site-header {
            a.brand href="/" aria-label="Glassworks, board" {
                svg.mark viewBox="0 0 24 24" aria-hidden="true" {
                    path.mark-back d="M4 2h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z" {}
                    path.mark-front d="M11 9h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2z" {}
                }
                span { "Glassworks" }
            }
            nav aria-label="Pages" {
                @for (href, name) in PAGES { a href=(href) { (name) } }
                @for (href, name) in SECTIONS {
                    a href=(href) aria-current=[(href == current).then_some("page")] { (name) }
                }
                details.more {
                    summary { "More" }
                    div {
                        @for (href, name) in OPERATIONS { a href=(href) { (name) } }
                        @for (href, name) in FURTHER {
                            a href=(href) aria-current=[(href == current).then_some("page")] { (name) }
                        }
                    }
                }
            }
        }
    }
}
