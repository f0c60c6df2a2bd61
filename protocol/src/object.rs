//! Reads a struct from an object and from nothing else: serde takes its fields in a row, too, and an
//! empty row for a struct whose fields may all be absent.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// An object.
pub(crate) fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(Object(PhantomData))
}

/// An object, or null.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_option(Optional(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct Optional<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Optional<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        required(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use crate::{BulkChange, NewTask};

    #[test]
    fn fields_in_a_row_are_no_object() {
        for retry in ["[]", "[1, 2.0, 3]", "\"\"", "3"] {
            let task = format!(r#"{{"kind": "sleep", "payload": {{}}, "retry": {retry}}}"#);
            let error = serde_json::from_str::<NewTask>(&task)
                .unwrap_err()
                .to_string();
            assert!(error.contains("expected an object"), "{retry}: {error}");
        }
        for retry in ["null", "{}", r#"{"initial_ms": 1}"#] {
            let task = format!(r#"{{"kind": "sleep", "payload": {{}}, "retry": {retry}}}"#);
            let task: NewTask = serde_json::from_str(&task).unwrap();
            assert_eq!(task.retry.is_some(), retry != "null");
        }
        let without: NewTask = serde_json::from_str(r#"{"kind": "sleep", "payload": {}}"#).unwrap();
        assert_eq!(without.retry, None);
        let all = r#"{"action": "cancel", "filter": []}"#;
        let error = serde_json::from_str::<BulkChange>(all)
            .unwrap_err()
            .to_string();
        assert!(error.contains("expected an object"), "{error}");
    }
}
