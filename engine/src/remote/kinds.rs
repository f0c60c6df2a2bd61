//! Kinds that nobody has compiled in: the configuration declares them, or a worker offers them.

use std::collections::BTreeMap;
use std::sync::Arc;

use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{FieldError, JsonText, KindInfo, KindOffer, KindOrigin, Timestamp};
use jsonschema::{Draft, PatternOptions, Validator};
use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::shape;
use crate::store::{Offer, OfferedKind};
use crate::texts;

/// The longest schema, in bytes.
pub(crate) const SCHEMA_BYTES: usize = 64 * 1024;
/// Faults of one payload that are told.
const TOLD_FAULTS: usize = 20;
/// The longest that is told of one fault, in bytes.
const FAULT_BYTES: usize = 500;
/// How old it may be what the store has of when a kind was last offered, in milliseconds.
const OFFER_AGAIN_MS: i64 = 60 * 1_000;

/// A kind that the configuration declares.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredKind {
    /// What it does, for people.
    pub description: String,
    /// The JSON Schema (2020-12) of its payload, self-contained; what a worker offers instead does
    /// not count.
    pub schema: Option<Value>,
    /// A payload that works, to start from.
    pub example: Option<Value>,
}

/// Kinds that workers serve.
#[derive(Default)]
pub(crate) struct Kinds(RwLock<BTreeMap<String, Known>>);

/// What is known of one.
#[derive(Default)]
struct Known {
    declared: Option<DeclaredKind>,
    /// The latest offer, and when the store was told of it.
    offered: Option<(Offer, Timestamp)>,
    /// When a worker has offered it last.
    seen_at: Option<Timestamp>,
    /// Checks payloads, where there is a schema.
    validator: Option<Arc<Validator>>,
}

impl Known {
    fn schema(&self) -> Option<Value> {
        let declared = self.declared.as_ref().and_then(|it| it.schema.clone());
        declared.or_else(|| {
            let offered = self.offered.as_ref()?.0.schema.as_deref()?;
            serde_json::from_str(offered).ok()
        })
    }
}

/// What people are told of a kind that workers serve.
pub(crate) struct Described {
    pub(crate) info: KindInfo,
    pub(crate) origin: KindOrigin,
    pub(crate) seen_at: Option<Timestamp>,
}

impl Kinds {
    /// Takes what the configuration declares; says what is wrong with the schema.
    pub(crate) fn declare(&self, kind: &str, declared: DeclaredKind) -> Result<(), String> {
        let validator = declared.schema.as_ref().map(compile).transpose()?;
        let mut known = self.0.write();
        let known = known.entry(kind.to_owned()).or_default();
        if validator.is_some() {
            known.validator = validator;
        }
        known.declared = Some(declared);
        Ok(())
    }

    /// Takes what the store has.
    pub(crate) fn load(&self, offered: Vec<OfferedKind>) {
        for OfferedKind { offer, offered_at } in offered {
            self.took(offer, offered_at);
        }
    }

    /// Takes an offer that is stored.
    pub(crate) fn took(&self, offer: Offer, now: Timestamp) {
        let mut known = self.0.write();
        let known = known.entry(offer.kind.clone()).or_default();
        // What another node tells may be older than what this one has seen.
        known.seen_at = known.seen_at.max(Some(now));
        let declares = known
            .declared
            .as_ref()
            .is_some_and(|it| it.schema.is_some());
        let is_other = known
            .offered
            .as_ref()
            .is_none_or(|(before, _)| before.schema != offer.schema);
        if is_other && !declares {
            // It has been compiled before it was stored; an earlier version may have taken more.
            let schema = offer.schema.as_deref().map(serde_json::from_str::<Value>);
            let schema = schema.and_then(Result::ok);
            known.validator = schema.as_ref().and_then(|schema| {
                compile(schema)
                    .inspect_err(|error| {
                        tracing::warn!(kind = offer.kind, error, "a stored schema is of no use");
                    })
                    .ok()
            });
        }
        known.offered = Some((offer, now));
    }

