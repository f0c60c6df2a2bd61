//! What the guards and the extractors answer, the same for all routes that have them.
//!
//! A route documents its own answers. These come before it ([`crate::guard`], [`crate::api`]'s
//! extractors), so they are added by what an operation has: a body, a query, an id, a change.

use glassworks_protocol::{FieldError, Problem, ProblemCode};
use utoipa::PartialSchema as _;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterIn};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use super::{PROBLEM_JSON, operations_mut};

/// When an operation can be refused so.
type When = fn(&HttpMethod, &Operation) -> bool;

/// One way in which any request may be refused.
struct Refusal {
    /// Its name among the document's responses.
    name: &'static str,
    /// One sort of problem with this status, to show.
    code: ProblemCode,
    description: &'static str,
    when: When,
}

const ALL: [Refusal; 12] = [
    Refusal {
        name: "BadRequest",
        code: ProblemCode::BadRequest,
        description: "The request is malformed: its `Host`, or a body that is not JSON.",
        when: |_, _| true,
    },
    Refusal {
        name: "Unauthorized",
        code: ProblemCode::Unauthorized,
        description: "Neither a key nor a session was sent, or one that is not good any more.",
        when: |_, operation| asks_who(operation),
    },
    Refusal {
        name: "Forbidden",
        code: ProblemCode::Forbidden,
        description: "The key does not allow it; or another site's page made a browser send this \
            (`Origin`, `Sec-Fetch-Site`).",
        when: |method, operation| {
            *method != HttpMethod::Get || is_websocket(operation) || asks_who(operation)
        },
    },
    Refusal {
        name: "TooManyAttempts",
        code: ProblemCode::TooManyAttempts,
        description: "Too many wrong keys came from this address.",
        when: |_, operation| asks_who(operation),
    },
    Refusal {
        name: "NotFound",
        code: ProblemCode::NotFound,
        description: "There is nothing with this id, or not any more.",
        when: |_, operation| has(operation, &ParameterIn::Path),
    },
    Refusal {
        name: "RequestTimeout",
        code: ProblemCode::BodyTimeout,
        description: "The body did not arrive within 30 seconds.",
        when: |_, operation| operation.request_body.is_some(),
    },
    Refusal {
        name: "PayloadTooLarge",
        code: ProblemCode::BodyTooLarge,
        description: "The body, or a part of it, is longer than the limit.",
        when: |_, operation| operation.request_body.is_some(),
    },
    Refusal {
        name: "UnsupportedMediaType",
        code: ProblemCode::UnsupportedMediaType,
        description: "The body does not say that it is JSON (`Content-Type: application/json`).",
        when: |_, operation| operation.request_body.is_some(),
    },
    Refusal {
        name: "Misdirected",
        code: ProblemCode::Misdirected,
        description: "The server does not answer to the name in `Host`.",
        when: |_, _| true,
    },
    Refusal {
        name: "Unprocessable",
        code: ProblemCode::Invalid,
        description: "Understood, but not acceptable: `errors` says what is wrong where.",
        when: |_, operation| {
            operation.request_body.is_some()
                || has(operation, &ParameterIn::Query)
                || is_websocket(operation)
        },
    },
    Refusal {
        name: "InternalError",
        code: ProblemCode::Internal,
        description: "Something went wrong in the server, and its log says what under the number in `X-Request-Id`.",
        when: |_, _| true,
    },
    Refusal {
        name: "NoRoom",
        code: ProblemCode::NoRoom,
        description: "The server holds as much for its clients as it may: ask again after `Retry-After`.",
        when: |_, _| true,
    },
];

impl Refusal {
    /// What it looks like.
    fn response(&self) -> Response {
        let mut example = Problem::new(self.code)
            .with_detail(self.description.replace('`', ""))
            .at("/api/tasks");
        if self.code == ProblemCode::Invalid {
            let field = FieldError::new("/payload/seconds", "expected 0 to 3600");
            example = example.with_errors(vec![field]);
        }
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .example(serde_json::to_value(example).ok())
            .build();
        let mut response = ResponseBuilder::new()
            .description(self.description)
            .content(PROBLEM_JSON, content)
            .build();
        if self.code == ProblemCode::Unauthorized {
            let challenge = HeaderBuilder::new()
                .schema(Some(String::schema()))
                .description(Some("What is to be sent."))
                .build();
            let name = "WWW-Authenticate".to_owned();
            response.headers.insert(name, challenge.into());
        }
        if matches!(
            self.code,
            ProblemCode::NoRoom | ProblemCode::TooManyAttempts
        ) {
            let seconds = HeaderBuilder::new()
                .schema(Some(u32::schema()))
                .description(Some("Seconds to wait before another try."))
                .build();
            response
                .headers
                .insert("Retry-After".to_owned(), seconds.into());
        }
        response
    }

    fn reference(&self) -> RefOr<Response> {
        RefOr::Ref(Ref::from_response_name(self.name))
    }
}

/// Adds them to the document and to each operation that can answer so, and the request's number to
/// every problem.
pub(super) fn add(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    for refusal in &ALL {
        let response = numbered(refusal.response());
        components
            .responses
            .insert(refusal.name.to_owned(), response.into());
    }
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations_mut(item) {
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(own) = response {
                    *own = numbered(std::mem::take(own));
                }
            }
            for refusal in &ALL {
                if (refusal.when)(&method, operation) {
                    let status = refusal.code.status().to_string();
                    let responses = &mut operation.responses.responses;
                    // What a route says of such an answer itself is more to the point.
                    responses
                        .entry(status)
                        .or_insert_with(|| refusal.reference());
                }
            }
        }
    }
}

/// The same response with the header that [`crate::guard`] gives to every problem.
fn numbered(mut response: Response) -> Response {
    if response.content.contains_key(PROBLEM_JSON) {
        let header = HeaderBuilder::new()
            .schema(Some(String::schema()))
            .description(Some(
                "The number by which the server's log has this request.",
            ))
            .build();
        response
            .headers
            .insert("X-Request-Id".to_owned(), header.into());
    }
    response
}

/// Whether the operation has a parameter of this sort.
fn has(operation: &Operation, place: &ParameterIn) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(own) if own.parameter_in == *place))
}

/// Whether the operation asks who is calling.
fn asks_who(operation: &Operation) -> bool {
    let any = operation.security.as_ref();
    any.is_some_and(|any| !any.is_empty())
}

fn is_websocket(operation: &Operation) -> bool {
    operation.responses.responses.contains_key("101")
}
