//! Reads what a request carries, and says precisely what is wrong with it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Display;
use std::str::FromStr;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use glassworks_engine::shape::{self, Misread};
use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{FieldError, Problem, ProblemCode, TaskId};
use http::request::Parts;
use http::{HeaderMap, header};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::error::ApiError;

/// The `{id}` of a task's path.
#[derive(IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct TaskPath(
    /// The task's id.
    pub(super) TaskId,
);

impl<S: Send + Sync> FromRequestParts<S> for TaskPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let NamePath(text) = NamePath::from_request_parts(parts, state).await?;
        text.parse()
            .map(Self)
            .map_err(|_| no_id(ProblemCode::NoSuchTask, "a task", &text))
    }
}

/// The `{id}` of a schedule's path.
#[derive(IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct SchedulePath(
    /// The schedule's id.
    pub(super) Uuid,
);

impl<S: Send + Sync> FromRequestParts<S> for SchedulePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let NamePath(text) = NamePath::from_request_parts(parts, state).await?;
        text.parse()
            .map(Self)
            .map_err(|_| no_id(ProblemCode::NoSuchSchedule, "a schedule", &text))
    }
}

/// The `{id}` of a key's path.
#[derive(IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct KeyPath(
    /// The key's id.
    pub(super) Uuid,
);

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let NamePath(text) = NamePath::from_request_parts(parts, state).await?;
        text.parse()
            .map(Self)
            .map_err(|_| no_id(ProblemCode::NoSuchKey, "a key", &text))
    }
}

/// The `{id}` of a session's path.
#[derive(IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct SessionPath(
    /// The session's id.
    pub(super) Uuid,
);

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let NamePath(text) = NamePath::from_request_parts(parts, state).await?;
        text.parse()
            .map(Self)
            .map_err(|_| no_id(ProblemCode::NoSuchSession, "a session", &text))
    }
}

/// The `{id}` of a worker's path.
#[derive(IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct WorkerPath(
    /// The worker's id, from `/api/nodes`.
    pub(super) Uuid,
);

impl<S: Send + Sync> FromRequestParts<S> for WorkerPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let NamePath(text) = NamePath::from_request_parts(parts, state).await?;
        text.parse()
            .map(Self)
            .map_err(|_| no_id(ProblemCode::NoSuchWorker, "a worker", &text))
    }
}

fn no_id(code: ProblemCode, whose: &str, text: &str) -> ApiError {
    let detail = format!("{} is not {whose}'s id, which is a UUID.", quoted(text));
    ApiError::new(code, detail)
}

/// The `{name}` of a queue's path, decoded; the one parameter of any other.
#[derive(IntoParams)]
#[into_params(names("name"), parameter_in = Path)]
pub(crate) struct NamePath(
    /// The queue's name: 1 to 64 letters, digits, `-`, `_`, `.` or `:`.
    pub(super) String,
);

impl<S: Send + Sync> FromRequestParts<S> for NamePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(name) = Path::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::new(ProblemCode::NotFound, rejection.body_text()))?;
        Ok(Self(name))
    }
}

/// A body of JSON.
pub(crate) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                ProblemCode::UnsupportedMediaType,
                "The body has to be JSON, and to say so: Content-Type: application/json.",
            ));
        }
        // The guard has collected it, within the limit of its route.
        let body = to_bytes(request.into_body(), usize::MAX)
            .await
            .map_err(|error| ApiError::internal(error.to_string()))?;
        parse_json(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/");
    subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// 400 for what is not JSON, 422 for JSON of another shape.
fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    shape::read(body).map_err(|misread| match misread {
        Misread::NotJson(error) => {
            let detail = format!("The body is not JSON: {error}.");
            ApiError::new(ProblemCode::NotJson, detail)
        }
        Misread::Misshapen(fault) => {
            ApiError::unprocessable("The body is JSON, but not of the right shape.", vec![fault])
        }
    })
}

/// The query's parameters. A parameter without a value counts as absent where its field is read
/// with [`optional`]: that is what a form sends for an empty input.
pub(crate) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        parse_query(query).map(Self)
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut names = HashSet::new();
    for (name, _) in pairs {
        if let Some(name) = names.replace(name) {
            return Err(bad_parameter(&name, "is given more than once"));
        }
    }
    let deserializer = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = error.path().to_string();
        bad_parameter(&name, shape::in_words(error.inner()))
    })
}

