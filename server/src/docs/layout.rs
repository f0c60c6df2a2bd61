//! What both pages have: the head, and the way around.

use glassworks_app::{AssetUrls, PAGES};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderName, HeaderValue};
use maud::{DOCTYPE, Markup, html};

/// A whole document around `content`; scripts that carry `nonce` run on it.
pub(super) fn page(title: &str, urls: &AssetUrls, nonce: &str, content: &Markup) -> Markup {
    document(title, urls, nonce, true, content)
}

fn document(
    title: &str,
    urls: &AssetUrls,
    nonce: &str,
    is_documentation: bool,
    content: &Markup,
) -> Markup {
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
                (header(is_documentation))
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
    let no_scripts = AssetUrls {
        css: urls.css.clone(),
        ..AssetUrls::default()
    };
    document(title, &no_scripts, "", false, content)
}

/// The same header as on the application's pages, whose scripts do not run here.
fn header(is_documentation: bool) -> Markup {
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
                a href="/docs" aria-current=[is_documentation.then_some("page")] { "API" }
                a href="/access" { "Access" }
            }
        }
    }
}
