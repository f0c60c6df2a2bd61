//! What both pages have: the head, and the way around.

use glassworks_app::{AssetUrls, PAGES};
use maud::{DOCTYPE, Markup, html};

/// A whole document around `content`; scripts that carry `nonce` run on it.
pub(super) fn page(title: &str, urls: &AssetUrls, nonce: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Glassworks" }
                @if !urls.css.is_empty() {
                    link rel="stylesheet" href=(urls.css);
                }
                link rel="icon" type="image/svg+xml" href="/favicon.svg";
                @if !urls.js.is_empty() {
                    script type="module" src="/docs.js" nonce=(nonce) {}
                }
            }
            body {
                a.skip-link href="#main" { "Skip to the content" }
                (header())
                main.docs #main tabindex="-1" { (content) }
            }
        }
    }
}

/// The same header as on the application's pages, whose scripts do not run here.
fn header() -> Markup {
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
                a href="/docs" aria-current="page" { "API" }
            }
        }
    }
}
