//! A small value that fits a JSON schema, always the same one.
//!
//! Covers what tools and structured outputs use. `pattern`, `not` and conditions are not looked at.

use serde_json::{Map, Number, Value, json};
use std::cell::Cell;

/// Schemas may contain themselves, also more than once: below this depth, and behind so many values, all is null.
const DEPTH: usize = 24;
const MOST_VALUES: usize = 4096;
const MAX_ITEMS: u64 = 64;
const MAX_TEXT: u64 = 4096;

/// A value for `schema`. Texts without a format of their own say `text`.
pub(super) fn example(schema: &Value, text: &str) -> Value {
    Generator { root: schema, text, left: Cell::new(MOST_VALUES) }.value(schema, 0)
}

struct Generator<'a> {
    root: &'a Value,
    text: &'a str,
    left: Cell<usize>,
}

impl<'a> Generator<'a> {
    fn value(&self, schema: &'a Value, depth: usize) -> Value {
        let enough = depth >= DEPTH || self.left.get() == 0;
        let Some(schema) = schema.as_object().filter(|_| !enough) else { return Value::Null };
        self.left.set(self.left.get() - 1);
        if let Some(given) = given(schema) {
            return given.clone();
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Value::Null, |found| self.value(found, depth + 1));
        }
        if let Some(one) = alternatives(schema) {
            return self.value(one, depth + 1);
        }
        match kind(schema) {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, depth),
            Some("string") => self.string(schema),
            Some("integer") => number(schema, true),
            Some("number") => number(schema, false),
            Some("boolean") => Value::Bool(true),
            _ => Value::Null,
        }
    }

    /// Required properties, of the schema and of all that it is composed of.
    fn object(&self, schema: &'a Map<String, Value>, depth: usize) -> Value {
        let mut object = Map::new();
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Value::Object(more) = self.value(part, depth + 1) {
                object.extend(more);
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            let property = properties.and_then(|all| all.get(name));
            let value = property.map_or(json!(self.text), |property| self.value(property, depth + 1));
            object.insert(name.to_owned(), value);
        }
        Value::Object(object)
    }

    /// One item, or as many as it must have.
    fn array(&self, schema: &'a Map<String, Value>, depth: usize) -> Value {
        if let Some(prefix) = schema.get("prefixItems").and_then(Value::as_array) {
            return prefix.iter().map(|item| self.value(item, depth + 1)).collect();
        }
        let count = bound(schema, "minItems").unwrap_or(1);
        let count = count.min(bound(schema, "maxItems").unwrap_or(MAX_ITEMS)).min(MAX_ITEMS);
        let Some(item) = schema.get("items").filter(|items| items.is_object()) else { return json!([]) };
        (0..count).map(|_| self.value(item, depth + 1)).collect()
    }

    fn string(&self, schema: &Map<String, Value>) -> Value {
        let format = schema.get("format").and_then(Value::as_str).and_then(formatted);
        let mut text = format.unwrap_or(self.text).to_owned();
        let least = bound(schema, "minLength").unwrap_or(0).min(MAX_TEXT) as usize;
        let most = bound(schema, "maxLength").map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let missing = least.saturating_sub(text.chars().count());
        text.extend(std::iter::repeat_n('x', missing));
        Value::String(text.chars().take(most).collect())
    }
}

/// A value that the schema itself names.
fn given(schema: &Map<String, Value>) -> Option<&Value> {
    let first = |name: &str| schema.get(name)?.as_array()?.first();
    schema.get("const").or_else(|| first("enum"))
}

/// The first alternative that is not null.
fn alternatives(schema: &Map<String, Value>) -> Option<&Value> {
    let all = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    let null = |one: &&Value| one.get("type").and_then(Value::as_str) == Some("null");
    all.iter().find(|one| !null(one)).or_else(|| all.first())
}

/// The type, told by other keywords where it is not said.
fn kind(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ if ["properties", "required", "allOf"].iter().any(|word| schema.contains_key(*word)) => Some("object"),
        _ if ["items", "prefixItems"].iter().any(|word| schema.contains_key(*word)) => Some("array"),
        _ => Some("string"),
    }
}

fn bound(schema: &Map<String, Value>, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_u64)
}

/// A number within the bounds: the lowest one, the highest one, or 1.
fn number(schema: &Map<String, Value>, whole: bool) -> Value {
    let get = |name: &str| schema.get(name).and_then(Value::as_f64);
    let step = get("multipleOf").filter(|step| *step > 0.0);
    let least = get("minimum").or_else(|| get("exclusiveMinimum").map(|bound| bound + step.unwrap_or(1.0)));
    let most = get("maximum").or_else(|| get("exclusiveMaximum").map(|bound| bound - step.unwrap_or(1.0)));
    let wanted = least.or(most.filter(|most| *most < 1.0)).unwrap_or(1.0);
    let wanted = step.map_or(wanted, |step| (wanted / step).ceil() * step);
    if whole || wanted.fract() == 0.0 {
        return json!(wanted.ceil() as i64);
    }
    Number::from_f64(wanted).map_or(json!(1), Value::Number)
}

fn formatted(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => "2025-01-01T00:00:00Z",
        "date" => "2025-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT1S",
        "email" => "ana@example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "url" => "https://example.com/",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_and_bound() {
        let table = [
            (json!({"type": "string"}), json!("hi")),
            (json!({"type": "string", "minLength": 4}), json!("hixx")),
            (json!({"type": "string", "maxLength": 1}), json!("h")),
            (json!({"type": "string", "format": "date"}), json!("2025-01-01")),
            (json!({"enum": ["b", "a"]}), json!("b")),
            (json!({"const": 7}), json!(7)),
            (json!({"type": "integer"}), json!(1)),
            (json!({"type": "integer", "minimum": 3, "multipleOf": 5}), json!(5)),
            (json!({"type": "integer", "exclusiveMinimum": 3}), json!(4)),
            (json!({"type": "number", "maximum": 0.5}), json!(0.5)),
            (json!({"type": ["null", "boolean"]}), json!(true)),
            (json!({"type": "null"}), json!(null)),
            (json!({"anyOf": [{"type": "null"}, {"type": "integer"}]}), json!(1)),
            (json!({"type": "array", "items": {"type": "integer"}, "minItems": 2}), json!([1, 1])),
            (json!({"type": "array"}), json!([])),
            (json!({"prefixItems": [{"type": "integer"}, {"type": "string"}]}), json!([1, "hi"])),
            (json!({"type": "object", "properties": {"a": {"type": "integer"}}}), json!({})),
            (json!({"required": ["a"], "properties": {"a": {"type": "integer"}, "b": {}}}), json!({"a": 1})),
            (json!({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}), json!({"a": "hi", "b": "hi"})),
        ];
        for (schema, expected) in table {
            assert_eq!(example(&schema, "hi"), expected, "{schema}");
        }
    }

    #[test]
    fn references_are_followed_and_circles_end() {
        let schema = json!({
            "$defs": {"city": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
            "type": "object", "required": ["city"], "properties": {"city": {"$ref": "#/$defs/city"}},
        });
        assert_eq!(example(&schema, "Oslo"), json!({"city": {"name": "Oslo"}}));
        let circle = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
        assert!(example(&circle, "").is_object());
        let tree = json!({"type": "object", "required": ["a", "b"],
            "properties": {"a": {"$ref": "#"}, "b": {"type": "array", "minItems": 64, "items": {"$ref": "#"}}}});
        assert!(example(&tree, "").to_string().len() < 64 * 20 * MOST_VALUES);
    }
}
