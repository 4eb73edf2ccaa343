//! Two kinds of schemas: JSON Schema, and the older subset of OpenAPI's.
//!
//! Gemini takes both: `parameters` and `responseSchema` are OpenAPI's (types in capitals, `nullable`),
//! `parametersJsonSchema` and `responseJsonSchema` JSON Schema. What callers send in the first is read into the
//! second, which is all that the canonical model knows; providers are sent the second as it is. Gemini passes over
//! keywords that it does not know, so those are named. Source: ai.google.dev, "Structured outputs",
//! "Caching" (`Schema`).

use crate::canonical::Json;
use serde_json::{Map, Value};

/// The keywords that hold an answer to something. `const` is said as an `enum` of one.
const KNOWN: [&str; 20] = [
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "$schema",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
];
/// Keywords that are kept too, or that say nothing that an answer could break.
const HARMLESS: [&str; 8] =
    ["required", "propertyOrdering", "default", "example", "examples", "$comment", "definitions", "deprecated"];

/// Members whose value is a whole number, which may be written as a string.
const COUNTS: [&str; 6] = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// A schema of OpenAPI's as JSON Schema; one that is JSON Schema already keeps its text.
pub(super) fn read(schema: Json) -> Json {
    let Ok(Value::Object(mut root)) = serde_json::from_str(schema.get()) else { return schema };
    let before = root.clone();
    to_json_schema(&mut root);
    if root == before { schema } else { Json::of(&root).unwrap_or(schema) }
}

fn to_json_schema(schema: &mut Map<String, Value>) {
    let old = std::mem::take(schema);
    let mut nullable = false;
    for (name, mut value) in old {
        let name = super::wire::camel(name.into()).into_owned();
        match (name.as_str(), &mut value) {
            ("propertyOrdering", _) => continue,
            ("nullable", Value::Bool(allowed)) => {
                nullable = *allowed;
                continue;
            }
            ("type", Value::String(kind)) if kind == "TYPE_UNSPECIFIED" => continue,
            ("type", Value::String(kind)) => kind.make_ascii_lowercase(),
            ("type", Value::Array(kinds)) => {
                kinds.iter_mut().for_each(lower);
            }
            ("example", _) => {
                schema.insert("examples".to_owned(), Value::Array(vec![value]));
                continue;
            }
            (count, Value::String(number)) if COUNTS.contains(&count) => {
                value = number.parse::<u64>().map_or(value, Value::from);
            }
            ("properties" | "$defs" | "definitions" | "defs", Value::Object(named)) => {
                named.values_mut().filter_map(Value::as_object_mut).for_each(to_json_schema);
            }
            ("items" | "additionalProperties" | "not", Value::Object(inner)) => to_json_schema(inner),
            ("anyOf" | "allOf" | "oneOf" | "prefixItems", Value::Array(inner)) => {
                inner.iter_mut().filter_map(Value::as_object_mut).for_each(to_json_schema);
            }
            _ => {}
        }
        schema.insert(name, value);
    }
    if nullable {
        allow_null(schema);
    }
}

fn lower(kind: &mut Value) {
    if let Value::String(kind) = kind {
        kind.make_ascii_lowercase();
    }
}

fn allow_null(schema: &mut Map<String, Value>) {
    let null = || Value::String("null".to_owned());
    match schema.get_mut("type") {
        Some(Value::String(kind)) => {
            let kind = Value::String(std::mem::take(kind));
            schema.insert("type".to_owned(), Value::Array(vec![kind, null()]));
        }
        Some(Value::Array(kinds)) if !kinds.contains(&null()) => kinds.push(null()),
        _ => {}
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

/// A schema for an answer: `const` as an `enum` of one. Says also which keywords Gemini will pass over.
pub(super) fn write(schema: &Json) -> (Json, Vec<String>) {
    let Ok(Value::Object(mut root)) = serde_json::from_str(schema.get()) else { return (schema.clone(), Vec::new()) };
    let (mut changed, mut ignored) = (false, Vec::new());
    known(&mut root, &mut changed, &mut ignored);
    let written = if changed { Json::of(&root).unwrap_or_else(|_| schema.clone()) } else { schema.clone() };
    (written, ignored)
}

fn known(schema: &mut Map<String, Value>, changed: &mut bool, ignored: &mut Vec<String>) {
    if let Some(value) = schema.get("const").filter(|value| value.is_string() || value.is_number()).cloned() {
        schema.remove("const");
        schema.insert("enum".to_owned(), Value::Array(vec![value]));
        *changed = true;
    }
    for (name, value) in schema.iter_mut() {
        let kept = [KNOWN.as_slice(), HARMLESS.as_slice()].iter().any(|list| list.contains(&name.as_str()));
        if !kept && !ignored.contains(name) {
            ignored.push(name.clone());
        }
        match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                named.values_mut().filter_map(Value::as_object_mut).for_each(|inner| known(inner, changed, ignored));
            }
            ("items" | "additionalProperties", Value::Object(inner)) => known(inner, changed, ignored),
            ("anyOf" | "oneOf" | "prefixItems", Value::Array(inner)) => {
                inner.iter_mut().filter_map(Value::as_object_mut).for_each(|inner| known(inner, changed, ignored));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn openapi_becomes_json_schema() {
        let given = json(
            r#"{"type":"OBJECT","property_ordering":["a"],"properties":{"a":{"type":"STRING","nullable":true,"enum":["x"],"maxLength":"5"},
            "type":{"type":"ARRAY","items":{"type":"INTEGER","example":1}},"any":{"anyOf":[{"type":"NUMBER"},{"type":"TYPE_UNSPECIFIED"}]}},"required":["a"]}"#,
        );
        assert_eq!(
            read(given).get(),
            r#"{"type":"object","properties":{"a":{"type":["string","null"],"enum":["x",null],"maxLength":5},"type":{"type":"array","items":{"type":"integer","examples":[1]}},"any":{"anyOf":[{"type":"number"},{}]}},"required":["a"]}"#
        );
    }

    #[test]
    fn json_schema_keeps_its_text() {
        let text = r#"{ "type":"object", "properties":{"nullable":{"type":"boolean"}}, "required":[] }"#;
        assert_eq!(read(json(text)).get(), text);
        assert_eq!(read(json("true")).get(), "true");
        let (written, ignored) = write(&json(text));
        assert_eq!((written.get(), ignored), (text, vec![]));
    }

    #[test]
    fn what_gemini_passes_over_is_named() {
        let (written, ignored) = write(&json(
            r#"{"type":"object","properties":{"pattern":{"type":"string","pattern":"a"},"k":{"const":"x"}},"additionalProperties":false,"allOf":[]}"#,
        ));
        assert_eq!(ignored, ["pattern", "allOf"]);
        assert!(written.get().contains(r#""k":{"enum":["x"]}"#));
    }
}
