//! Doc comments as HTML: paragraphs, lists and `code` is all the markup that they use.

use maud::{Markup, PreEscaped, html};

/// Several paragraphs.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! {
        @for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
            @if block.trim_start().starts_with("- ") {
                ul.points {
                    @for item in block.trim_start().trim_start_matches("- ").split("\n- ") {
                        li { (line(item)) }
                    }
                }
            } @else {
                p { (line(block)) }
            }
        }
    }
}

/// One paragraph's content. Links of the code's own documentation (``[`Task`]``) are plain names
/// here.
pub(super) fn line(text: &str) -> Markup {
    let text = text.replace("[`", "`").replace("`]", "`");
    let mut html = html! {};
    for (index, part) in text.split('`').enumerate() {
        let part = if index % 2 == 1 {
            html! { code { (part) } }
        } else {
            html! { (part) }
        };
        html.0.push_str(&part.0);
    }
    PreEscaped(html.0)
}

#[cfg(test)]
mod tests {
    use super::{line, paragraphs};

    #[test]
    fn code_and_names_are_code_and_nothing_is_markup() {
        assert_eq!(
            line("As in [`Task`]: `a < b`, <b>.").into_string(),
            "As in <code>Task</code>: <code>a &lt; b</code>, &lt;b&gt;."
        );
    }

    #[test]
    fn points_are_a_list() {
        assert_eq!(
            paragraphs("One\ntwo.\n\n- a\n- b").into_string(),
            "<p>One\ntwo.</p><ul class=\"points\"><li>a</li><li>b</li></ul>"
        );
    }
}
