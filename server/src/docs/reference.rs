//! The API's own page: an introduction, each operation, each schema.

use maud::{Markup, html};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{Components, OpenApi, RefOr, Tag};

use super::{COMING, FASTAPI, PROBLEMS, example, operation, schema, text};
use crate::openapi;

/// Everything that `document` describes.
pub(super) fn content(document: &OpenApi) -> Markup {
    let none = Components::new();
    let components = document.components.as_ref().unwrap_or(&none);
    let tags: Vec<&Tag> = document.tags.iter().flatten().collect();
    html! {
        (contents(document, &tags))
        div.docs-text {
            h1 { "The API" }
            (introduction(document))
            @for tag in &tags { (group(document, tag, components)) }
            (schemas(components))
        }
    }
}

fn introduction(document: &OpenApi) -> Markup {
    html! {
        @if let Some(words) = &document.info.description { (text::paragraphs(words)) }
        p {
            "For programs: " a href="/openapi.json" { "openapi.json" } " (OpenAPI 3.1). "
            "What it refuses, and how it says so: " a href=(PROBLEMS) { "problems" } ". "
            "For people who know other task queues: "
            a href=(COMING) { "Coming from FastAPI's background tasks, or from Celery" } ". "
            "For those with a FastAPI application: "
            a href=(FASTAPI) { "FastAPI without BackgroundTasks" } "."
        }
    }
}

/// The table of contents.
fn contents(document: &OpenApi, tags: &[&Tag]) -> Markup {
    html! {
        nav.contents aria-label="Operations" {
            @for tag in tags {
                a.contents-group href={ "#" (tag_anchor(tag)) } { (tag.name) }
                ul {
                    @for (path, method, operation) in operations(document, tag) {
                        @let verb = example::verb(&method);
                        li {
                            a href={ "#" (operation.operation_id.as_deref().unwrap_or_default()) } {
                                (operation::method_and_path(verb, path))
                            }
                        }
                    }
                }
            }
            a.contents-group href="#schemas" { "Schemas" }
        }
    }
}

fn group(document: &OpenApi, tag: &Tag, components: &Components) -> Markup {
    html! {
        section.group aria-labelledby=(tag_anchor(tag)) {
            h2 #(tag_anchor(tag)) { (tag.name) }
            @if let Some(words) = &tag.description { p.quiet { (text::line(words)) } }
            @for (path, method, operation) in operations(document, tag) {
                (operation::section(path, &method, operation, components))
            }
        }
    }
}

fn schemas(components: &Components) -> Markup {
    html! {
        section.group aria-labelledby="schemas" {
            h2 #schemas { "Schemas" }
            @for (name, of) in &components.schemas {
                @if let RefOr::T(of) = of {
                    div.schema #(schema::anchor(name)) {
                        h3 { code { (name) } }
                        @if let Some(words) = schema::description(&RefOr::T(of.clone())) {
                            (text::paragraphs(words))
                        }
                        (schema::tree(of, components))
                    }
                }
            }
        }
    }
}

fn tag_anchor(tag: &Tag) -> String {
    format!("group-{}", tag.name.to_lowercase())
}

/// The operations of one group, in the order of the route table.
fn operations<'a>(
    document: &'a OpenApi,
    tag: &'a Tag,
) -> impl Iterator<Item = (&'a str, HttpMethod, &'a Operation)> {
    document.paths.paths.iter().flat_map(move |(path, item)| {
        openapi::operations(item).filter_map(move |(method, operation)| {
            let tags = operation.tags.iter().flatten();
            tags.clone()
                .any(|name| *name == tag.name)
                .then_some((path.as_str(), method, operation))
        })
    })
}
