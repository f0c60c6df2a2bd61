//! `GET /openapi.json`: the document, as it is for as long as the process runs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use utoipa::openapi::OpenApi;

use super::tags;
use crate::assets::is_fresh;
use crate::error::{ApiError, ApiResult};
use crate::node::Node;

/// The document as it is sent. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    json: Bytes,
    /// Names the content, between quotes.
    etag: String,
}

impl Served {
    pub(crate) fn new(document: &OpenApi) -> serde_json::Result<Self> {
        let json = Bytes::from(document.to_json()?);
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        Ok(Self {
            etag: format!("\"{:016x}\"", hasher.finish()),
            json,
        })
    }
}

/// Describes this API, as this document.
///
/// OpenAPI 3.1, made from the code that answers.
#[utoipa::path(
    get, path = "/openapi.json", tag = tags::SERVER, operation_id = "openapi",
    params(
        ("If-None-Match" = Option<String>, Header, nullable = false,
            description = "The `ETag` of the document that the client has."),
    ),
    responses(
        (status = 200, description = "The document.", body = Object,
            headers(("ETag" = String, description = "Names this content."))),
        (status = 304, description = "The client has it already.",
            headers(("ETag" = String, description = "Names this content."))),
    ),
)]
pub(crate) async fn openapi_json(
    State(node): State<Node>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let served = node.document.get();
    let served = served.ok_or_else(|| ApiError::internal("the document is not JSON"))?;
    // Weak: what is sent may be compressed on its way (RFC 9110, section 8.8.1).
    let etag = HeaderValue::try_from(format!("W/{}", served.etag))
        .map_err(|error| ApiError::internal(error.to_string()))?;
    let named: [(HeaderName, HeaderValue); 2] = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if is_fresh(&headers, &served.etag) {
        return Ok((StatusCode::NOT_MODIFIED, named).into_response());
    }
    let json = HeaderValue::from_static("application/json");
    Ok((named, [(header::CONTENT_TYPE, json)], served.json.clone()).into_response())
}
