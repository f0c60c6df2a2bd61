//! The guides, as they stand in the repository: for people who come from elsewhere, and for those who
//! have a web application.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::{COMING, FASTAPI, PROBLEMS};

const COMING_TEXT: &str = include_str!("../../../docs/coming-from-fastapi-and-celery.md");
const FASTAPI_TEXT: &str = include_str!("../../../docs/fastapi.md");

/// What other task queues have, and what it is called here.
pub(super) fn coming() -> Markup {
    article(COMING_TEXT)
}

/// An application whose background tasks run here.
pub(super) fn fastapi() -> Markup {
    article(FASTAPI_TEXT)
}

fn article(text: &str) -> Markup {
    html! {
        article.docs-text.guide { (rendered(text)) }
    }
}

/// A text of the repository.
pub(super) fn rendered(text: &str) -> Markup {
    let mut rendered = String::new();
    let mut blocks = 0;
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    pulldown_cmark::html::push_html(
        &mut rendered,
        parser.map(|event| reachable(event, &mut blocks)),
    );
    // The project's own text: nothing in it comes from a client.
    PreEscaped(rendered)
}

/// The same, but what may scroll can be reached with the keyboard and has a name: a block of code
/// has its number among the `blocks`.
fn reachable<'a>(event: Event<'a>, blocks: &mut u32) -> Event<'a> {
    match event {
        Event::Start(Tag::CodeBlock(_)) => {
            *blocks += 1;
            let label = format!(
                "<div class=\"code-block\"><pre tabindex=\"0\" role=\"region\" aria-label=\"Code {blocks}\"><code>"
            );
            Event::Html(label.into())
        }
        Event::End(TagEnd::CodeBlock) => Event::Html("</code></pre></div>".into()),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Link {
            link_type,
            dest_url: served(dest_url),
            title,
            id,
        }),
        other => other,
    }
}

/// Where a link leads: one from text to text in the repository leads from page to page here.
fn served(url: CowStr<'_>) -> CowStr<'_> {
    let page = url.strip_suffix(".md").map(|name| format!("/docs/{name}"));
    let pages = [COMING, FASTAPI, PROBLEMS];
    page.filter(|page| pages.contains(&page.as_str()))
        .map_or(url, Into::into)
}
