//! One operation: what it does, what it takes, what it answers, and a way to try it.

use maud::{Markup, html};
use serde_json::Value;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{Components, Content, RefOr, Required, Response};

use super::parameters::{Sample, form, parameters, place};
use super::{example, schema, text};
use crate::access::table::SCOPE;
use crate::openapi::PROBLEM_JSON;
use crate::openapi::sockets::WEBSOCKET;
use crate::plain::ORIGIN;

/// The section of one operation.
pub(super) fn section(
    path: &str,
    method: &HttpMethod,
    operation: &Operation,
    components: &Components,
) -> Markup {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let verb = example::verb(method);
    let name = format!("{verb} {path}");
    let samples = samples(operation, components);
    let media = media(operation);
    let body = samples.first().map(|sample| sample.body.as_str());
    let body = body.filter(|_| operation.request_body.is_some());
    html! {
        article.operation #(id) aria-labelledby={ (id) "-title" } data-method=(verb) data-path=(path) {
            h3 #{ (id) "-title" } {
                a href={ "#" (id) } { (method_and_path(verb, path)) }
            }
            @if let Some(summary) = &operation.summary { p.summary { (text::line(summary)) } }
            @if let Some(more) = &operation.description { (text::paragraphs(more)) }
            @if let Some(scope) = scope(operation) { p { "Asks for the scope " code { (scope) } "." } }
            div.operation-columns {
                div {
                    (taken(operation, components))
                    (messages(operation))
                    h4 { "Answers" }
                    (answers(operation, components))
                }
                div.trial {
                    h4 { "Try it" }
                    (form(&name, id, operation, &media, &samples, components))
                    div.code-block {
                        pre.curl tabindex="0" role="region" aria-label={ "As a command: " (name) } {
                            code { (example::curl(ORIGIN, method, path, operation, body)) }
                        }
                    }
                    div.trial-answer hidden {
                        p.trial-status role="status" {}
                        details {
                            summary { "Headers" }
                            pre.trial-headers tabindex="0" role="region" aria-label={ "Headers of " (name) } {}
                        }
                        pre.trial-body.screen tabindex="0" role="log" aria-label={ "Answer of " (name) } {}
                    }
                    (shown(&name, operation, components))
                }
            }
        }
    }
}

/// `POST /api/tasks`, with the method in a colour and a word.
pub(super) fn method_and_path(verb: &str, path: &str) -> Markup {
    html! {
        span.method.{ "is-" (verb.to_lowercase()) } { (verb) } " "
        code { (path) }
    }
}

/// The scope that an operation asks for.
fn scope(operation: &Operation) -> Option<&str> {
    operation.extensions.as_ref()?.get(SCOPE)?.as_str()
}

/// Parameters and body.
fn taken(operation: &Operation, components: &Components) -> Markup {
    html! {
        @if parameters(operation).next().is_some() {
            h4 { "Parameters" }
            dl.fields {
                @for parameter in parameters(operation) {
                    @let place = place(parameter);
                    dt {
                        code.name { (parameter.name) } " "
                        span.type {
                            @if let Some(of) = &parameter.schema { (schema::kind(of)) }
                            " in the " (place)
                        }
                        @if matches!(parameter.required, Required::True) {
                            " " span.required { "required" }
                        }
                    }
                    dd {
                        @if let Some(words) = &parameter.description { p { (text::line(words)) } }
                        @if let Some(RefOr::T(of)) = &parameter.schema { (schema::limits(of)) }
                    }
                }
            }
        }
        @if let Some(RefOr::T(body)) = &operation.request_body {
            h4 { "Body" }
            @for (media, content) in &body.content {
                p.type { code { (media) } }
                @if let RefOr::T(Content { schema: Some(of), .. }) = content {
                    @if let Some(of) = schema::resolve(of, components) { (schema::tree(of, components)) }
                }
            }
        }
    }
}

