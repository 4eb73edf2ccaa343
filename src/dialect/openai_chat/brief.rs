//! The common case of answers, read with less work than [`super::answer`] takes.
//!
//! Whole answers that report usage, and chunks that say words and nothing else, are most of all
//! traffic. Whatever looks different is no error here: the caller reads it again, in full.

use super::finish;
use super::usage;
use super::wire::Str;
use crate::dialect::Sight;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A whole answer with usage and finish reasons.
#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    choices: Vec<WholeChoice<'a>>,
    #[serde(borrow)]
    usage: &'a RawValue,
    #[serde(borrow, default)]
    service_tier: Option<&'a str>,
}

#[derive(Deserialize)]
struct WholeChoice<'a> {
    index: u32,
    #[serde(borrow)]
    finish_reason: &'a str,
    #[serde(borrow)]
    message: WholeMessage<'a>,
}

#[derive(Deserialize)]
struct WholeMessage<'a> {
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
}

/// What a trace needs of an ordinary whole answer; none where it is not ordinary.
pub(super) fn whole(body: &[u8]) -> Option<Sight> {
    let answer: Whole<'_> = serde_json::from_slice(body).ok()?;
    let first = answer.choices.iter().find(|choice| choice.index == 0)?;
    let report = usage::read(answer.usage, answer.service_tier.map(str::to_owned))?;
    let plain = first.message.refusal.is_none() && !first.finish_reason.is_empty();
    plain.then(|| Sight {
        usage: Some(report),
        finish: Some(finish::stored(first.finish_reason, false)),
        said: String::new(),
    })
}

/// A chunk of words.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<ChunkChoice<'a>>,
    #[serde(default)]
    usage: Option<IgnoredAny>,
    #[serde(default)]
    service_tier: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    x_groq: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ChunkChoice<'a> {
    #[serde(borrow)]
    delta: ChunkDelta<'a>,
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

/// Unknown members make it no ordinary chunk: there may be words in them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChunkDelta<'a> {
    #[serde(default, rename = "role")]
    _role: Option<IgnoredAny>,
    #[serde(borrow)]
    content: Str<'a>,
    #[serde(default)]
    refusal: Option<IgnoredAny>,
}

/// Takes in an ordinary chunk: one choice, with words and nothing else. Says whether it was one.
pub(super) fn chunk(data: &[u8], said: &mut String) -> bool {
    let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else { return false };
    let [only] = chunk.choices.as_slice() else { return false };
    let silent =
        [&chunk.usage, &chunk.service_tier, &chunk.error, &chunk.x_groq, &only.finish_reason, &only.delta.refusal];
    let plain = silent.iter().all(|member| member.is_none());
    if plain {
        said.push_str(&only.delta.content.0);
    }
    plain
}
