//! Markdown as HTML: what the project's own texts use of it, and nothing raw.

use std::fmt;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Parser, Tag, TagEnd, html};

use crate::source::diagram;
use crate::whole::Fault;

/// HTML that stands in a page as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Renders Markdown that is not of these lessons. Markup that is written as HTML is shown as text.
    pub fn of(markdown: &str) -> Self {
        let events = Parser::new(markdown).map(|event| match event {
            Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
            other => other,
        });
        let mut rendered = String::new();
        html::push_html(&mut rendered, events);
        Self(rendered)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a text leads to, for whoever checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// The targets of its links.
    pub(crate) links: Vec<String>,
    /// What it says in `code`: commands, and files of the repository.
    pub(crate) code: Vec<String>,
}

/// Renders `text`. Markup that is written as HTML is shown as text. A block of code marked `diagram`
/// is replaced by the diagram that it names; in Rust, lines that begin with `# ` are left out, as
/// rustdoc does.
pub(crate) fn render(text: &str, place: &str) -> Result<Html, Fault> {
    let mut block: Option<(CodeBlockKind<'_>, String)> = None;
    let mut blocks = 0_u32;
    let mut events = Vec::new();
    for event in Parser::new(text) {
        match (event, &mut block) {
            (Event::Start(Tag::CodeBlock(kind)), _) => block = Some((kind, String::new())),
            (Event::End(TagEnd::CodeBlock), _) => {
                let Some((kind, code)) = block.take() else {
                    continue;
                };
                blocks += 1;
                events.push(Event::Html(code_block(&kind, &code, blocks, place)?.into()));
            }
            (Event::Text(line), Some((_, code))) => code.push_str(&line),
            (Event::Html(raw) | Event::InlineHtml(raw), _) => events.push(Event::Text(raw)),
            (other, _) => events.push(other),
        }
    }
    let mut rendered = String::new();
    html::push_html(&mut rendered, events.into_iter());
    Ok(Html(rendered))
}

/// A line of Markdown without the paragraph around it, for where a paragraph may not stand.
pub(crate) fn render_line(text: &str) -> Html {
    let events = Parser::new(text).filter_map(|event| match event {
        Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => None,
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        other => Some(other),
    });
    let mut rendered = String::new();
    html::push_html(&mut rendered, events);
    Html(rendered)
}

/// Where `text` leads.
pub(crate) fn named(text: &str) -> Named {
    let mut named = Named::default();
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                named.links.push(dest_url.into_string());
            }
            Event::Code(code) => named.code.push(code.into_string()),
            _ => {}
        }
    }
    named
}

/// What scrolls can be reached with the keyboard, and has a name.
fn code_block(
    kind: &CodeBlockKind<'_>,
    code: &str,
    number: u32,
    place: &str,
) -> Result<String, Fault> {
    let language: &str = match kind {
        CodeBlockKind::Fenced(language) => language,
        CodeBlockKind::Indented => "",
    };
    let language = language.split(',').next().unwrap_or_default();
    if language == "diagram" {
        let name = code.trim();
        let svg = diagram(name).ok_or_else(|| Fault::new(place, format!("no diagram {name}")))?;
        return Ok(format!(
            "<figure class=\"diagram\" tabindex=\"0\">{svg}</figure>\n"
        ));
    }
    let shown = if language == "rust" {
        without_hidden(code).into()
    } else {
        CowStr::from(code)
    };
    let mut escaped = String::new();
    html::push_html(&mut escaped, std::iter::once(Event::Text(shown)));
    Ok(format!(
        "<div class=\"code-block\"><pre tabindex=\"0\" role=\"region\" aria-label=\"Code {number}\">\
         <code>{escaped}</code></pre></div>\n"
    ))
}

/// Rust without the lines that only make it compile.
fn without_hidden(code: &str) -> String {
    let shown = code
        .split_inclusive('\n')
        .filter(|line| !(line.starts_with("# ") || line.trim_end() == "#"));
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::{named, render, render_line};

    #[test]
    fn raw_html_is_text() {
        let html = render("a <b onclick=x>c</b>\n\n<script>d</script>\n", "here").unwrap();
        assert!(!html.as_str().contains("<b"), "{html}");
        assert!(!html.as_str().contains("<script"), "{html}");
        let line = render_line("<img src=x> `<i>`");
        assert_eq!(line.as_str(), "&lt;img src=x&gt; <code>&lt;i&gt;</code>");
    }

    #[test]
    fn rust_is_shown_without_its_hidden_lines() {
        let html = render(
            "```rust\n# fn main() {\n#\n#[test]\na < b\n# }\n```",
            "here",
        )
        .unwrap();
        assert!(html.as_str().contains("<code>#[test]\na &lt; b\n</code>"));
        let toml = render("```toml\n# a comment\n```", "here").unwrap();
        assert!(toml.as_str().contains("# a comment"));
    }

    #[test]
    fn a_diagram_takes_the_place_of_its_name() {
        let html = render("```diagram\ntask-states\n```", "here").unwrap();
        assert!(html.as_str().contains("<svg"), "{html}");
        assert!(render("```diagram\nnothing\n```", "here").is_err());
    }

    #[test]
    fn links_and_code_are_named() {
        let named = named("See [it](/lab/timeout) and `engine/src/state.rs`.");
        assert_eq!(named.links, ["/lab/timeout"]);
        assert_eq!(named.code, ["engine/src/state.rs"]);
    }
}
