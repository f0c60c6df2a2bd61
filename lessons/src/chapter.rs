//! A chapter of the guide.

use crate::figure::Figures;
use crate::markdown::{Html, render};
use crate::whole::Fault;

/// A chapter: Markdown that begins with a heading and a paragraph that says what it is about.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// Its name in addresses.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it is about, in one paragraph.
    pub summary: String,
    /// Heading and text.
    pub html: Html,
    /// As it was written, with its figures.
    pub(crate) text: String,
}

impl Chapter {
    pub(crate) fn read(id: &str, text: &str, figures: &Figures) -> Result<Self, Fault> {
        let place = format!("guide/{id}.md");
        let text = figures.put_into(text, &place)?;
        let mut parts = text.split("\n\n");
        let title = parts.next().and_then(|line| line.strip_prefix("# "));
        let title = title.ok_or_else(|| Fault::new(&place, "it does not begin with `# `"))?;
        let summary = parts
            .next()
            .ok_or_else(|| Fault::new(&place, "it has no text"))?;
        Ok(Self {
            id: id.to_owned(),
            title: title.to_owned(),
            summary: summary.replace('\n', " "),
            html: render(&text, &place)?,
            text,
        })
    }

    /// The address of its page.
    pub fn path(&self) -> String {
        format!("/learn/guide/{}", self.id)
    }
}
