//! `json-schema`: whether an answer is JSON of a given form.
//!
//! The keywords that schemas of answers use are understood; a schema with others is refused when it is saved, so that none
//! is passed over in silence.

use super::prepared::Prepared;
use super::settings::{SettingError, Settings};
use super::whole::{self, Judge, Judgement, SECTION, STREAM};
use super::{Check, Family, Kind, Setting};
use regex_automata::meta;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The type.
pub const KIND: Kind = Kind {
    name: "json-schema",
    about: "answers that are no JSON of a given form",
    how: "Reads the text as JSON, with or without a fence of ``` around it, and holds it against the schema. The score is 1 where \
          it does not fit, and the place is told. Understood: type, enum, const, properties, required, additionalProperties, \
          items, prefixItems, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, minimum, maximum, \
          exclusiveMinimum, exclusiveMaximum, multipleOf, anyOf, oneOf, allOf, not, $ref to #/$defs; others are refused. \
          Decides for certain.",
    family: Family::Whole,
    scores: false,
    threshold: 0.5,
    settings: &[Setting { name: "schema", default: "", about: "the schema, as JSON" }, STREAM, SECTION],
    build,
};

/// Keywords that say nothing about what fits.
const NOTES: [&str; 10] =
    ["$schema", "$id", "title", "description", "default", "examples", "$defs", "definitions", "format", "$comment"];
const KNOWN: [&str; 23] = [
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
];
const DEEPEST: usize = 64;

struct Schema {
    root: Value,
    patterns: HashMap<String, meta::Regex>,
}

fn build(settings: &Settings<'_>) -> Result<Check, SettingError> {
    let text = settings.text("schema");
    let wrong = |why: String| SettingError::new("schema", why);
    let root: Value = serde_json::from_str(text).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    let mut patterns = HashMap::new();
    check(&root, "#", (&root, 0), &mut patterns).map_err(wrong)?;
    whole::check(settings, Schema { root, patterns })
}

/// Refuses what is not understood.
fn check(
    schema: &Value,
    at: &str,
    (root, depth): (&Value, usize),
    patterns: &mut HashMap<String, meta::Regex>,
) -> Result<(), String> {
    let members = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(members) if depth < DEEPEST => members,
        _ => return Err(format!("{at} is no schema")),
    };
    for (name, value) in members {
        let at = format!("{at}/{name}");
        let down = |value: &Value, at: &str, patterns: &mut _| check(value, at, (root, depth + 1), patterns);
        match name.as_str() {
            "properties" | "$defs" | "definitions" => {
                let inner = value.as_object().ok_or_else(|| format!("{at} is no object"))?;
                inner.iter().try_for_each(|(name, value)| down(value, &format!("{at}/{name}"), patterns))?;
            }
            "additionalProperties" | "items" | "not" => down(value, &at, patterns)?,
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                let list = value.as_array().ok_or_else(|| format!("{at} is no list"))?;
                list.iter().try_for_each(|value| down(value, &at, patterns))?;
            }
            "pattern" => {
                let source = value.as_str().ok_or_else(|| format!("{at} is no text"))?;
                let config = meta::Config::new().nfa_size_limit(Some(1 << 20));
                let machine = meta::Builder::new().configure(config).build(source);
                patterns.insert(source.to_owned(), machine.map_err(|_| format!("{at} is no pattern of linear time"))?);
            }
            "$ref" => {
                let target = value.as_str().and_then(|path| path.strip_prefix('#')).and_then(|path| root.pointer(path));
                target.ok_or_else(|| format!("{at} leads nowhere; only #/... is followed"))?;
            }
            name if KNOWN.contains(&name) || NOTES.contains(&name) => {}
            _ => return Err(format!("{at} is not understood here")),
        }
    }
    Ok(())
}

impl Judge for Schema {
    fn judge(&self, text: &Prepared<'_>) -> Judgement {
        let fault = match serde_json::from_str::<Value>(unfenced(text.raw)) {
            Err(error) => Some(format!("no JSON: line {}, column {}", error.line(), error.column())),
            Ok(value) => self.fault(&self.root, &value, ("$", 0)),
        };
        match fault {
            None => Judgement::default(),
            Some(fault) => Judgement { score: 1.0, why: vec![fault] },
        }
    }
}

fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or(text.strip_prefix("```")).and_then(|rest| rest.strip_suffix("```"));
    inner.unwrap_or(text).trim()
}

