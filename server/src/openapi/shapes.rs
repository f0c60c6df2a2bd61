//! What Rust's types say otherwise than the JSON that they are written as.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{AdditionalProperties, AllOf, Components, OneOf, Schema};
use utoipa::openapi::{Object, OpenApi, RefOr};

/// The messages whose readers refuse unknown fields, which the derive sees on structs alone.
const CLOSED: [&str; 1] = ["ClientMessage"];

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Corrects the document's schemas.
pub(super) fn correct(document: &mut OpenApi) {
    let Some(Components { schemas, .. }) = document.components.as_mut() else {
        return;
    };
    let absorbed = flatten_all(schemas);
    for name in CLOSED {
        if let Some(RefOr::T(Schema::OneOf(variants))) = schemas.get_mut(name) {
            close(variants);
        }
    }
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