    /// Of what `worker` offers, what the store has to be told: what is new to it, and what was told
    /// long ago.
    pub(crate) fn news(&self, worker: &str, offers: &[KindOffer], now: Timestamp) -> Vec<Offer> {
        let mut known = self.0.write();
        let mut news = Vec::new();
        for offered in offers {
            let schema = offered.schema.as_ref().map(Value::to_string);
            let kind = &offered.kind;
            let before = known.get_mut(kind).and_then(|known| {
                known.seen_at = Some(now);
                let (before, told_at) = known.offered.as_ref()?;
                Some((before.clone(), *told_at))
            });
            let Some((before, told_at)) = before else {
                news.push(Offer {
                    kind: kind.clone(),
                    schema,
                    description: offered.description.clone().unwrap_or_default(),
                    worker: worker.to_owned(),
                });
                continue;
            };
            // Whoever says nothing has nothing against what another has said.
            let schema = schema.or_else(|| before.schema.clone());
            let description = offered.description.clone();
            let description = description.unwrap_or_else(|| before.description.clone());
            if schema != before.schema {
                tracing::warn!(
                    kind,
                    worker,
                    before = before.worker,
                    "a worker offers this kind with another schema; the latest counts"
                );
            }
            let is_old = now.millis_since(told_at) >= OFFER_AGAIN_MS;
            if is_old || schema != before.schema || description != before.description {
                news.push(Offer {
                    kind: kind.clone(),
                    schema,
                    description,
                    worker: worker.to_owned(),
                });
            }
        }
        news
    }

    /// What is wrong with `payload`; `None` when there is no such kind.
    pub(crate) fn check(
        &self,
        kind: &str,
        payload: &JsonText,
    ) -> Option<Result<(), Vec<FieldError>>> {
        let validator = self.0.read().get(kind)?.validator.clone();
        Some(check(validator.as_deref(), payload))
    }

    pub(crate) fn knows(&self, kind: &str) -> bool {
        self.0.read().contains_key(kind)
    }

    /// All of them, by name.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.read().keys().cloned().collect()
    }

    /// All of them, as people are told, by name.
    pub(crate) fn described(&self) -> Vec<Described> {
        let known = self.0.read();
        known.iter().map(|(kind, it)| described(kind, it)).collect()
    }
}

fn described(kind: &str, known: &Known) -> Described {
    let declared = known.declared.as_ref();
    let said = declared.map(|it| it.description.clone());
    let said = said.filter(|it| !it.is_empty());
    let offered = known.offered.as_ref().map(|(offer, _)| &offer.description);
    let example = declared.and_then(|it| it.example.clone());
    Described {
        info: KindInfo {
            kind: kind.to_owned(),
            description: said.or_else(|| offered.cloned()).unwrap_or_default(),
            schema: known.schema().unwrap_or_else(|| json!({})),
            example: example.unwrap_or_else(|| json!({})),
        },
        origin: if declared.is_some() {
            KindOrigin::Declared
        } else {
            KindOrigin::Worker
        },
        seen_at: known.seen_at,
    }
}