impl Schema {
    /// What does not fit, and where; names of members are the schema's or the answer's, values are not told.
    fn fault(&self, schema: &Value, value: &Value, (at, depth): (&str, usize)) -> Option<String> {
        let members = match schema {
            Value::Bool(true) => return None,
            Value::Object(members) if depth < DEEPEST => members,
            _ => return Some(format!("{at}: nothing fits here")),
        };
        if let Some(target) =
            members.get("$ref").and_then(Value::as_str).and_then(|path| self.root.pointer(path.get(1..)?))
        {
            return self.fault(target, value, (at, depth + 1));
        }
        kind(members, value)
            .map(|why| format!("{at}: {why}"))
            .or_else(|| self.text(members, value).map(|why| format!("{at}: {why}")))
            .or_else(|| number(members, value).map(|why| format!("{at}: {why}")))
            .or_else(|| self.list(members, value, (at, depth)))
            .or_else(|| self.object(members, value, (at, depth)))
            .or_else(|| self.combined(members, value, (at, depth)))
    }

    fn text(&self, schema: &Map<String, Value>, value: &Value) -> Option<String> {
        let text = value.as_str()?;
        let length = text.chars().count() as u64;
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        let pattern = schema.get("pattern").and_then(Value::as_str).and_then(|source| self.patterns.get(source));
        match () {
            () if limit("minLength").is_some_and(|least| length < least) => Some("too short".to_owned()),
            () if limit("maxLength").is_some_and(|most| length > most) => Some("too long".to_owned()),
            () if pattern.is_some_and(|pattern| !pattern.is_match(text)) => Some("does not fit the pattern".to_owned()),
            () => None,
        }
    }

    fn list(&self, schema: &Map<String, Value>, value: &Value, (at, depth): (&str, usize)) -> Option<String> {
        let items = value.as_array()?;
        let limit = |name: &str| schema.get(name).and_then(Value::as_u64);
        if limit("minItems").is_some_and(|least| (items.len() as u64) < least) {
            return Some(format!("{at}: too few items"));
        }
        if limit("maxItems").is_some_and(|most| items.len() as u64 > most) {
            return Some(format!("{at}: too many items"));
        }
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        if unique && items.iter().enumerate().any(|(place, item)| items[..place].contains(item)) {
            return Some(format!("{at}: items repeat"));
        }
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().find_map(|(place, item)| {
            let schema = first.get(place).or(schema.get("items"))?;
            self.fault(schema, item, (&format!("{at}[{place}]"), depth + 1))
        })
    }

    fn object(&self, schema: &Map<String, Value>, value: &Value, (at, depth): (&str, usize)) -> Option<String> {
        let members = value.as_object()?;
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if let Some(name) = required.into_iter().find(|name| !members.contains_key(*name)) {
            return Some(format!("{at}.{name}: missing"));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        members.iter().find_map(|(name, value)| {
            let inner = properties.and_then(|properties| properties.get(name)).or(schema.get("additionalProperties"))?;
            self.fault(inner, value, (&format!("{at}.{name}"), depth + 1))
        })
    }

    fn combined(&self, schema: &Map<String, Value>, value: &Value, (at, depth): (&str, usize)) -> Option<String> {
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        let fits = |schema: &Value| self.fault(schema, value, (at, depth + 1)).is_none();
        if let Some(fault) =
            list("allOf").and_then(|all| all.iter().find_map(|schema| self.fault(schema, value, (at, depth + 1))))
        {
            return Some(fault);
        }
        if list("anyOf").is_some_and(|any| !any.iter().any(fits)) {
            return Some(format!("{at}: fits none of anyOf"));
        }
        if list("oneOf").is_some_and(|one| one.iter().filter(|schema| fits(schema)).count() != 1) {
            return Some(format!("{at}: does not fit one of oneOf"));
        }
        schema.get("not").filter(|not| fits(not)).map(|_| format!("{at}: fits what it must not"))
    }
}

fn kind(schema: &Map<String, Value>, value: &Value) -> Option<String> {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    };
    let fits = match schema.get("type") {
        None => true,
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        Some(_) => false,
    };
    match (schema.get("type"), schema.get("enum").and_then(Value::as_array), schema.get("const")) {
        (Some(kind), _, _) if !fits => Some(format!("not of type {kind}")),
        (_, Some(all), _) if !all.contains(value) => Some("not in the enum".to_owned()),
        (_, _, Some(only)) if only != value => Some("not the const".to_owned()),
        _ => None,
    }
}

fn number(schema: &Map<String, Value>, value: &Value) -> Option<String> {
    let number = value.as_f64()?;
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let small = limit("minimum").is_some_and(|least| number < least)
        || limit("exclusiveMinimum").is_some_and(|least| number <= least);
    let large = limit("maximum").is_some_and(|most| number > most)
        || limit("exclusiveMaximum").is_some_and(|most| number >= most);
    let odd =
        limit("multipleOf").is_some_and(|step| step > 0.0 && ((number / step).round() * step - number).abs() > 1e-9);
    match (small, large, odd) {
        (true, _, _) => Some("too small".to_owned()),
        (_, true, _) => Some("too large".to_owned()),
        (_, _, true) => Some("not a multiple".to_owned()),
        _ => None,
    }
}
