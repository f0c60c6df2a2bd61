//! What there is to know about problems: where their `type` leads.

use glassworks_protocol::ProblemCode;
use maud::{Markup, html};

use super::guide::rendered;
use super::text;

/// What stands before the table in the repository.
const TEXT: &str = include_str!("../../../docs/problems.md");

/// The text, and the sorts of problems with an anchor for each.
pub(super) fn content() -> Markup {
    let words = TEXT.split_once("| code |").map_or(TEXT, |(words, _)| words);
    html! {
        article.docs-text.guide {
            (rendered(words))
            table {
                thead { tr { th { "code" } th { "status" } th { "title" } th { "when" } } }
                tbody {
                    @for code in ProblemCode::ALL {
                        tr id=(code) {
                            td { code { (code) } }
                            td { (code.status()) }
                            td { (code.title()) }
                            td { (text::line(code.meaning())) }
                        }
                    }
                }
            }
        }
    }
}
