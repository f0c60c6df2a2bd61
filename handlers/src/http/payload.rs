//! What to call.

use std::collections::BTreeMap;

use bytes::Bytes;
use glassworks_protocol::{FieldError, JsonText, pointer_step};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::outbound::{Outbound, Request};

const MOST_HEADERS: usize = 50;
const MOST_EXPECTED: usize = 50;

/// Headers that say how the message travels, which is for the client to know (RFC 9110, section
/// 7.6.1), and the one that says whom it is for, which is the URL's.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What to call, and which answers are a success.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The method.
    #[serde(default)]
    method: Method,
    /// An http or https URL.
    #[schema(max_length = 8000)]
    url: String,
    /// Headers to send. `Idempotency-Key` is the task's id unless it is given here: an attempt may
    /// be made again although the one before has reached the service.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body. A text is sent as it is, as `text/plain` unless `headers` say otherwise; so are
    /// exact bytes sent, those of a signed body for example. Anything else is sent as JSON, just
    /// as it was written here: its digits, the order of its members, the room between.
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    body: Option<JsonText>,
    /// The statuses that are a success; 200 to 299 when there are none. With one from 300 to 399
    /// among them, redirects are not followed.
    #[serde(default)]
    #[schema(max_items = 50)]
    expect: Vec<u16>,
}

/// A request method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    #[default]
    Get,
    /// Reads the head alone.
    Head,
    /// Hands something over.
    Post,
    /// Puts something in its place.
    Put,
    /// Changes a part.
    Patch,
    /// Takes away.
    Delete,
    /// Asks what there is.
    Options,
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Head => Self::HEAD,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
            Method::Options => Self::OPTIONS,
        }
    }
}

