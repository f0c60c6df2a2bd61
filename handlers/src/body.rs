//! What is kept of an answer's body for a result: JSON as JSON, anything else as text.

use glassworks_protocol::JsonText;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// The beginning of a body, up to a limit.
#[derive(Debug)]
pub(crate) struct Beginning {
    bytes: Vec<u8>,
    limit: usize,
    is_cut: bool,
}

/// A body as it stands in a result.
#[derive(Debug, PartialEq)]
pub(crate) enum Shown {
    /// It was JSON, and short enough.
    Json(JsonText),
    /// Its beginning, with what is no UTF-8 replaced.
    Text {
        /// The text.
        text: String,
        /// Whether there was more.
        is_cut: bool,
    },
}

impl Beginning {
    /// Keeps at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            is_cut: false,
        }
    }

    /// Adds the next piece of the body.
    pub(crate) fn add(&mut self, piece: &[u8]) {
        let room = self.limit - self.bytes.len();
        self.is_cut |= piece.len() > room;
        self.bytes
            .extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The body, JSON if its headers say that and it is; else the first `most_chars` as text.
    pub(crate) fn show(self, headers: &HeaderMap, most_chars: usize) -> Shown {
        let json = (!self.is_cut && is_json(headers)).then(|| as_json(&self.bytes));
        if let Some(json) = json.flatten() {
            return Shown::Json(json);
        }
        let mut text = String::from_utf8_lossy(&self.bytes).into_owned();
        let end = text.char_indices().nth(most_chars).map(|(end, _)| end);
        if let Some(end) = end {
            text.truncate(end);
        }
        Shown::Text {
            text,
            is_cut: self.is_cut || end.is_some(),
        }
    }
}

/// The text of `bytes`, when it is JSON that any reader takes: not nested beyond measure, without
/// numbers out of range.
fn as_json(bytes: &[u8]) -> Option<JsonText> {
    serde_json::from_slice::<Value>(bytes).ok()?;
    JsonText::parse(str::from_utf8(bytes).ok()?.to_owned()).ok()
}

/// `application/json`, or a type that says with `+json` that it is written in it (RFC 6839).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or("");
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::{Beginning, Shown};

    fn show(kind: &'static str, body: &[&[u8]], limit: usize) -> Shown {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(kind));
        let mut beginning = Beginning::new(limit);
        for piece in body {
            beginning.add(piece);
        }
        beginning.show(&headers, 5)
    }

    fn text(text: &str, is_cut: bool) -> Shown {
        let text = text.to_owned();
        Shown::Text { text, is_cut }
    }

    #[test]
    fn json_is_json_when_it_is_whole() {
        let is = Shown::Json(json!({"a": 1}).into());
        assert_eq!(show("application/json", &[b"{\"a\"", b":1}"], 99), is);
        assert_eq!(show("Application/Hal+JSON; v=1", &[b"{\"a\":1}"], 7), is);
        assert_eq!(
            show("application/json", &[b"{\"a\":1}"], 6),
            text("{\"a\":", true)
        );
        assert_eq!(
            show("application/json", &[b"{\"a\""], 99),
            text("{\"a\"", false)
        );
        assert_eq!(show("text/plain", &[b"[]"], 99), text("[]", false));
    }

    #[test]
    fn json_stays_as_it_came() {
        let body = r#"{"zeta":18446744073709551616, "alpha":0.12345678901234567890}"#;
        let Shown::Json(json) = show("application/json", &[body.as_bytes()], 99) else {
            panic!("it is JSON");
        };
        assert_eq!(json.get(), body);
        assert_eq!(
            show("application/json", &[b"1e999"], 99),
            text("1e999", false)
        );
        let deep = "[".repeat(999) + &"]".repeat(999);
        let deep = show("application/json", &[deep.as_bytes()], 9_999);
        assert_eq!(deep, text("[[[[[", true));
    }

    #[test]
    fn text_is_cut_between_characters_and_made_whole() {
        assert_eq!(
            show("text/plain", &["ééééé".as_bytes()], 99),
            text("ééééé", false)
        );
        assert_eq!(
            show("text/plain", &["éééééé".as_bytes()], 99),
            text("ééééé", true)
        );
        assert_eq!(
            show("image/png", &[b"\xff\x00"], 99),
            text("\u{fffd}\0", false)
        );
    }
}
