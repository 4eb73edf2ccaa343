//! JSON of the wire: objects read member by member with their places, and written in order.
//!
//! Values stay the text that they were until someone needs them, so key order, number spelling and
//! byte positions survive. The protocol is protocol-buffers JSON: a member may be written `camelCase` or
//! `snake_case`, whole numbers may be strings, and both are read. It knows no field of the protocol.

pub(super) use crate::dialect::place::{At, Str};

use crate::canonical::{Code, Complaint, Json};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// An object's members in their order, names unescaped. Null counts as absent when asked for.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

/// An object's members with their names as they were written.
struct AsWritten<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for AsWritten<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AsWritten<'a>, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Str(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visit).map(AsWritten)
    }
}

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(12);
        while let Some((Str(name), value)) = map.next_entry()? {
            members.push((camel(name), value));
        }
        Ok(members)
    }
}

/// A member's name as the protocol's own JSON spells it.
pub(super) fn camel(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.get(1..).is_some_and(|rest| rest.contains('_')) {
        return name;
    }
    let mut spelled = String::with_capacity(name.len());
    let mut raise = false;
    for character in name.chars() {
        if character == '_' && !spelled.is_empty() {
            raise = true;
        } else if std::mem::take(&mut raise) {
            spelled.extend(character.to_uppercase());
        } else {
            spelled.push(character);
        }
    }
    Cow::Owned(spelled)
}

impl<'a> Members<'a> {
    /// Reads an object, duplicates included.
    pub(super) fn lenient(text: &'a str, at: &At<'_>) -> Result<Members<'a>, Complaint> {
        serde_json::from_str(text).map_err(|error| at.invalid(&format!("is not a readable JSON object: {error}")))
    }

    /// The members of an object with their names as they were written; none where it is no object.
    pub(super) fn as_written(text: &'a str) -> Vec<(Cow<'a, str>, &'a RawValue)> {
        let pairs = serde_json::from_str::<AsWritten<'a>>(text);
        pairs.map(|AsWritten(members)| members).unwrap_or_default()
    }

    /// Reads an object, and refuses one that says something twice.
    pub(super) fn read(text: &'a str, at: &At<'_>) -> Result<Members<'a>, Complaint> {
        let members = Members::lenient(text, at)?;
        for (index, (name, _)) in members.0.iter().enumerate() {
            if members.0[..index].iter().any(|(other, _)| other == name) {
                return Err(at.member(name).invalid("stands there twice"));
            }
        }
        Ok(members)
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let index = self.0.iter().position(|(other, _)| other == name)?;
        let (_, value) = self.0.remove(index);
        (value.get() != "null").then_some(value)
    }

    /// Takes a member out and reads it.
    pub(super) fn take_as<T>(&mut self, name: &str, at: &At<'_>, read: Read<'a, T>) -> Result<Option<T>, Complaint> {
        self.take(name).map(|raw| read(raw, &at.member(name))).transpose()
    }

    /// Takes a member out that must be there, and reads it.
    pub(super) fn need<T>(&mut self, name: &str, at: &At<'_>, read: Read<'a, T>) -> Result<T, Complaint> {
        self.take_as(name, at, read)?.ok_or_else(|| at.member(name).invalid("is missing"))
    }

    /// What was not taken, as values.
    pub(super) fn rest(self, at: &At<'_>) -> Result<Map<String, Value>, Complaint> {
        let value = |(name, raw): (Cow<'a, str>, &RawValue)| {
            let value = serde_json::from_str(raw.get());
            let value = value.map_err(|error| at.member(&name).invalid(&format!("cannot be read: {error}")))?;
            Ok((name.into_owned(), value))
        };
        self.0.into_iter().filter(|(_, raw)| raw.get() != "null").map(value).collect()
    }
}

/// How a value is read.
pub(super) type Read<'a, T> = fn(&'a RawValue, &At<'_>) -> Result<T, Complaint>;

/// A text.
pub(super) fn text<'a>(raw: &'a RawValue, at: &At<'_>) -> Result<Cow<'a, str>, Complaint> {
    serde_json::from_str::<Str<'a>>(raw.get()).map(|Str(text)| text).map_err(|_| at.invalid("must be a string"))
}

/// A text of its own.
pub(super) fn string(raw: &RawValue, at: &At<'_>) -> Result<String, Complaint> {
    text(raw, at).map(Cow::into_owned)
}

/// True or false.
pub(super) fn boolean(raw: &RawValue, at: &At<'_>) -> Result<bool, Complaint> {
    serde_json::from_str(raw.get()).map_err(|_| at.invalid("must be true or false"))
}

