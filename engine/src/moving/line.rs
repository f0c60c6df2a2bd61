//! Between a row and its line.
//!
//! A line is an object: its `type`, and each column by its name unless there is nothing in it. JSON
//! that a store keeps as text stays the text that it is, in a string: nothing of it can change on
//! the way.

use std::io::{self, Write};

use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::frame::hexadecimal;
use crate::store::codes;
use crate::store::whole::Value;
use crate::store::whole::catalogue::{Column, Kind, TABLES, Table};

/// Writes a row with the end of its line.
pub(super) fn write(out: &mut impl Write, table: &Table, values: &[Value<'_>]) -> io::Result<()> {
    write!(out, "{{\"type\":\"{}\"", table.line)?;
    for (column, value) in table.columns.iter().zip(values) {
        if *value == Value::Null {
            continue;
        }
        write!(out, ",\"{}\":", column.name)?;
        write_value(&mut *out, column, value)?;
    }
    out.write_all(b"}\n")
}

fn write_value(out: &mut impl Write, column: &Column, value: &Value<'_>) -> io::Result<()> {
    match value {
        Value::Null => serde_json::to_writer(out, &())?,
        Value::Number(code) if column.kind == Kind::State => {
            let state = i16::try_from(*code).ok().and_then(codes::state);
            let state = state.ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("there is no state {code}"),
                )
            })?;
            serde_json::to_writer(out, state.as_str())?;
        }
        Value::Number(number) => serde_json::to_writer(out, number)?,
        Value::Real(real) => serde_json::to_writer(out, real)?,
        Value::Flag(flag) => serde_json::to_writer(out, flag)?,
        Value::Id(id) => serde_json::to_writer(out, id)?,
        Value::Ids(ids) => serde_json::to_writer(out, ids)?,
        Value::Text(text) => serde_json::to_writer(out, text.as_ref())?,
        Value::Texts(texts) => serde_json::to_writer(out, texts)?,
        Value::Bytes(bytes) => serde_json::to_writer(out, &hexadecimal(bytes))?,
    }
    Ok(())
}

/// The place of a row's table in the catalogue, and the row, or what is wrong with its line.
pub(super) fn parse(line: &[u8]) -> Result<(usize, Vec<Value<'static>>), String> {
    let mut fields: Map<String, Json> = serde_json::from_slice(line)
        .map_err(|error| format!("this is not an object of JSON: {error}"))?;
    let Some(Json::String(of)) = fields.remove("type") else {
        return Err("it has no `type`".to_owned());
    };
    let Some(place) = TABLES.iter().position(|table| table.line == of) else {
        return Err(format!("there is no type `{}`", of.escape_debug()));
    };
    let mut row = Vec::with_capacity(TABLES[place].columns.len());
    for column in TABLES[place].columns {
        let value = match fields.remove(column.name) {
            None | Some(Json::Null) if column.optional => Value::Null,
            None | Some(Json::Null) => return Err(format!("`{}` is missing", column.name)),
            Some(json) => value(column.kind, json)
                .ok_or_else(|| format!("`{}` is not what it should be", column.name))?,
        };
        row.push(value);
    }
    match fields.keys().next() {
        None => Ok((place, row)),
        Some(name) => Err(format!("it has an unknown field `{}`", name.escape_debug())),
    }
}

fn value(kind: Kind, json: Json) -> Option<Value<'static>> {
    let value = match (kind, json) {
        (Kind::Id, Json::String(text)) => Value::Id(text.parse().ok()?),
        (Kind::Ids, Json::Array(items)) => {
            let ids = items.iter().map(|item| item.as_str()?.parse().ok());
            Value::Ids(ids.collect::<Option<Vec<Uuid>>>()?)
        }
        (Kind::Small, Json::Number(number)) => {
            Value::Number(i16::try_from(number.as_i64()?).ok()?.into())
        }
        (Kind::Int, Json::Number(number)) => {
            Value::Number(i32::try_from(number.as_i64()?).ok()?.into())
        }
        (Kind::Long, Json::Number(number)) => Value::Number(number.as_i64()?),
        (Kind::Real, Json::Number(number)) => Value::Real(number.as_f64()?),
        (Kind::Flag, Json::Bool(flag)) => Value::Flag(flag),
        (Kind::State, Json::String(word)) => Value::Number(codes::code(word.parse().ok()?).into()),
        (Kind::Text, Json::String(text)) => Value::Text(text.into()),
        (Kind::Name, Json::String(text)) if !text.contains('\0') => Value::Text(text.into()),
        (Kind::Json, Json::String(text)) => {
            serde_json::from_str::<IgnoredAny>(&text).ok()?;
            Value::Text(text.into())
        }
        (Kind::Texts, Json::Array(items)) => {
            let texts = items.into_iter().map(|item| match item {
                Json::String(text) if !text.contains('\0') => Some(text),
                _ => None,
            });
            Value::Texts(texts.collect::<Option<_>>()?)
        }
        (Kind::Bytes, Json::String(text)) => Value::Bytes(bytes(&text)?.into()),
        _ => return None,
    };
    Some(value)
}

/// What [`hexadecimal`] writes, read.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok());
    bytes.collect()
}
