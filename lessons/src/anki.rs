//! The cards as Anki reads them.

use crate::card::Card;

/// The cards as a text file for Anki's import (version 2.1.54 or newer): fields with tabs between
/// them, in HTML. Imported again, a card is updated and keeps its schedule, because its id is the
/// note's. The form is that of <https://docs.ankiweb.net/importing/text-files.html>.
pub fn anki<'a>(cards: impl IntoIterator<Item = &'a Card>) -> String {
    let mut text = String::from(
        "#separator:tab\n#html:true\n#notetype:Basic\n#deck:Glassworks\n#guid column:1\n#tags column:4\n",
    );
    for card in cards {
        let fields = [
            format!("glassworks-{}", card.id),
            field(card.front.as_str()),
            field(card.back.as_str()),
            card.chapter.clone(),
        ];
        text.push_str(&fields.join("\t"));
        text.push('\n');
    }
    text
}

/// A field that ends neither its line nor itself, and is not taken for a quoted one.
fn field(html: &str) -> String {
    let html = html.trim().replace(['\t', '\n', '\r'], " ");
    html.replace('"', "&quot;")
}
