//! The documentation's pages.

use http::StatusCode;

use crate::support::Server;

#[tokio::test]
async fn each_operation_and_schema_has_its_place_on_the_page() {
    let server = Server::start().await;
    let client = server.client();
    let page = client.get("/docs").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let html = page.text();
    let document = client.get("/openapi.json").await.json();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
            assert!(html.contains(&format!("href=\"#{id}\"")), "{id}");
        }
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(html.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    let links = html.split("href=\"#").skip(1);
    for target in links.map(|rest| rest.split('"').next().unwrap()) {
        assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

#[tokio::test]
async fn a_command_on_the_page_is_for_the_server_that_was_asked() {
    let server = Server::start().await;
    let request = server.client().request("GET", "/docs");
    let page = request.header("host", "localhost:1234").send().await;
    let page = page.whole().await;
    assert!(page.text().contains("curl http://localhost:1234/api/tasks"));
    assert!(!page.text().contains("{origin}"));
    assert!(!page.text().contains("{nonce}"));
}

#[tokio::test]
async fn the_guides_are_pages_too() {
    let server = Server::start().await;
    let client = server.client();
    let reference = client.get("/docs").await;
    for (path, title) in [
        (
            "/docs/coming-from-fastapi-and-celery",
            "Coming from FastAPI",
        ),
        ("/docs/fastapi", "FastAPI without BackgroundTasks"),
    ] {
        assert!(reference.text().contains(&format!("href=\"{path}\"")));
        let guide = client.get(path).await;
        assert_eq!(guide.status, StatusCode::OK);
        assert!(guide.text().contains(&format!("<h1>{title}")), "{path}");
    }
    let coming = client.get("/docs/coming-from-fastapi-and-celery").await;
    assert!(coming.text().contains("href=\"/docs/fastapi\""));
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_what_there_is_to_know_about_it() {
    let server = Server::start().await;
    let client = server.client();
    let answer = client.get("/api/nothing").await;
    let problem = answer.problem(404, "/api/nothing");
    assert_eq!(problem["code"], "not_found");
    let (page, anchor) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = client.get(page).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text().contains(&format!("id=\"{anchor}\"")),
        "{anchor}"
    );
    assert!(client.get("/docs").await.text().contains("/docs/problems"));
}