/// A whole number from 0.
pub(super) fn count(raw: &RawValue, at: &At<'_>) -> Result<u64, Complaint> {
    whole(raw).and_then(|n| u64::try_from(n).ok()).ok_or_else(|| at.invalid("must be a whole number, 0 or more"))
}

/// A whole number, which the protocol also takes as a string.
pub(super) fn integer(raw: &RawValue, at: &At<'_>) -> Result<i64, Complaint> {
    whole(raw).ok_or_else(|| at.invalid("must be a whole number"))
}

fn whole(raw: &RawValue) -> Option<i64> {
    let text = raw.get().trim_matches('"');
    let exact = text.parse().ok();
    // `16.0` is a whole number to the protocol's JSON.
    let float = || text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
    exact.or_else(|| float().map(|n| n as i64))
}

/// A number.
pub(super) fn number(raw: &RawValue, at: &At<'_>) -> Result<Number, Complaint> {
    serde_json::from_str(raw.get()).map_err(|_| at.invalid("must be a number"))
}

/// A list.
pub(super) fn list<'a>(raw: &'a RawValue, at: &At<'_>) -> Result<Vec<&'a RawValue>, Complaint> {
    serde_json::from_str(raw.get()).map_err(|_| at.invalid("must be a list"))
}

/// A list of texts.
pub(super) fn strings(raw: &RawValue, at: &At<'_>) -> Result<Vec<String>, Complaint> {
    list(raw, at)?.into_iter().enumerate().map(|(index, item)| string(item, &at.item(index))).collect()
}

/// Parts stand in parts two deep at most (an image in a function's response); each is two steps.
const MAX_DEPTH: usize = 32;

/// An object that says nothing twice.
pub(super) fn object<'a>(raw: &'a RawValue, at: &At<'_>) -> Result<Members<'a>, Complaint> {
    if at.depth() > MAX_DEPTH {
        return Err(At::Top.invalid("is nested too deep"));
    }
    if !raw.get().starts_with('{') {
        return Err(at.invalid("must be an object"));
    }
    Members::read(raw.get(), at)
}

/// Any value, as it was written.
pub(super) fn json(raw: &RawValue, _: &At<'_>) -> Result<Json, Complaint> {
    Ok(Json(raw.to_owned()))
}

/// Where a part of `body` stands in it.
pub(super) fn span(body: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    start..start + part.len()
}

/// What a reader of requests complained of, as a fault of the provider's answer.
pub(super) fn malformed(complaint: Complaint) -> Complaint {
    let message = format!("the provider's answer is none of Gemini's: {}", complaint.message);
    Complaint { param: complaint.param, ..Complaint::new(Code::ProviderMalformed, message) }
}

/// An answer's bytes as text.
pub(super) fn utf8(body: &[u8]) -> Result<&str, Complaint> {
    std::str::from_utf8(body).map_err(|_| malformed(At::Top.invalid("is not UTF-8")))
}

/// The JSON text of a value.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> String {
    // Fails only for maps whose keys are no texts, and nothing here has such keys.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// An object under construction: members keep the order in which they are put.
#[derive(Default)]
pub(super) struct Object(Vec<(Cow<'static, str>, String)>);

impl Object {
    /// The same with one more member.
    pub(super) fn put<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Object {
        self.raw(name, encode(value))
    }

    /// The same with one more member, if there is a value.
    pub(super) fn put_some<T: Serialize>(self, name: &'static str, value: Option<&T>) -> Object {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// The same with one more member whose JSON text is at hand; a name that is there already is
    /// overwritten.
    pub(super) fn raw(mut self, name: impl Into<Cow<'static, str>>, json: impl Into<String>) -> Object {
        let (name, json) = (name.into(), json.into());
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, value)) => *value = json,
            None => self.0.push((name, json)),
        }
        self
    }

    /// The same with the members of an object's JSON text; nothing more where it is none.
    pub(super) fn members(self, json: &Json) -> Object {
        let members = Members::as_written(json.get());
        members.into_iter().fold(self, |all, (name, raw)| all.raw(name.into_owned(), raw.get()))
    }

    /// The JSON text of a member.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, json)| json.as_str())
    }

    /// Whether it has that member.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// Takes a member out; whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(other, _)| other != name);
        self.0.len() < before
    }

    /// Whether it has no members.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON text.
    pub(super) fn finish(&self) -> String {
        let size: usize = self.0.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
        let mut text = String::with_capacity(size + 2);
        for (index, (name, value)) in self.0.iter().enumerate() {
            text.push(if index == 0 { '{' } else { ',' });
            text.push_str(&encode(name));
            text.push(':');
            text.push_str(value);
        }
        text.push_str(if self.0.is_empty() { "{}" } else { "}" });
        text
    }
}

/// The JSON text of a list of JSON texts.
pub(super) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}
