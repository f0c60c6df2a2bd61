//! `/learn`: the lessons, as pages that can be read without scripts.
//!
//! What does not depend on its reader is written once, when the server starts. The quiz and the
//! checklist are forms whose state is their address: it can be kept, shared and sent back.

mod cards;
mod exercises;
mod explain;
mod guide;
mod mastery;
mod measurements;
mod overview;
mod quiz;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use glassworks_app::AssetUrls;
use glassworks_lessons::{Html, Lessons, anki};
use http::{HeaderValue, Method, header};
use maud::{Markup, PreEscaped, html};
use tracing::error;

use crate::access::{Face, Need, Table};
use crate::plain::Page;
use crate::plain::layout::{self, Frame};
use crate::site::Site;

/// The section's pages, by path and name. The guide has a page for each chapter beside.
const PAGES: [(&str, &str); 7] = [
    ("/learn", "Overview"),
    ("/learn/cards", "Cards"),
    ("/learn/quiz", "Quiz"),
    ("/learn/exercises", "Exercises"),
    ("/learn/explain", "Explain it"),
    ("/learn/mastery", "Mastery"),
    ("/learn/measurements", "Measurements"),
];

/// The cards as Anki imports them.
const ANKI: &str = "/learn/cards.txt";

/// A route for each page.
pub(crate) fn routes(table: Table, site: &Site) -> Table {
    let lessons = match Lessons::embedded() {
        Ok(lessons) => Arc::new(lessons),
        // The tests of the lessons' crate keep this from happening.
        Err(fault) => {
            error!(%fault, "the lessons cannot be read, and have no pages");
            return table;
        }
    };
    let urls = Arc::new(site.urls());
    let mut pages = vec![
        ("/learn".to_owned(), "Learn", overview::content(&lessons)),
        ("/learn/cards".to_owned(), "Cards", cards::content(&lessons)),
        (
            "/learn/exercises".to_owned(),
            "Exercises",
            exercises::content(&lessons),
        ),
        (
            "/learn/explain".to_owned(),
            "Explain it",
            explain::content(&lessons),
        ),
        (
            "/learn/measurements".to_owned(),
            "Measurements",
            measurements::content(&lessons),
        ),
    ];
    for chapter in &lessons.chapters {
        let content = guide::content(&lessons, chapter);
        pages.push((chapter.path(), &chapter.title, content));
    }
    let (need, face, get) = (Need::READ, Face::Page, &Method::GET);
    let table = pages
        .into_iter()
        .fold(table, |table, (path, title, content)| {
            let page = written(title, &path, &urls, &content);
            let respond = async move |request: Request| page.respond(&request);
            table.route(need, face, get, &path, respond)
        });
    let deck: Arc<str> = anki(&lessons.cards).into();
    let (of_quiz, urls_of_quiz) = (Arc::clone(&lessons), Arc::clone(&urls));
    let quiz = async move |request: Request| {
        let content = quiz::content(&of_quiz, request.uri().query().unwrap_or_default());
        written("Quiz", "/learn/quiz", &urls_of_quiz, &content).respond(&request)
    };
    let mastery = async move |request: Request| {
        let content = mastery::content(&lessons, request.uri().query().unwrap_or_default());
        written("Mastery", "/learn/mastery", &urls, &content).respond(&request)
    };
    table
        .route(need, face, get, ANKI, async move || download(&deck))
        .route(need, face, get, "/learn/quiz", quiz)
        .route(need, face, get, "/learn/mastery", mastery)
}

/// A page of the section.
fn written(title: &str, path: &str, urls: &AssetUrls, content: &Markup) -> Page {
    let frame = Frame {
        title,
        current: "/learn",
        script: None,
    };
    let content = html! {
        nav.learn-pages aria-label="Lessons" {
            @for (href, name) in PAGES {
                a href=(href) aria-current=[(href == path).then_some("page")] { (name) }
            }
        }
        article.docs-text.guide.learn { (content) }
    };
    Page::new(&layout::page(&frame, urls, &content))
}

/// A text file to keep.
fn download(text: &str) -> Response {
    let mut response = text.to_owned().into_response();
    let headers = response.headers_mut();
    let name = "attachment; filename=\"glassworks-cards.txt\"";
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}

/// A text of the lessons.
fn text(html: &Html) -> Markup {
    // The project's own, escaped where it was read: nothing in it comes from a client.
    PreEscaped(html.to_string())
}

/// A link to a card.
fn card_link(lessons: &Lessons, id: &str) -> Markup {
    html! {
        @if let Some(card) = lessons.card(id) {
            a href={ "/learn/cards#" (id) } { (text(&card.front)) }
        }
    }
}

/// A link to a chapter.
fn chapter_link(lessons: &Lessons, id: &str) -> Markup {
    html! {
        @if let Some(chapter) = lessons.chapter(id) {
            a href=(chapter.path()) { (chapter.title) }
        }
    }
}
