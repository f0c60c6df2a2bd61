//! What a request that submits says in its headers: its key, and the trace it belongs to.

use axum::extract::FromRequestParts;
use glassworks_engine::RequestContext;
use glassworks_protocol::FieldError;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::error::ApiError;
use crate::openapi::header;

/// draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// W3C Trace Context, section 3.2.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Says of an answer that it was given before, and that nothing was done again.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Says of an answer that a task in it stood already, and was not made by this request.
pub(crate) const EXISTING: HeaderName = HeaderName::from_static("existing-task");

/// The headers of a request that submits.
pub(crate) struct SubmitHeaders(pub(super) RequestContext);

impl<S: Send + Sync> FromRequestParts<S> for SubmitHeaders {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(RequestContext {
            idempotency_key: idempotency_key(&parts.headers)?,
            traceparent: traceparent(&parts.headers),
        }))
    }
}

impl IntoParams for SubmitHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            header::optional(
                "Idempotency-Key",
                "Makes it safe to send the request again: for 24 hours the same key with the same \
                 request gives the same tasks. Unguessable by others, such as a UUID.",
                // What begins with a quotation mark has to be a string, too.
                |text| {
                    text.min_length(Some(1))
                        .max_length(Some(255))
                        .pattern(Some("^[ -~]+$"))
                        .examples(["8e03978e-40d5-43e8-bc93-6894a57f9324"])
                },
            ),
            header::optional(
                "traceparent",
                "The trace that the request belongs to (W3C Trace Context). It stays with the \
                 task, and requests that the task makes carry it on. One that is malformed is as \
                 good as none.",
                |text| text.examples(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]),
            ),
        ]
    }
}

/// The key, written as a string (`"k"`, as the draft has it) or bare, as many clients send it.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let refused = |detail: &str| {
        let field = FieldError::new("Idempotency-Key", detail);
        ApiError::unprocessable("The header is not acceptable.", vec![field])
    };
    if values.next().is_some() {
        return Err(refused("is given more than once"));
    }
    let text = value
        .to_str()
        .map_err(|_| refused("must be 1 to 255 visible characters of ASCII"))?
        .trim();
    match text.strip_prefix('"') {
        None => Ok(Some(text.to_owned())),
        Some(quoted) => unquote(quoted)
            .map(Some)
            .ok_or_else(|| refused("begins with a quotation mark and is not a string")),
    }
}

/// What is left of a string after its first quotation mark (RFC 9651, section 4.2.5).
fn unquote(quoted: &str) -> Option<String> {
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return characters.as_str().is_empty().then_some(text),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\') => text.push(escaped),
                _ => return None,
            },
            character => text.push(character),
        }
    }
}

/// The trace. Several headers are none: nobody knows which is right.
fn traceparent(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{idempotency_key, traceparent};

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_key_is_a_string_or_bare() {
        let key = |values: &[&str]| idempotency_key(&headers("idempotency-key", values));
        assert_eq!(key(&[]).unwrap(), None);
        for (value, expected) in [
            (r#""8e03978e-40d5""#, "8e03978e-40d5"),
            ("8e03978e-40d5", "8e03978e-40d5"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (r#""""#, ""),
        ] {
            assert_eq!(key(&[value]).unwrap().as_deref(), Some(expected), "{value}");
        }
        for value in [r#"""#, r#""a"#, r#""a"b"#, r#""a\b""#] {
            assert_eq!(key(&[value]).unwrap_err().into_problem().status, 422);
        }
        assert!(key(&["a", "b"]).is_err());
    }

    #[test]
    fn one_trace_is_taken_and_several_are_not() {
        let trace = |values: &[&str]| traceparent(&headers("traceparent", values));
        assert_eq!(trace(&[" 00-a "]).as_deref(), Some("00-a"));
        assert_eq!(trace(&["00-a", "00-b"]), None);
        assert_eq!(trace(&[]), None);
    }
}
