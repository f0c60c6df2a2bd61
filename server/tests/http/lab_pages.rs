//! The lab's pages, as somebody without scripts has them.

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
            html.contains("Say why") && !html.contains(" style="),
            "{path}"
        );
    }
    let missing = client.get("/lab/nothing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_plain_form_runs_an_experiment_and_leads_to_its_run() {
    let server = Server::start().await;
    let client = server.client();
    let send = async |body: &str| {
        let request = server.client().request("POST", "/fn/run_experiment");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("accept", "text/html");
        let origin = format!("http://{}", server.address);
        let request = request.header("origin", &origin).body(body.to_owned());
        request.send().await.whole().await
    };
    let begun =
        send("experiment=fan-out&foretold-0=3&payload%5Bupstreams_ms%5D=%5B40%2C80%5D").await;
    assert_eq!(begun.status, StatusCode::FOUND, "{}", begun.text());
    let path = begun.header("location");
    let id = path.strip_prefix("/lab/fan-out?run=").unwrap();
    client.finished(id).await;

    let page = client.get(path).await;
    assert!(
        page.text().contains("In sequence the 2 upstreams took"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("longest silence"), "{}", page.text());
    // Whoever comes next finds it, and what it showed.
    let page = client.get("/lab/fan-out").await;
    assert!(page.text().contains(path), "{}", page.text());
    assert!(page.text().contains("longest silence"), "{}", page.text());

    let wrong = send("experiment=fan-out&payload%5Bat_once%5D=90").await;
    let back = wrong.header("location");
    assert!(back.starts_with("/lab/fan-out?"), "{back}");
    let page = client.get(back).await;
    assert!(page.text().contains("expected 1 to 20"), "{}", page.text());
    assert!(page.text().contains("value=\"90\""), "{}", page.text());
}

#[tokio::test]
async fn a_run_that_is_not_there_is_said_and_no_fault() {
    let server = Server::start().await;
    let missing = "/lab/blocking?run=00000000-0000-7000-8000-000000000001";
    for path in [missing, "/lab/blocking?run=nonsense"] {
        let page = server.client().get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text().contains("There is no such run here"), "{path}");
    }
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
