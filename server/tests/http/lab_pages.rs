//! The lab's pages.

use glassworks_handlers::lab::catalogue::experiments;
use glassworks_lessons::Experiment;
use http::StatusCode;

use crate::support::Server;

#[tokio::test]
async fn the_experiments_can_be_read_without_scripts() {
    let server = Server::start().await;
    let client = server.client();
    let list = client.get("/lab").await;
    for experiment in experiments() {
        let path = format!("/lab/{}", experiment.name);
        assert!(list.text().contains(&format!("href=\"{path}\"")), "{path}");
        let page = client.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let html = page.text();
        assert!(html.contains(&experiment.lesson.title), "{path}");
        for code in &experiment.variants {
            assert!(html.contains(code.file), "{path}: {}", code.file);
        }
        assert!(
            !html.contains("<script") && !html.contains(" style="),
            "{path}"
        );
        assert!(
            !html.contains("{origin}") && !html.contains("{nonce}"),
            "{path}"
        );
    }
    assert_eq!(
        client.get("/lab/nothing").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_lessons_lead_to_experiments_that_have_pages() {
    let server = Server::start().await;
    let client = server.client();
    for experiment in Experiment::ALL {
        let page = client.get(&experiment.path()).await;
        assert_eq!(page.status, StatusCode::OK, "{experiment}");
    }
}