fn bad_parameter(name: &str, detail: impl Into<String>) -> ApiError {
    bad_query(vec![FieldError::new(name, detail)])
}

/// 422: each of `faults` points to a query parameter by its name.
pub(super) fn bad_query(faults: Vec<FieldError>) -> ApiError {
    ApiError::from(Problem::bad_query(faults))
}

/// Reads a query parameter that may be absent or empty.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = Cow::<str>::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

/// Reads a query parameter that is a switch: `?name`, `?name=true` or `?name=false`.
pub(crate) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match &*Cow::<str>::deserialize(deserializer)? {
        "" | "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(D::Error::custom("expected true or false")),
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{NewTask, Problem};
    use serde::Deserialize;

    use super::{is_json, optional, parse_json, parse_query, switch};

    fn refused<T>(outcome: Result<T, crate::error::ApiError>) -> Problem {
        match outcome {
            Ok(_) => panic!("it should have been refused"),
            Err(error) => error.into_problem(),
        }
    }

    #[test]
    fn what_is_not_json_is_told_from_json_of_another_shape() {
        for body in ["", "{", "kind=sleep", "{\"kind\":\"sleep\"} {}", "\u{1}"] {
            let problem = refused(parse_json::<NewTask>(body.as_bytes()));
            assert_eq!(problem.status, 400, "{body}");
        }
        assert_eq!(refused(parse_json::<NewTask>(b"\xff\"")).status, 400);
        for (body, pointer) in [
            (r#"{"kind":7}"#, "/kind"),
            (r#"{"payload":{}}"#, ""),
            (r#"{"kind":"sleep","tags":["a",2]}"#, "/tags/1"),
            (r#"{"kind":"sleep","retry":{"max_ms":-1}}"#, "/retry/max_ms"),
            (r#"{"kind":"sleep","colour":"blue"}"#, "/colour"),
            (r#"{"kind":"sleep","retry":{"a/b":1}}"#, "/retry/a~1b"),
            (r#"{"kind":"sleep","run_at":"soon"}"#, "/run_at"),
            ("[]", ""),
        ] {
            let problem = refused(parse_json::<NewTask>(body.as_bytes()));
            assert_eq!(problem.status, 422, "{body}");
            assert_eq!(problem.errors[0].pointer, pointer, "{body}");
            let detail = &problem.errors[0].detail;
            assert!(!detail.contains("line"), "{detail}");
        }
    }

    #[test]
    fn json_goes_by_several_names() {
        let json = |value: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("content-type", value.parse().unwrap());
            is_json(&headers)
        };
        assert!(json("application/json"));
        assert!(json("Application/JSON; charset=utf-8"));
        assert!(json("application/merge-patch+json"));
        assert!(!json("text/plain"));
        assert!(!json("application/x-www-form-urlencoded"));
        assert!(!is_json(&http::HeaderMap::new()));
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Wanted {
        #[serde(deserialize_with = "optional")]
        limit: Option<u32>,
        #[serde(deserialize_with = "optional")]
        q: Option<String>,
        #[serde(deserialize_with = "switch")]
        follow: bool,
    }

    #[test]
    fn a_query_is_read_leniently_where_nothing_is_lost() {
        let wanted: Wanted = parse_query("limit=5&q=a%20b&follow").unwrap();
        assert_eq!(wanted.limit, Some(5));
        assert_eq!(wanted.q.as_deref(), Some("a b"));
        assert!(wanted.follow);
        assert_eq!(
            parse_query::<Wanted>("limit=&q=").unwrap(),
            Wanted::default()
        );
        assert_eq!(parse_query::<Wanted>("").unwrap(), Wanted::default());
    }

    #[test]
    fn a_bad_query_names_its_parameter() {
        for (query, name) in [
            ("limit=many", "limit"),
            ("limit=-1", "limit"),
            ("follow=perhaps", "follow"),
            ("colour=blue", "colour"),
            ("limit=1&limit=2", "limit"),
        ] {
            let problem = refused(parse_query::<Wanted>(query));
            assert_eq!(problem.status, 422, "{query}");
            assert_eq!(problem.errors[0].pointer, name, "{query}: {problem}");
        }
    }
}
