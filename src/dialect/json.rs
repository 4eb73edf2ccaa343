//! Reading JSON in place: borrowed values that know their path, so that an error can name it.
//!
//! It knows JSON and no field of the protocol. Values stay raw text until somebody asks for one, so
//! that spans, key order and number spelling survive.

use crate::canonical::{Complaint, Json};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A JSON string, borrowed unless it holds escapes. (`Option<Cow<str>>` would always copy.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Str<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Str<'a>, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Where a raw value of `body` stands in it.
pub(super) fn span_of(body: &str, raw: &RawValue) -> Range<usize> {
    let start = (raw.get().as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    start..start + raw.get().len()
}

/// What a raw value is, in words.
pub(super) fn kind_of(raw: &str) -> &'static str {
    match raw.trim_start().as_bytes().first() {
        None => "empty",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        Some(_) => "a number",
    }
}

/// The complaint that the value at `path` is not what it must be.
pub(super) fn wrong(path: &str, must_be: &str, raw: &RawValue) -> Complaint {
    let kind = kind_of(raw.get());
    let whole_number = must_be.starts_with("a whole number");
    let kind = if whole_number && kind == "a number" { raw.get() } else { kind };
    Complaint::invalid(path, format!("`{path}` must be {must_be}, not {kind}"))
}

/// The complaint that a member stands twice.
pub(super) fn twice(path: &str) -> Complaint {
    let message = format!("`{path}` stands twice in the body; which one is meant cannot be told, send it once");
    Complaint::invalid(path, message)
}

/// The complaint that a member is not there.
pub(super) fn missing(path: &str) -> Complaint {
    Complaint::invalid(path, format!("`{path}` is missing"))
}

/// The complaint about a body that is no JSON, or another kind of JSON.
pub(super) fn not_an_object(body: &str, error: &serde_json::Error) -> Complaint {
    let kind = kind_of(body);
    let message = if error.is_data() && kind != "an object" {
        format!("the body must be a JSON object, not {kind}")
    } else {
        format!("the body is not valid JSON: {error}")
    };
    Complaint::new(crate::canonical::Code::InvalidRequest, message)
}

/// The JSON text of a value made of plain structs and maps, which always has one.
pub(super) fn to_vec(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A value of the body and its path.
#[derive(Clone, Debug)]
pub(super) struct Val<'a> {
    pub(super) raw: &'a RawValue,
    pub(super) path: String,
}

impl<'a> Val<'a> {
    fn parse<T: Deserialize<'a>>(&self, must_be: &str) -> Result<T, Complaint> {
        serde_json::from_str(self.raw.get()).map_err(|_| self.wrong(must_be))
    }

    /// The complaint that this value is not what it must be.
    pub(super) fn wrong(&self, must_be: &str) -> Complaint {
        wrong(&self.path, must_be, self.raw)
    }

    pub(super) fn is_string(&self) -> bool {
        self.raw.get().starts_with('"')
    }

    pub(super) fn is_object(&self) -> bool {
        self.raw.get().starts_with('{')
    }

    pub(super) fn is_empty_array(&self) -> bool {
        self.raw.get().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(']'))
    }

    pub(super) fn boolean(&self) -> Result<bool, Complaint> {
        self.parse("true or false")
    }

    pub(super) fn whole_number(&self) -> Result<u64, Complaint> {
        self.parse("a whole number, zero or more")
    }

    pub(super) fn number(&self) -> Result<Number, Complaint> {
        self.parse("a number")
    }

    pub(super) fn text(&self) -> Result<Cow<'a, str>, Complaint> {
        self.parse::<Str<'a>>("a string").map(|text| text.0)
    }

    pub(super) fn string(&self) -> Result<String, Complaint> {
        self.text().map(Cow::into_owned)
    }

    pub(super) fn json(&self) -> Json {
        Json(self.raw.to_owned())
    }

    pub(super) fn value(&self) -> Result<Value, Complaint> {
        self.parse("JSON")
    }

    pub(super) fn items(&self) -> Result<Vec<Val<'a>>, Complaint> {
        let items: Vec<&'a RawValue> = self.parse("an array")?;
        let place = |(index, raw)| Val { raw, path: format!("{}[{index}]", self.path) };
        Ok(items.into_iter().enumerate().map(place).collect())
    }

    pub(super) fn object(&self) -> Result<Obj<'a>, Complaint> {
        let members: Members<'a> = self.parse("an object")?;
        Obj::new(members, self.path.clone())
    }
}

/// The members of an object, in order, as they stand.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some(Str(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(List)
    }
}

/// An object of the body whose members are taken one by one; what is left was not understood.
#[derive(Debug)]
pub(super) struct Obj<'a> {
    path: String,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Obj<'a> {
    /// Reads the body itself; member paths are then their plain names.
    pub(super) fn of_body(body: &'a str) -> Result<Obj<'a>, Complaint> {
        let members = serde_json::from_str(body).map_err(|error| not_an_object(body, &error))?;
        Obj::new(members, String::new())
    }

    fn new(Members(members): Members<'a>, path: String) -> Result<Obj<'a>, Complaint> {
        let object = Obj { path, members };
        match duplicate(&object.members) {
            Some(key) => Err(twice(&object.path_of(key))),
            None => Ok(object),
        }
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A member as it stands, null included.
    pub(super) fn find(&self, key: &str) -> Option<Val<'a>> {
        let (_, raw) = self.members.iter().find(|(name, _)| name == key)?;
        Some(Val { raw, path: self.path_of(key) })
    }

    /// Takes a member out; null counts as not there, as the protocol has it.
    pub(super) fn take(&mut self, key: &str) -> Option<Val<'a>> {
        let at = self.members.iter().position(|(name, _)| name == key)?;
        let (_, raw) = self.members.remove(at);
        (raw.get() != "null").then(|| Val { raw, path: self.path_of(key) })
    }

    /// Takes a member out that must be there.
    pub(super) fn need(&mut self, key: &str) -> Result<Val<'a>, Complaint> {
        self.take(key).ok_or_else(|| missing(&self.path_of(key)))
    }

    /// What nobody took, nulls left out.
    pub(super) fn rest(self) -> Vec<(String, Val<'a>)> {
        let present = self.members.iter().filter(|(_, raw)| raw.get() != "null");
        present.map(|(key, raw)| (key.to_string(), Val { raw, path: self.path_of(key) })).collect()
    }
}

/// The name of a member that stands twice. Sorted, so that a hostile body cannot make it quadratic.
fn duplicate<'m>(members: &'m [(Cow<'_, str>, &RawValue)]) -> Option<&'m str> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// A number that providers write in several ways: whole, with a fraction, as null, or not at all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count(pub(super) Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Count, E> {
                Ok(Count(Some(count)))
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(count).ok()))
            }

            fn visit_f64<E: de::Error>(self, count: f64) -> Result<Count, E> {
                Ok(Count((count >= 0.0).then_some(count.round() as u64)))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Count, E> {
                Ok(Count(None))
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Count, E> {
                Ok(Count(None))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Count, E> {
                Ok(Count(None))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Count(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Count(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
