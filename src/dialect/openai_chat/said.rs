//! The words of an answer, borrowed from its bytes: all that an estimate of tokens needs.
//!
//! It reads whole answers and frames alike, keeps no structure, and takes odd types as silence.

use super::wire::Str;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A chunk of a stream, or a whole answer.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    /// None where the member is missing or null.
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) service_tier: Words<'a>,
    /// The vectors of an embedding.
    #[serde(default)]
    pub(super) data: Option<IgnoredAny>,
    /// Where Groq reports the usage of a stream that nobody asked usage of.
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// The usage block, wherever the vendor puts it.
    pub(super) fn usage(&self) -> Option<&'a RawValue> {
        let given = self.usage.or_else(|| self.x_groq.as_ref()?.usage)?;
        (given.get() != "null").then_some(given)
    }

    /// The class of service that was billed.
    pub(super) fn tier(&self) -> Option<String> {
        (!self.service_tier.is_empty()).then(|| self.service_tier.joined().into_owned())
    }
}

/// One of the answers, or a piece of one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Choice<'a> {
    pub(super) index: super::wire::Count,
    #[serde(borrow)]
    pub(super) finish_reason: Words<'a>,
    #[serde(borrow)]
    delta: Option<Message<'a>>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    text: Words<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    content: Words<'a>,
    #[serde(borrow)]
    reasoning_content: Words<'a>,
    #[serde(borrow)]
    reasoning: Words<'a>,
    #[serde(borrow)]
    refusal: Words<'a>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow)]
    function_call: Option<Function<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Call<'a> {
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Function<'a> {
    #[serde(borrow)]
    name: Words<'a>,
    #[serde(borrow)]
    arguments: Words<'a>,
}

impl Choice<'_> {
    /// Whether it has words by which the model declines.
    pub(super) fn refuses(&self) -> bool {
        self.delta.iter().chain(&self.message).any(|message| !message.refusal.is_empty())
    }

    /// Appends all its words.
    pub(super) fn collect(&self, said: &mut String) {
        for message in self.delta.iter().chain(&self.message) {
            message.collect(said);
        }
        self.text.collect(said);
    }
}

impl Message<'_> {
    fn collect(&self, said: &mut String) {
        // Vendors that write both names write the same thought twice.
        let thought = if self.reasoning_content.is_empty() { &self.reasoning } else { &self.reasoning_content };
        for words in [thought, &self.content, &self.refusal] {
            words.collect(said);
        }
        let calls = self.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
        for function in calls.chain(&self.function_call) {
            function.name.collect(said);
            function.arguments.collect(said);
        }
    }
}

/// A text, or (as Mistral writes thinking) a list of parts with texts in them; anything else is silence.
#[derive(Default)]
pub(super) enum Words<'a> {
    #[default]
    None,
    One(Cow<'a, str>),
    Many(String),
}

impl<'a> Words<'a> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Words::None => true,
            Words::One(text) => text.is_empty(),
            Words::Many(text) => text.is_empty(),
        }
    }

    pub(super) fn joined(&self) -> Cow<'_, str> {
        match self {
            Words::None => Cow::Borrowed(""),
            Words::One(text) => Cow::Borrowed(text),
            Words::Many(text) => Cow::Borrowed(text),
        }
    }

    pub(super) fn collect(&self, said: &mut String) {
        said.push_str(&self.joined());
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words<'a>, D::Error> {
        deserializer.deserialize_any(Listen)
    }
}

struct Listen;

impl<'de> Visitor<'de> for Listen {
    type Value = Words<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("words")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Words<'de>, E> {
        Ok(Words::One(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Words<'de>, E> {
        Ok(Words::One(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Words<'de>, E> {
        Ok(Words::None)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Words<'de>, E> {
        Ok(Words::None)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Words<'de>, E> {
        Ok(Words::None)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Words<'de>, E> {
        Ok(Words::None)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Words<'de>, E> {
        Ok(Words::None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words<'de>, A::Error> {
        let mut said = String::new();
        while let Some(words) = list.next_element::<Words<'de>>()? {
            words.collect(&mut said);
        }
        Ok(Words::Many(said))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Words<'de>, A::Error> {
        let mut said = String::new();
        while let Some(Str(key)) = map.next_key()? {
            if matches!(&*key, "text" | "thinking") {
                map.next_value::<Words<'de>>()?.collect(&mut said);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Words::Many(said))
    }
}
