//! The guide for people who come from elsewhere, as it stands in the repository.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const TEXT: &str = include_str!("../../../docs/coming-from-fastapi-and-celery.md");

/// The guide's text.
pub(super) fn content() -> Markup {
    html! {
        article.docs-text.guide { (rendered(TEXT)) }
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
        other => other,
    }
}
