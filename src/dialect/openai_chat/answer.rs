//! The wire shape of answers, whole or in chunks, borrowed from their bytes.
//!
//! One shape serves the trace (tap, glance) and the canonical reader. It is lenient: vendors leave
//! members out, write null, or write other types than OpenAI does, and none of that breaks a call.

use super::wire::{Count, Str};
use super::words::Words;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A chunk of a stream, or a whole answer.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow, default)]
    pub(super) id: Words<'a>,
    #[serde(borrow, default)]
    pub(super) model: Words<'a>,
    /// None where the member is missing or null.
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Words<'a>,
    /// The vectors of an embedding.
    #[serde(default)]
    pub(super) data: Option<IgnoredAny>,
    /// Where Perplexity and xAI say what an answer rests on.
    #[serde(borrow, default)]
    citations: Option<&'a RawValue>,
    #[serde(borrow, default)]
    search_results: Option<&'a RawValue>,
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
        let own = self.usage.filter(|usage| usage.get() != "null");
        own.or_else(|| self.x_groq.as_ref()?.usage)
    }

    /// What went wrong, where the answer says that something did.
    pub(super) fn error(&self) -> Option<&'a RawValue> {
        self.error.filter(|error| error.get() != "null")
    }

    /// Members beside the answers without a place in the canonical model, where they hold something.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'static str, &'a RawValue)> {
        let others = [("citations", self.citations), ("search_results", self.search_results)];
        let held = |raw: &RawValue| !matches!(raw.get(), "null" | "[]");
        others.into_iter().filter_map(move |(name, raw)| Some((name, raw.filter(|raw| held(raw))?)))
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
    index: Count,
    #[serde(borrow)]
    pub(super) finish_reason: Words<'a>,
    #[serde(borrow)]
    delta: Option<Message<'a>>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    /// The words of a completion.
    #[serde(borrow)]
    pub(super) text: Words<'a>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// A message, or a piece of one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) content: Words<'a>,
    #[serde(borrow)]
    reasoning_content: Words<'a>,
    #[serde(borrow)]
    reasoning: Words<'a>,
    #[serde(borrow)]
    pub(super) thinking_blocks: Option<Vec<Thought<'a>>>,
    #[serde(borrow)]
    pub(super) refusal: Words<'a>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
    #[serde(borrow)]
    images: Option<&'a RawValue>,
}

/// A block of thinking with its seal, or a piece of one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Thought<'a> {
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) thinking: Words<'a>,
    #[serde(borrow)]
    pub(super) signature: Words<'a>,
    /// Cipher text, of redacted blocks only.
    #[serde(borrow)]
    pub(super) data: Words<'a>,
}

/// A tool call, or a piece of one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Call<'a> {
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) id: Words<'a>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
    #[serde(borrow)]
    extra_content: Option<Extra<'a>>,
}

/// Where Google's own endpoint for this protocol keeps the seal of a call.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Extra<'a> {
    #[serde(borrow)]
    google: Option<Google<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Google<'a> {
    #[serde(borrow)]
    thought_signature: Words<'a>,
}

impl<'a> Call<'a> {
    /// Gemini's seal of the call.
    pub(super) fn seal(&self) -> Option<&Words<'a>> {
        let seal = &self.extra_content.as_ref()?.google.as_ref()?.thought_signature;
        (!seal.is_empty()).then_some(seal)
    }
}

/// Name and arguments of a call.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Words<'a>,
    #[serde(borrow)]
    pub(super) arguments: Arguments<'a>,
}

/// The text of arguments; vendors that write the object itself mean its text.
#[derive(Default)]
pub(super) struct Arguments<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Arguments<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Arguments<'a>, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(Arguments(match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<Str<'de>>(raw).map(|text| text.0).unwrap_or_default(),
            Some(b'{') => Cow::Borrowed(raw),
            _ => Cow::Borrowed(""),
        }))
    }
}

impl<'a> Choice<'a> {
    /// Which of the answers, from 0.
    pub(super) fn index(&self) -> u32 {
        self.index.0.and_then(|index| u32::try_from(index).ok()).unwrap_or(0)
    }

    /// The message or the piece of it. Chunks of some vendors have both; one of them is then empty.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message<'a>> {
        self.delta.iter().chain(&self.message)
    }

    /// Whether it has words by which the model declines.
    pub(super) fn refuses(&self) -> bool {
        self.messages().any(|message| !message.refusal.is_empty())
    }

    /// Appends all its words.
    pub(super) fn collect(&self, said: &mut String) {
        self.messages().for_each(|message| message.collect(said));
        self.text.collect(said);
    }
}

impl<'a> Message<'a> {
    /// What the model thought. Vendors that write both names write the same thought twice.
    pub(super) fn thought(&self) -> &Words<'a> {
        if self.reasoning_content.is_empty() { &self.reasoning } else { &self.reasoning_content }
    }

    /// Members without a place in the canonical model, where they hold something.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'static str, &'a RawValue)> {
        let others = [("annotations", self.annotations), ("audio", self.audio), ("images", self.images)];
        let held = |raw: &RawValue| !matches!(raw.get(), "null" | "[]");
        others.into_iter().filter_map(move |(name, raw)| Some((name, raw.filter(|raw| held(raw))?)))
    }

    fn collect(&self, said: &mut String) {
        for words in [self.thought(), &self.content, &self.refusal] {
            words.collect(said);
        }
        let calls = self.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
        for function in calls.chain(&self.function_call) {
            function.name.collect(said);
            said.push_str(&function.arguments.0);
        }
    }
}
