//! Texts as vendors write them: a string, or (as Mistral writes thinking) a list of parts with
//! strings in them. Anything else is silence, not an error.

use super::wire::Str;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A run of words, borrowed unless it holds escapes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run<'a> {
    /// Whether the model thinks it rather than says it.
    pub(super) thought: bool,
    pub(super) text: Cow<'a, str>,
}

/// A text in whatever form it came.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Words<'a> {
    #[default]
    None,
    One(Cow<'a, str>),
    Many(Vec<Run<'a>>),
}

impl<'a> Words<'a> {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Words::None => true,
            Words::One(text) => text.is_empty(),
            Words::Many(runs) => runs.is_empty(),
        }
    }

    /// The words as one text.
    pub(super) fn joined(&self) -> Cow<'_, str> {
        match self {
            Words::None => Cow::Borrowed(""),
            Words::One(text) => Cow::Borrowed(text),
            Words::Many(runs) => runs.iter().map(|run| &*run.text).collect(),
        }
    }

    /// Its runs, in order: what is thought, and the words.
    pub(super) fn runs(&self) -> impl Iterator<Item = (bool, &str)> {
        let (one, many): (Option<&str>, &[Run<'a>]) = match self {
            Words::None => (None, &[]),
            Words::One(text) => (Some(text), &[]),
            Words::Many(runs) => (None, runs),
        };
        one.map(|text| (false, text)).into_iter().chain(many.iter().map(|run| (run.thought, &*run.text)))
    }

    /// Appends all words.
    pub(super) fn collect(&self, said: &mut String) {
        self.runs().for_each(|(_, text)| said.push_str(text));
    }

    fn into_runs(self, thought: bool) -> Vec<Run<'a>> {
        match self {
            Words::None => Vec::new(),
            Words::One(text) => vec![Run { thought, text }],
            Words::Many(runs) => runs.into_iter().map(|run| Run { thought: run.thought || thought, ..run }).collect(),
        }
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
        let mut runs = Vec::new();
        while let Some(words) = list.next_element::<Words<'de>>()? {
            runs.extend(words.into_runs(false));
        }
        Ok(Words::Many(runs))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Words<'de>, A::Error> {
        let mut runs = Vec::new();
        while let Some(Str(key)) = map.next_key()? {
            match &*key {
                "text" => runs.extend(map.next_value::<Words<'de>>()?.into_runs(false)),
                "thinking" => runs.extend(map.next_value::<Words<'de>>()?.into_runs(true)),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Words::Many(runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(json: &str) -> Vec<(bool, String)> {
        let words: Words<'_> = serde_json::from_str(json).unwrap();
        words.runs().map(|(thought, text)| (thought, text.to_owned())).collect()
    }

    #[test]
    fn strings_and_parts_are_words_and_the_rest_is_silence() {
        assert_eq!(runs(r#""a\nb""#), [(false, "a\nb".to_owned())]);
        let parts = r#"[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"so"}]"#;
        assert_eq!(runs(parts), [(true, "hm".to_owned()), (false, "so".to_owned())]);
        for silence in ["null", "true", "1", "-1", "0.5", "[]", r#"{"x":"y"}"#] {
            assert!(runs(silence).is_empty(), "{silence}");
        }
    }

    #[test]
    fn plain_words_are_borrowed() {
        assert!(matches!(serde_json::from_str(r#""abc""#).unwrap(), Words::One(Cow::Borrowed("abc"))));
    }
}
