//! JSON schemas as Anthropic's structured outputs take them.
//!
//! Every object must refuse members that it does not list, and bounds on numbers, lengths and
//! counts are refused. Forbidding more members only narrows what may come, so it is done unasked;
//! bounds are taken out, and that is said. Source: platform.claude.com, "Structured outputs".

use crate::canonical::Json;
use serde_json::{Map, Value};

/// Bounds that are refused.
const BOUNDS: [&str; 12] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contains",
];

/// Members whose value is one schema, or a list of schemas.
const SCHEMAS: [&str; 6] = ["items", "prefixItems", "anyOf", "allOf", "oneOf", "not"];

/// Members whose value is an object of schemas by name.
const NAMED_SCHEMAS: [&str; 3] = ["properties", "$defs", "definitions"];

/// The schema in that form, and whether something was taken out. One that has the form already
/// keeps its text.
pub(super) fn closed(schema: &Json) -> (Json, bool) {
    let Ok(Value::Object(mut root)) = serde_json::from_str(schema.get()) else { return (schema.clone(), false) };
    let mut change = Change::default();
    close(&mut root, &mut change);
    if !change.any {
        return (schema.clone(), false);
    }
    (Json::of(&root).unwrap_or_else(|_| schema.clone()), change.lost)
}

#[derive(Default)]
struct Change {
    any: bool,
    lost: bool,
}

fn close(schema: &mut Map<String, Value>, change: &mut Change) {
    let before = schema.len();
    schema.retain(|name, _| !BOUNDS.contains(&name.as_str()));
    if schema.len() < before {
        (change.any, change.lost) = (true, true);
    }
    let is_object = schema.get("type").is_some_and(|kind| kind == "object") || schema.contains_key("properties");
    if is_object && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        change.any = true;
    }
    for (name, value) in schema.iter_mut() {
        match value {
            Value::Object(schema) if SCHEMAS.contains(&name.as_str()) => close(schema, change),
            Value::Array(schemas) if SCHEMAS.contains(&name.as_str()) => close_each(schemas.iter_mut(), change),
            Value::Object(named) if NAMED_SCHEMAS.contains(&name.as_str()) => close_each(named.values_mut(), change),
            _ => {}
        }
    }
}

fn close_each<'a>(schemas: impl Iterator<Item = &'a mut Value>, change: &mut Change) {
    for schema in schemas.filter_map(Value::as_object_mut) {
        close(schema, change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, bool) {
        let (schema, lost) = closed(&Json::parse(text.to_owned()).unwrap());
        (schema.get().to_owned(), lost)
    }

    #[test]
    fn a_closed_schema_keeps_its_text() {
        let text =
            r#"{ "type":"object", "properties":{"a":{"type":"number","default":1.0}}, "additionalProperties":false }"#;
        assert_eq!(of(text), (text.to_owned(), false));
        assert_eq!(of("true"), ("true".to_owned(), false));
    }

    #[test]
    fn objects_are_closed_and_bounds_named() {
        let (text, lost) =
            of(r#"{"type":"object","properties":{"minimum":{"type":"array","items":{"type":"object"}}}}"#);
        assert!(!lost);
        assert_eq!(
            text,
            r#"{"type":"object","properties":{"minimum":{"type":"array","items":{"type":"object","additionalProperties":false}}},"additionalProperties":false}"#
        );
        assert_eq!(
            of(r#"{"anyOf":[{"type":"integer","minimum":1}]}"#),
            (r#"{"anyOf":[{"type":"integer"}]}"#.into(), true)
        );
    }
}
