//! The arguments of a program: what the operator wrote, with the caller's values in their places.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::parameter::Parameter;

/// Names that stand for what the engine knows.
const BUILT_IN: [&str; 2] = ["task_id", "attempt"];

/// One entry of a program's `arguments`, as it stands in a configuration file.
///
/// `{name}` stands for a parameter's value, `{{` and `}}` for braces. An entry
/// `{ when = "name", arguments = [...] }` is there only when a flag is true, or another parameter
/// has a value.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Declared {
    Always(String),
    When {
        when: String,
        arguments: Vec<String>,
    },
}

/// The same, read.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Always(Argument),
    When {
        when: String,
        arguments: Vec<Argument>,
    },
}

/// Exactly one argument, whatever the values hold: text, and places for them.
#[derive(Clone, Debug)]
pub(super) struct Argument(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Place(String),
}

impl TryFrom<Declared> for Entry {
    type Error = String;

    fn try_from(declared: Declared) -> Result<Self, String> {
        Ok(match declared {
            Declared::Always(template) => Self::Always(Argument::read(&template)?),
            Declared::When { when, arguments } => {
                let arguments = arguments.iter().map(|template| Argument::read(template));
                Self::When {
                    when,
                    arguments: arguments.collect::<Result<_, _>>()?,
                }
            }
        })
    }
}

impl Argument {
    fn read(template: &str) -> Result<Self, String> {
        if template.contains('\0') {
            return Err("an argument must not hold a NUL".to_owned());
        }
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(brace);
            text.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or(from.strip_prefix("}}")) {
                text.push_str(&from[..1]);
                rest = after;
                continue;
            }
            let place = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let (name, after) = place
                .filter(|(name, _)| !name.is_empty() && !name.contains('{'))
                .ok_or_else(|| {
                    format!("`{template}`: a brace is written twice, `{{{{` or `}}}}`")
                })?;
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Place(name.to_owned()));
            rest = after;
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(Self(pieces))
    }

    fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Place(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    fn fill(&self, values: &BTreeMap<String, String>) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                // A place without a value was refused when the configuration was read.
                Piece::Place(name) => values.get(name).map_or("", String::as_str),
            })
            .collect()
    }
}

/// Refuses places that no parameter fills, or that may be empty.
pub(super) fn check(
    entries: &[Entry],
    parameters: &BTreeMap<String, Parameter>,
) -> Result<(), String> {
    for name in BUILT_IN {
        if parameters.contains_key(name) {
            return Err(format!(
                "`{name}` stands for the task's own; name the parameter otherwise"
            ));
        }
    }
    for entry in entries {
        let (arguments, given) = match entry {
            Entry::Always(argument) => (std::slice::from_ref(argument), None),
            Entry::When { when, arguments } => {
                if !parameters.contains_key(when) {
                    return Err(format!("`when` names `{when}`, which is no parameter"));
                }
                (arguments.as_slice(), Some(when.as_str()))
            }
        };
        for name in arguments.iter().flat_map(Argument::places) {
            let is_filled = match parameters.get(name) {
                None => BUILT_IN.contains(&name),
                Some(parameter) => parameter.is_certain() || given == Some(name),
            };
            if !is_filled {
                return Err(match parameters.get(name) {
                    None => format!("`{{{name}}}` is no parameter"),
                    Some(_) => format!(
                        "`{{{name}}}` may have no value: require it, give it a default, or put it under `when`"
                    ),
                });
            }
        }
    }
    Ok(())
}

/// The arguments with `values` in their places.
pub(super) fn fill(
    entries: &[Entry],
    parameters: &BTreeMap<String, Parameter>,
    values: &BTreeMap<String, String>,
) -> Vec<String> {
    let is_there = |name: &String| match (parameters.get(name), values.get(name)) {
        (Some(parameter), Some(value)) => !parameter.is_flag() || value == "true",
        _ => false,
    };
    entries
        .iter()
        .flat_map(|entry| match entry {
            Entry::Always(argument) => std::slice::from_ref(argument),
            Entry::When { when, arguments } if is_there(when) => arguments,
            Entry::When { .. } => &[],
        })
        .map(|argument| argument.fill(values))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Argument, Piece};

    #[test]
    fn braces_are_places_and_double_braces_are_braces() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let read = |template: &str| Argument::read(template).unwrap().0;
        assert_eq!(read("plain"), [text("plain")]);
        let place = Piece::Place("width".to_owned());
        assert_eq!(read("--w={width}px"), [text("--w="), place, text("px")]);
        assert_eq!(read("{{width}}"), [text("{width}")]);
    }

    #[test]
    fn a_stray_brace_is_refused() {
        for template in ["{", "}", "{}", "{a", "a}", "{a}}", "{a} {a", "{a{b}", "\0"] {
            assert!(Argument::read(template).is_err(), "{template}");
        }
    }
}
