//! The browser's files and the pages that load them.

use std::collections::HashSet;

use crate::support::{Answer, Client, Server};
use glassworks_server::site::{EmbeddedSite, File, Site};
use http::StatusCode;

static SITE: EmbeddedSite = EmbeddedSite {
    js: "/pkg/glassworks.0.js",
    loader: "/pkg/glassworks.loader.0.js",
    wasm: "/pkg/glassworks.0.wasm",
    css: "/pkg/glassworks.0.css",
    pieces: &[
        (
            "board_route_view",
            &["/pkg/board.0.wasm", "/pkg/lists.0.wasm"],
        ),
        ("work", &["/pkg/tasks.0.wasm", "/pkg/lists.0.wasm"]),
    ],
    files: &[
        File {
            path: "/pkg/glassworks.0.wasm",
            content_type: "application/wasm",
            etag: "abc",
            immutable: true,
            identity: b"the whole wasm",
            br: Some(b"brotli"),
            gz: Some(b"gzipped"),
        },
        File {
            path: "/robots.txt",
            content_type: "text/plain; charset=utf-8",
            etag: "def",
            immutable: false,
            identity: b"User-agent: *",
            br: None,
            gz: None,
        },
    ],
};

async fn server() -> Server {
    Server::with_site(Site::Embedded(&SITE)).await
}

async fn get(client: Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request("GET", path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.whole().await
}

#[tokio::test]
async fn a_file_travels_in_the_form_that_suits_the_client() {
    let server = server().await;
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("gzip", "gzip", "gzipped"),
        ("br;q=0.1, gzip", "gzip", "gzipped"),
        ("identity", "", "the whole wasm"),
    ] {
        let headers = [("accept-encoding", accepted)];
        let answer = get(server.client(), SITE.wasm, &headers).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.text(), body);
        assert_eq!(answer.header("content-type"), "application/wasm");
        assert_eq!(answer.header("vary"), "accept-encoding");
    }
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_sent_again() {
    let server = server().await;
    let br = ("accept-encoding", "br");
    let first = get(server.client(), SITE.wasm, &[br]).await;
    let etag = first.header("etag");
    let plain = get(server.client(), SITE.wasm, &[]).await;
    assert_ne!(etag, plain.header("etag"), "each form has its own");
    let again = [br, ("if-none-match", etag)];
    let again = get(server.client(), SITE.wasm, &again).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), etag);
    let other = [br, ("if-none-match", "\"old\"")];
    let other = get(server.client(), SITE.wasm, &other).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn a_name_that_follows_the_content_is_kept_for_ever() {
    let server = server().await;
    let hashed = get(server.client(), SITE.wasm, &[]).await;
    let caching = hashed.header("cache-control");
    assert_eq!(caching, "public, max-age=31536000, immutable");
    let named = get(server.client(), "/robots.txt", &[]).await;
    assert_eq!(named.header("cache-control"), "no-cache");
    let request = server.client().request("HEAD", SITE.wasm);
    let head = request.send().await.whole().await;
    assert_eq!(head.header("content-length"), "14");
    assert!(head.body.is_empty());
    let posted = server.client().request("POST", "/robots.txt").send().await;
    posted.whole().await.problem(405, "/robots.txt");
}

#[tokio::test]
async fn a_page_allows_its_own_scripts_and_no_others() {
    let server = server().await;
    let mut nonces = Vec::new();
    for path in ["/", "/", "/docs", "/docs"] {
        let page = get(server.client(), path, &[("accept", "text/html")]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        let nonce = nonce.split('\'').next().unwrap().to_owned();
        let html = page.text();
        assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
        let own = html.matches(&format!("nonce=\"{nonce}\"")).count();
        assert!(own >= html.matches("<script").count(), "{html}");
        assert!(!html.contains(" style=\""), "{html}");
        nonces.push(nonce);
    }
    let different: HashSet<&String> = nonces.iter().collect();
    assert_eq!(different.len(), nonces.len(), "{nonces:?}");
}

#[tokio::test]
async fn a_page_loads_the_files_by_their_names() {
    let server = server().await;
    let page = get(server.client(), "/", &[("accept", "text/html")]).await;
    for url in [SITE.js, SITE.loader, SITE.wasm, SITE.css] {
        assert!(page.text().contains(url), "{url}: {}", page.text());
    }
    let plain = Server::start().await;
    let page = get(plain.client(), "/", &[("accept", "text/html")]).await;
    assert!(!page.text().contains("/pkg/"), "{}", page.text());
}

#[tokio::test]
async fn a_page_asks_for_its_own_pieces_before_its_script_does() {
    let server = server().await;
    for (path, own, other) in [("/", "board", "tasks"), ("/tasks", "tasks", "board")] {
        let page = get(server.client(), path, &[("accept", "text/html")]).await;
        let links: Vec<_> = page.headers.get_all("link").iter().collect();
        let named = |name| {
            let link = format!(
                "</pkg/{name}.0.wasm>; rel=preload; as=fetch; type=\"application/wasm\"; crossorigin"
            );
            links.iter().any(|found| **found == *link)
        };
        assert!(named(own) && named("lists"), "{path}: {links:?}");
        assert!(!named(other), "{path}: {links:?}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_a_page_that_says_so() {
    let server = server().await;
    let page = get(server.client(), "/nowhere", &[("accept", "text/html")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
}
