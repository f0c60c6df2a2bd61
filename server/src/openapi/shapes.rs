//! What Rust's types say otherwise than the JSON that they are written as.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOf, ArrayItems, Components, Discriminator, OneOf, Schema,
};
use utoipa::openapi::{Object, OpenApi, Ref, RefOr};

/// What is one of several, told apart by the value of a field; and what the name of each ends with,
/// since generators name their types by it.
const TAGGED: [(&str, &str, &str); 3] = [
    ("Event", "type", "Event"),
    ("ServerMessage", "type", "Message"),
    ("ClientMessage", "op", "Message"),
];

/// The messages whose readers refuse unknown fields, which the derive sees on structs alone.
const CLOSED: [&str; 1] = ["ClientMessage"];

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Corrects the document's schemas.
pub(super) fn correct(document: &mut OpenApi) {
    let Some(Components { schemas, .. }) = document.components.as_mut() else {
        return;
    };
    // Before those that have parts change, and once more when they have.
    refer(schemas);
    let absorbed = flatten_all(schemas);
    for name in CLOSED {
        if let Some(RefOr::T(Schema::OneOf(variants))) = schemas.get_mut(name) {
            close(variants);
        }
    }
    for (name, tag, ending) in TAGGED {
        name_variants(schemas, name, tag, ending);
    }
    refer(schemas);
    // What has become part of another schema goes, unless something else refers to it, too.
    let text = document.to_json().unwrap_or_default();
    let is_used = |name: &str| text.contains(&format!("#/components/schemas/{name}\""));
    if let Some(components) = document.components.as_mut() {
        components
            .schemas
            .retain(|name, _| is_used(name) || !absorbed.contains(name));
    }
}

/// Makes one schema of each that has parts; returns the names of the parts.
fn flatten_all(schemas: &mut Schemas) -> Vec<String> {
    let mut absorbed = Vec::new();
    let mut flat = Vec::new();
    for (name, schema) in &*schemas {
        if let RefOr::T(Schema::AllOf(parts)) = schema
            && let Some(whole) = flatten(parts, schemas)
        {
            flat.push((name.clone(), whole.into()));
            absorbed.extend(parts.items.iter().filter_map(name_of));
        }
    }
    schemas.extend(flat);
    absorbed
}

fn name_of(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(reference) => Some(reference.ref_location.rsplit('/').next()?.to_owned()),
        RefOr::T(_) => None,
    }
}

/// A struct with a flattened field is one object, and not two of which each may refuse what the
/// other has; with a flattened enum it is one object for each variant.
fn flatten(parts: &AllOf, schemas: &Schemas) -> Option<Schema> {
    let mut base = Object::new();
    base.description.clone_from(&parts.description);
    let mut variants = None;
    for part in &parts.items {
        match resolve(part, schemas)? {
            Schema::Object(object) => absorb(&mut base, object),
            Schema::OneOf(enumeration) => variants = Some(enumeration),
            _ => return None,
        }
    }
    let Some(variants) = variants else {
        return Some(Schema::Object(base));
    };
    let mut whole = OneOf::new();
    whole.description = base.description.take();
    for variant in &variants.items {
        let Schema::Object(own) = resolve(variant, schemas)? else {
            return None;
        };
        let mut object = base.clone();
        object.description.clone_from(&own.description);
        object.title.clone_from(&own.title);
        absorb(&mut object, own);
        whole.items.push(Schema::Object(object).into());
    }
    Some(Schema::OneOf(whole))
}

fn absorb(base: &mut Object, part: &Object) {
    base.properties.extend(part.properties.clone());
    base.required.extend(part.required.iter().cloned());
}

/// Gives each variant of the schema `name` a name of its own, and says by which field they are told
/// apart.
fn name_variants(schemas: &mut Schemas, name: &str, tag: &str, ending: &str) {
    let Some(RefOr::T(Schema::OneOf(choice))) = schemas.get_mut(name) else {
        return;
    };
    let mut discriminator = Discriminator::new(tag);
    let mut named = Vec::new();
    for item in &mut choice.items {
        let RefOr::T(Schema::Object(object)) = item else {
            continue;
        };
        let Some(value) = only_value(object, tag) else {
            continue;
        };
        let variant = format!("{}{ending}", type_name(&value));
        object.title = Some(variant.clone());
        let reference = Ref::from_schema_name(&variant);
        let location = reference.ref_location.clone();
        discriminator.mapping.insert(value, location);
        named.push((variant, std::mem::replace(item, reference.into())));
    }
    choice.discriminator = Some(discriminator);
    schemas.extend(named);
}

/// Refers to a schema where a list spells one out that has a name: a generic type's argument, say.
fn refer(schemas: &mut Schemas) {
    let named = schemas.clone();
    let name_of = |items: &RefOr<Schema>| {
        let mut all = named.iter();
        all.find_map(|(name, schema)| (schema == items).then_some(name))
    };
    for schema in schemas.values_mut() {
        let RefOr::T(Schema::Object(object)) = schema else {
            continue;
        };
        for property in object.properties.values_mut() {
            if let RefOr::T(Schema::Array(list)) = property
                && let ArrayItems::RefOrSchema(items) = &mut list.items
                && let RefOr::T(Schema::Object(_) | Schema::AllOf(_)) = **items
                && let Some(name) = name_of(items)
            {
                **items = Ref::from_schema_name(name).into();
            }
        }
    }
}

/// The one value that `field` can have.
fn only_value(object: &Object, field: &str) -> Option<String> {
    match object.properties.get(field)? {
        RefOr::T(Schema::Object(tag)) => match tag.enum_values.as_deref()? {
            [Value::String(value)] => Some(value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// `word` as the name of a type: `watch_task` is `WatchTask`.
pub(super) fn type_name(word: &str) -> String {
    let parts = word.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts
        .flat_map(|part| {
            let mut letters = part.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

/// What `schema` stands for.
fn resolve<'a>(schema: &'a RefOr<Schema>, schemas: &'a Schemas) -> Option<&'a Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(_) => resolve(schemas.get(&name_of(schema)?)?, schemas),
    }
}

fn close(variants: &mut OneOf) {
    for variant in &mut variants.items {
        if let RefOr::T(Schema::Object(object)) = variant {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}
