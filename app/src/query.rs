//! Query strings as forms write them (`application/x-www-form-urlencoded`).
//!
//! The router's own map decodes percent signs twice in the browser, which would change what
//! somebody typed.

/// The pairs of a query string, decoded, in order. Text that is not UTF-8 is repaired.
pub(crate) fn parse(query: &str) -> Vec<(String, String)> {
    let query = query.trim_start_matches('?');
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// A query string of `pairs`, without the question mark.
pub(crate) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::{encode, parse};

    #[test]
    fn what_is_encoded_comes_back() {
        let pairs = [
            ("payload[url]", "https://x.test/?q=a%20b&c=ü+1"),
            ("empty", ""),
        ];
        let read = parse(&encode(pairs));
        let expected: Vec<_> = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        assert_eq!(read, expected);
    }

    #[test]
    fn reads_what_browsers_and_people_write() {
        let read = parse("?a=1+2&payload%5Bn%5D=%7b%7D&&odd=100%&flag");
        let expected = [
            ("a", "1 2"),
            ("payload[n]", "{}"),
            ("odd", "100%"),
            ("flag", ""),
        ];
        let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        assert_eq!(read, expected);
    }
}