impl Payload {
    pub(super) fn check(&self, outbound: &Outbound) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        if let Err(error) = outbound.check(&self.url) {
            errors.push(FieldError::new("/url", error.to_string()));
        }
        if self.headers.len() > MOST_HEADERS {
            let detail = format!("expected at most {MOST_HEADERS}");
            errors.push(FieldError::new("/headers", detail));
        }
        for (name, value) in self.headers.iter().take(MOST_HEADERS) {
            if let Err(detail) = header(name, value) {
                let name = pointer_step(name);
                errors.push(FieldError::new(format!("/headers/{name}"), detail));
            }
        }
        if self.body.is_some() && matches!(self.method, Method::Get | Method::Head) {
            let detail = "a GET or HEAD has no body (RFC 9110, section 9.3.1)";
            errors.push(FieldError::new("/body", detail));
        }
        if self.expect.len() > MOST_EXPECTED {
            let detail = format!("expected at most {MOST_EXPECTED}");
            errors.push(FieldError::new("/expect", detail));
        }
        for (place, status) in self.expect.iter().take(MOST_EXPECTED).enumerate() {
            if !(200..=599).contains(status) {
                let pointer = format!("/expect/{place}");
                errors.push(FieldError::new(pointer, "expected 200 to 599"));
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// The request to send. What was submitted before a check existed may fail it now.
    pub(super) fn request(&self, task: &str, traceparent: Option<&str>) -> Result<Request, String> {
        let mut request = Request::new(self.method.into(), &self.url);
        request.headers = self.headers(task, traceparent)?;
        let (body, kind) = match &self.body {
            None => return Ok(request),
            Some(json) if json.get().starts_with('"') => {
                let text: String = json.read().map_err(|error| error.to_string())?;
                (text, "text/plain; charset=utf-8")
            }
            Some(json) => (json.get().to_owned(), "application/json"),
        };
        request.body = Bytes::from(body);
        request
            .headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(kind));
        Ok(request)
    }

    fn headers(&self, task: &str, traceparent: Option<&str>) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let (name, value) = header(name, value)?;
            headers.append(name, value);
        }
        for (name, value) in [
            ("idempotency-key", Some(task)),
            ("traceparent", traceparent),
        ] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers
                    .entry(HeaderName::from_static(name))
                    .or_insert(value);
            }
        }
        Ok(headers)
    }

    /// Whether `status` is a success.
    pub(super) fn expects(&self, status: StatusCode) -> bool {
        if self.expect.is_empty() {
            status.is_success()
        } else {
            self.expect.contains(&status.as_u16())
        }
    }

    /// Whether a redirect is the answer, and not to be followed.
    pub(super) fn expects_redirect(&self) -> bool {
        self.expect.iter().any(|status| (300..400).contains(status))
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let read: HeaderName = name
        .parse()
        .map_err(|_| "not the name of a header".to_owned())?;
    if OURS.contains(&read.as_str()) {
        return Err("this header is set by the client itself".to_owned());
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| "a header's value holds no control characters".to_owned())?;
    Ok((read, value))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Payload;
    use crate::outbound::Outbound;

    fn read(payload: Value) -> Payload {
        serde_json::from_value(payload).unwrap()
    }

    fn wrong(payload: Value) -> Vec<String> {
        let checked = read(payload).check(&Outbound::default());
        let errors = checked.err().unwrap_or_default();
        errors.into_iter().map(|error| error.pointer).collect()
    }

    fn sent(payload: Value, name: &str) -> Option<String> {
        let request = read(payload)
            .request("the-id", Some("00-ab-cd-01"))
            .unwrap();
        let value = request.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn what_is_wrong_is_told_where() {
        let url = "https://example.com/";
        assert!(wrong(json!({"url": url})).is_empty());
        assert_eq!(wrong(json!({"url": "http://127.1/"})), ["/url"]);
        assert_eq!(wrong(json!({"url": url, "body": 1})), ["/body"]);
        assert_eq!(
            wrong(json!({"url": url, "expect": [200, 99, 600]})),
            ["/expect/1", "/expect/2"]
        );
        let headers = json!({"Host": "a", "a b": "", "x/y": "1", "ok": "1", "no": "a\r\nb: c"});
        let headers = wrong(json!({"url": url, "headers": headers}));
        assert_eq!(
            headers,
            [
                "/headers/Host",
                "/headers/a b",
                "/headers/no",
                "/headers/x~1y"
            ]
        );
    }

    #[test]
    fn a_text_goes_as_it_is_and_anything_else_as_json() {
        let posted = |body: Value| {
            let payload = json!({"method": "POST", "url": "https://a.example/", "body": body});
            let body = read(payload.clone()).request("", None).unwrap().body;
            (body, sent(payload, "content-type").unwrap())
        };
        let (body, kind) = posted(json!("a"));
        assert_eq!(
            (&body[..], kind.as_str()),
            (&b"a"[..], "text/plain; charset=utf-8")
        );
        let (body, kind) = posted(json!({"a": 1}));
        assert_eq!(
            (&body[..], kind.as_str()),
            (&b"{\"a\":1}"[..], "application/json")
        );
    }

    #[test]
    fn a_body_goes_out_as_it_was_written() {
        let body = r#"{"zeta":1,"alpha":1.0, "digits":18446744073709551616}"#;
        let payload = format!(r#"{{"method":"POST","url":"https://a.example/","body":{body}}}"#);
        let payload: Payload = serde_json::from_str(&payload).unwrap();
        assert_eq!(payload.request("", None).unwrap().body, body);
    }

    #[test]
    fn the_task_is_the_idempotency_key_unless_one_is_given() {
        let plain = json!({"url": "https://a.example/"});
        assert_eq!(sent(plain.clone(), "idempotency-key").unwrap(), "the-id");
        assert_eq!(sent(plain, "traceparent").unwrap(), "00-ab-cd-01");
        let own = json!({"url": "https://a.example/", "headers": {"Idempotency-Key": "own"}});
        assert_eq!(sent(own, "idempotency-key").unwrap(), "own");
    }
}