/// What is said over a WebSocket, by each side.
fn messages(operation: &Operation) -> Markup {
    let said = operation.extensions.as_ref();
    let said = said.and_then(|extensions| extensions.get(WEBSOCKET));
    let by = |side: &str| {
        said.and_then(|said| said[side]["$ref"].as_str())
            .map(schema::name)
    };
    html! {
        @if said.is_some() {
            h4 { "Messages" }
            dl.fields {
                @for (side, words) in [("client", "What the client says"), ("server", "What the server says")] {
                    @if let Some(name) = by(side) {
                        dt { (words) }
                        dd { p { "JSON text frames: " a href={ "#" (schema::anchor(name)) } { (name) } } }
                    }
                }
            }
        }
    }
}

fn answers(operation: &Operation, components: &Components) -> Markup {
    let (problems, own): (Vec<_>, Vec<_>) = operation
        .responses
        .responses
        .iter()
        .filter_map(|(status, response)| Some((status, resolved(response, components)?)))
        .partition(|(_, response)| response.content.contains_key(PROBLEM_JSON));
    html! {
        dl.answers {
            @for (status, response) in own { (answer(status, response)) }
        }
        details {
            summary { "Problems" }
            dl.answers {
                @for (status, response) in problems { (answer(status, response)) }
            }
            p.quiet { "Each is a " a href={ "#" (schema::anchor("Problem")) } { "Problem" } "." }
        }
    }
}

fn answer(status: &str, response: &Response) -> Markup {
    html! {
        dt { code.status.{ "is-" (&status[..1]) } { (status) } }
        dd {
            p { (text::line(&response.description)) }
            @for (media, content) in &response.content {
                @if media != PROBLEM_JSON {
                    p.type {
                        code { (media) }
                        @if let RefOr::T(Content { schema: Some(of), .. }) = content {
                            ": " (schema::kind(of))
                        }
                    }
                }
            }
            @for (name, header) in &response.headers {
                @if let (RefOr::T(Header { description: Some(words), .. }), true) = (header, name != "X-Request-Id") {
                    p.limits { code { (name) } ": " (text::line(words)) }
                }
            }
        }
    }
}

/// What the first good answer looks like.
fn shown(name: &str, operation: &Operation, components: &Components) -> Markup {
    let good = operation
        .responses
        .responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .find_map(|(_, response)| resolved(response, components)?.content.iter().next());
    html! {
        @if let Some((media, RefOr::T(content))) = good {
            @if let Some(text) = example::of_content(content, components) {
                details {
                    summary { "What comes back" }
                    div.code-block {
                        pre tabindex="0" role="region" aria-label={ "Example of " (media) " from " (name) } {
                            code { (text) }
                        }
                    }
                }
            }
        }
    }
}

fn resolved<'a>(response: &'a RefOr<Response>, components: &'a Components) -> Option<&'a Response> {
    match response {
        RefOr::T(response) => Some(response),
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            match components.responses.get(name)? {
                RefOr::T(response) => Some(response),
                RefOr::Ref(_) => None,
            }
        }
    }
}

/// The media types of the good answers.
fn media(operation: &Operation) -> Vec<&str> {
    operation
        .responses
        .responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| match response {
            RefOr::T(response) => Some(response),
            RefOr::Ref(_) => None,
        })
        .flat_map(|response| response.content.keys().map(String::as_str))
        .collect()
}

/// Bodies to start from: the examples of the request, or what a WebSocket's client can say.
fn samples(operation: &Operation, components: &Components) -> Vec<Sample> {
    let sample = |name: &str, value: &Value| Sample {
        name: name.to_owned(),
        body: serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    let said = operation.extensions.as_ref();
    let said = said.and_then(|extensions| extensions.get(WEBSOCKET));
    if let Some(said) = said {
        let examples = said["examples"].as_array().into_iter().flatten();
        return examples
            .map(|example| sample(example["op"].as_str().unwrap_or("message"), example))
            .collect();
    }
    let Some(RefOr::T(body)) = &operation.request_body else {
        return Vec::new();
    };
    let Some(RefOr::T(content)) = body.content.values().next() else {
        return Vec::new();
    };
    let named = content
        .examples
        .iter()
        .filter_map(|(name, example)| match example {
            RefOr::T(example) => Some(sample(name, example.value.as_ref()?)),
            RefOr::Ref(_) => None,
        });
    let mut samples: Vec<Sample> = named.collect();
    if samples.is_empty() {
        samples.extend(example::of_content(content, components).map(|body| Sample {
            name: "example".to_owned(),
            body,
        }));
    }
    samples
}
