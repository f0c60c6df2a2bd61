//! The lessons' pages.

use std::collections::BTreeSet;

use glassworks_engine::state::{Next, TABLE};
use glassworks_lessons::{Chapter, Condition, Lessons, diagram};
use http::StatusCode;

use crate::support::Server;

/// All pages of the section, the chapters among them.
fn paths(lessons: &Lessons) -> Vec<String> {
    let pages = [
        "",
        "/cards",
        "/quiz",
        "/exercises",
        "/explain",
        "/mastery",
        "/measurements",
    ];
    let pages = pages.iter().map(|page| format!("/learn{page}"));
    pages
        .chain(lessons.chapters.iter().map(Chapter::path))
        .collect()
}

#[tokio::test]
async fn the_lessons_can_be_read_without_scripts() {
    let server = Server::start().await;
    let client = server.client();
    let lessons = Lessons::embedded().unwrap();
    for path in paths(&lessons) {
        let page = client.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        let html = page.text();
        assert!(html.contains("<h1>"), "{path}");
        assert!(!html.contains("<script"), "{path}");
        // The policy would not let them through.
        assert!(
            !html.contains(" style=") && !html.contains("<style"),
            "{path}"
        );
        assert!(!html.contains("{{") && !html.contains("{nonce}"), "{path}");
    }
    let guide = client.get("/learn/guide/durable-queues").await;
    assert!(guide.text().contains("The states of a task</title>"));
    assert_eq!(
        client.get("/learn/guide/nothing").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn each_link_between_the_lessons_leads_to_its_place() {
    let server = Server::start().await;
    let client = server.client();
    let lessons = Lessons::embedded().unwrap();
    let mut links = BTreeSet::new();
    for path in paths(&lessons) {
        let page = client.get(&path).await;
        let html = page.text();
        let found = html.split("href=\"/learn").skip(1);
        links.extend(found.map(|rest| format!("/learn{}", rest.split('"').next().unwrap())));
    }
    assert!(links.len() > 60, "{}", links.len());
    for link in links {
        let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let page = client.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{link}");
        let has = anchor.is_empty() || page.text().contains(&format!("id=\"{anchor}\""));
        assert!(has, "{link}");
    }
}

#[tokio::test]
async fn the_quiz_says_what_is_right_and_which_card_explains_what_is_not() {
    let server = Server::start().await;
    let client = server.client();
    let lessons = Lessons::embedded().unwrap();
    let order = 7;
    let place = |question: usize, right: bool| {
        let answers = lessons.questions[question].answers(order);
        answers
            .iter()
            .position(|it| it.is_right() == right)
            .unwrap()
    };
    let (first, second) = (&lessons.questions[0], &lessons.questions[1]);
    let target = format!(
        "/learn/quiz?order={order}&{}={}&{}={}&unknown=1",
        first.id,
        place(0, true),
        second.id,
        place(1, false)
    );
    let page = client.get(&target).await;
    let html = page.text();
    assert!(html.contains(&format!("1 of {} are right", lessons.questions.len())));
    assert_eq!(html.matches("✓ right").count(), 1);
    assert_eq!(html.matches("✗ not so").count(), 1);
    let card = second.answers(order)[place(1, false)].card.unwrap();
    assert!(
        html.contains(&format!("href=\"/learn/cards#{card}\"")),
        "{card}"
    );
    assert!(html.contains(&format!("/learn/mastery?answered={}", first.id)));

    let nonsense = format!(
        "/learn/quiz?order=x&{}=99&{}=-1&%ff=%00",
        first.id, second.id
    );
    let page = client.get(&nonsense).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("0 of"));
}

#[tokio::test]
async fn the_checklist_ticks_a_line_when_all_of_it_was_done() {
    let server = Server::start().await;
    let client = server.client();
    let lessons = Lessons::embedded().unwrap();
    let none = client.get("/learn/mastery").await;
    assert!(
        none.text()
            .contains(&format!("0 of {} mastered", lessons.mastery.len()))
    );

    let line = &lessons.mastery[0];
    let done: Vec<String> = line
        .when
        .iter()
        .map(|condition| match condition {
            Condition::Ran(experiment) => format!("ran={experiment}"),
            Condition::Did(deed) => format!("did={}", deed.name()),
            Condition::Answered(question) => format!("answered={question}"),
        })
        .collect();
    let whole = client
        .get(&format!("/learn/mastery?{}", done.join("&")))
        .await;
    assert!(whole.text().contains("1 of 6 mastered"));
    assert_eq!(whole.text().matches("☑").count(), 1);
    assert_eq!(whole.text().matches(" checked").count(), done.len());
    let part = client
        .get(&format!("/learn/mastery?{}", done[1..].join("&")))
        .await;
    assert!(part.text().contains("0 of 6 mastered"));
}

#[tokio::test]
async fn the_cards_can_be_taken_to_anki() {
    let server = Server::start().await;
    let cards = server.client().get("/learn/cards.txt").await;
    assert_eq!(cards.status, StatusCode::OK);
    assert_eq!(cards.header("content-type"), "text/plain; charset=utf-8");
    assert!(cards.header("content-disposition").contains("attachment"));
    let text = cards.text();
    let notes = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(notes, Lessons::embedded().unwrap().cards.len());
}

/// What is drawn is what the engine does: not a transition more or less.
#[test]
fn the_diagram_of_the_task_states_is_the_engines_table() {
    let svg = diagram("task-states").unwrap();
    let attribute = |arrow: &str, name: &str| {
        let (_, rest) = arrow.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let mut drawn = BTreeSet::new();
    for arrow in svg
        .split("<path data-")
        .skip(1)
        .map(|it| format!("data-{it}"))
    {
        let (from, to) = (attribute(&arrow, "data-from"), attribute(&arrow, "data-to"));
        for by in attribute(&arrow, "data-by").split(' ') {
            assert!(
                drawn.insert((from.clone(), by.to_owned(), to.clone())),
                "{from} {by}"
            );
        }
    }
    let table: BTreeSet<_> = TABLE
        .iter()
        .map(|(from, by, next)| {
            let to = match next {
                Next::To(state) => state.to_string(),
                Next::Gone => "gone".to_owned(),
            };
            (from.to_string(), format!("{by:?}").to_lowercase(), to)
        })
        .collect();
    assert_eq!(drawn, table);
}