fn check(validator: Option<&Validator>, payload: &JsonText) -> Result<(), Vec<FieldError>> {
    if !payload.get().starts_with('{') {
        return Err(vec![FieldError::new("", "the payload must be an object")]);
    }
    let Some(validator) = validator else {
        return Ok(());
    };
    let value: Value = shape::read_part(payload.get()).map_err(|fault| vec![fault])?;
    let faults: Vec<FieldError> = validator
        .iter_errors(&value)
        .take(TOLD_FAULTS)
        .map(|error| {
            // Without the value itself, which may be long, and a secret.
            let mut detail = error.masked().to_string();
            texts::shorten(&mut detail, FAULT_BYTES);
            FieldError::new(error.instance_path().to_string(), detail)
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// Makes what checks payloads of a schema; says why it is of no use.
///
/// It reads no other document. Patterns run in linear time, whatever a worker has written.
pub(crate) fn compile(schema: &Value) -> Result<Arc<Validator>, String> {
    if !schema.is_object() {
        return Err("must be an object".to_owned());
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map(Arc::new)
        .map_err(|error| {
            let mut detail = error.to_string();
            texts::shorten(&mut detail, FAULT_BYTES);
            let place = error.instance_path().to_string();
            if place.is_empty() {
                format!("is no JSON Schema: {detail}")
            } else {
                format!("is no JSON Schema: at {}: {detail}", quoted(&place))
            }
        })
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{JsonText, KindOffer, Timestamp};
    use serde_json::{Value, json};

    use super::{DeclaredKind, Kinds, OFFER_AGAIN_MS, compile};

    fn offer(schema: Option<Value>) -> [KindOffer; 1] {
        [KindOffer {
            kind: "resize".to_owned(),
            schema,
            description: None,
        }]
    }

    fn numbers() -> Value {
        json!({"type": "object", "properties": {"width": {"type": "integer"}}})
    }

    fn tell(kinds: &Kinds, worker: &str, schema: Option<Value>, now: Timestamp) -> usize {
        let news = kinds.news(worker, &offer(schema), now);
        let told = news.len();
        for offer in news {
            kinds.took(offer, now);
        }
        told
    }

    fn faults(kinds: &Kinds, payload: &Value) -> Option<Vec<String>> {
        let checked = kinds.check("resize", &JsonText::from(payload.clone()))?;
        let faults = checked.err().unwrap_or_default();
        Some(faults.into_iter().map(|it| it.pointer).collect())
    }

    #[test]
    fn the_latest_schema_counts_and_silence_changes_nothing() {
        let kinds = Kinds::default();
        let now = Timestamp::from_millis(0);
        let wrong = json!({"width": "wide"});
        assert_eq!(faults(&kinds, &wrong), None, "nobody has offered it");
        assert_eq!(tell(&kinds, "a", Some(numbers()), now), 1);
        assert_eq!(faults(&kinds, &wrong), Some(vec!["/width".to_owned()]));
        assert_eq!(tell(&kinds, "b", None, now), 0);
        assert_eq!(faults(&kinds, &wrong), Some(vec!["/width".to_owned()]));
        assert_eq!(tell(&kinds, "b", Some(json!({"type": "object"})), now), 1);
        assert_eq!(faults(&kinds, &wrong), Some(Vec::new()));
        assert_eq!(faults(&kinds, &json!([1])), Some(vec![String::new()]));
        let later = now.plus_millis(OFFER_AGAIN_MS);
        assert_eq!(
            tell(&kinds, "b", None, later),
            1,
            "that it was seen is kept"
        );
    }

    #[test]
    fn what_is_declared_comes_before_what_is_offered() {
        let kinds = Kinds::default();
        let declared = DeclaredKind {
            schema: Some(numbers()),
            ..DeclaredKind::default()
        };
        kinds.declare("resize", declared).unwrap();
        let now = Timestamp::from_millis(0);
        tell(&kinds, "a", Some(json!({"required": ["height"]})), now);
        assert_eq!(faults(&kinds, &json!({"width": 1})), Some(Vec::new()));
        assert_eq!(faults(&kinds, &json!({"width": ""})).unwrap().len(), 1);
    }

    #[test]
    fn a_hostile_schema_is_refused_or_harmless() {
        for schema in [
            json!([]),
            json!({"type": "number-or-so"}),
            json!({"$ref": "https://schemas.example/other.json"}),
            json!({"$ref": "file:///etc/passwd"}),
        ] {
            assert!(compile(&schema).is_err(), "{schema}");
        }
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}]}),
            json!({"properties": {"a": {"$ref": "#"}}}),
            json!({"properties": {"a": {"pattern": "^(a+)+$"}}}),
        ] {
            let Ok(validator) = compile(&schema) else {
                continue;
            };
            let _ = validator.is_valid(&json!({"a": format!("{}!", "a".repeat(10_000))}));
        }
    }
}
