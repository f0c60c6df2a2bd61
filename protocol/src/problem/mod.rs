//! Errors as clients see them: RFC 9457 problem details.

mod code;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::excerpt::cut;

pub use code::ProblemCode;

/// A problem document (RFC 9457), sent as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference to what there is to know about this sort of problem.
    #[cfg_attr(feature = "openapi", schema(example = "/docs/problems#invalid"))]
    #[serde(rename = "type")]
    pub kind: String,
    /// The sort of problem, for programs.
    #[cfg_attr(feature = "openapi", schema(value_type = ProblemCode, required))]
    #[serde(default)]
    pub code: String,
    /// The sort of problem in a few words, for people.
    #[cfg_attr(feature = "openapi", schema(example = "Unprocessable content"))]
    pub title: String,
    /// The HTTP status.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// What is wrong this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What is wrong where, in a body or query that was understood but is not acceptable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Whether more is wrong than `errors` says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_errors: bool,
}

/// One thing that is wrong in a request's body or query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where: a JSON Pointer (RFC 6901) into the body, or the name of a query parameter.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

impl FieldError {
    /// Characters of a pointer and of a detail at most: a client that sends much is not answered
    /// with as much.
    const LONGEST: usize = 256;

    /// `detail` is wrong at `pointer`. Of what is longer than 256 characters the beginning is told.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: cut(pointer.into(), Self::LONGEST),
            detail: cut(detail.into(), Self::LONGEST),
        }
    }
}

/// `name` as one step of a JSON Pointer (RFC 6901, section 4).
pub fn pointer_step(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        name.replace('~', "~0").replace('/', "~1").into()
    } else {
        name.into()
    }
}

impl Problem {
    /// How many errors a problem tells at most.
    pub const MOST_ERRORS: usize = 20;
    /// Characters of a detail at most.
    const LONGEST_DETAIL: usize = 1_024;
    /// Bytes of the path that was asked for at most: a longer one is left out, for a part of a
    /// path would be another.
    const LONGEST_INSTANCE: usize = 2_048;

    /// A problem of this sort; the caller adds detail.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            kind: code.uri(),
            code: code.as_str().to_owned(),
            ..Self::untyped(code.status(), code.title())
        }
    }

    /// What is wrong with a query: each of `errors` points to a parameter by its name.
    pub fn bad_query(errors: Vec<FieldError>) -> Self {
        Self::new(ProblemCode::Invalid)
            .with_detail("The query is not acceptable.")
            .with_errors(errors)
    }

    /// A problem that no server told, and no documentation has: the browser's own.
    pub fn untyped(status: u16, title: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            code: String::new(),
            title: title.into(),
            status,
            detail: None,
            instance: None,
            errors: Vec::new(),
            more_errors: false,
        }
    }

    /// The same problem with what is wrong this time.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(cut(detail.into(), Self::LONGEST_DETAIL));
        self
    }

    /// The same problem with the path that was asked for.
    #[must_use]
    pub fn at(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into()).filter(|it| it.len() <= Self::LONGEST_INSTANCE);
        self
    }

    /// The same problem with what is wrong where: the first 20, and whether there are more.
    #[must_use]
    pub fn with_errors(mut self, mut errors: Vec<FieldError>) -> Self {
        self.more_errors = errors.len() > Self::MOST_ERRORS;
        errors.truncate(Self::MOST_ERRORS);
        self.errors = errors;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail.as_deref().unwrap_or(&self.title))?;
        for error in &self.errors {
            write!(f, "; {}: {}", error.pointer, error.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
