//! Every text of a request, with who speaks and where it stands.
//!
//! Whoever looks at words must see all that a model sees, so parts of unknown kinds are listed string by string.
//! Left out is what no model reads as words: ids, media bytes, and what was sealed.

use super::wire::{At, Members, Str, camel, list, object, span, text};
use crate::canonical::{Complaint, Text, Voice};
use crate::dialect::strings::{Found, SCHEMA_WORDS, Strings, is_gap};
use crate::types::Task;
use serde_json::value::RawValue;

/// Members whose texts are no words.
const NO_WORDS: [&str; 12] = [
    "id",
    "data",
    "thoughtSignature",
    "mimeType",
    "fileUri",
    "model",
    "taskType",
    "mode",
    "language",
    "outcome",
    "role",
    "cachedContent",
];

/// Lists the texts of a request.
pub(super) fn texts(task: Task, body: &str) -> Result<Vec<Text<'_>>, Complaint> {
    let top = &At::Top;
    let mut lister = Lister { body, texts: Vec::new() };
    let mut members = Members::read(body, top)?;
    match task {
        Task::Embedding => lister.embedding(members, top)?,
        Task::EmbeddingBatch => {
            let at = &top.member("requests");
            for (index, raw) in members.take_as("requests", top, list)?.unwrap_or_default().into_iter().enumerate() {
                let at = &at.item(index);
                lister.embedding(object(raw, at)?, at)?;
            }
        }
        _ => {
            if let Some(raw) = members.take("generateContentRequest") {
                let at = &top.member("generateContentRequest");
                lister.request(object(raw, at)?, at)?;
            }
            lister.request(members, top)?;
        }
    }
    Ok(lister.texts)
}

struct Lister<'a> {
    body: &'a str,
    texts: Vec<Text<'a>>,
}

/// Which strings of a value are listed, and for whom they speak.
#[derive(Clone, Copy)]
struct Listed {
    voice: Voice,
    /// Members whose texts are passed over.
    without: &'static [&'static str],
    /// Whether names are listed too, and which are not.
    names_but: Option<&'static [&'static str]>,
}

impl Listed {
    fn new(voice: Voice) -> Listed {
        Listed { voice, without: &NO_WORDS, names_but: None }
    }

    /// All that stands there, names included.
    fn all(voice: Voice) -> Listed {
        Listed { voice, without: &[], names_but: Some(&[]) }
    }

    fn names_but(self, names: &'static [&'static str]) -> Listed {
        Listed { names_but: Some(names), ..self }
    }
}

impl<'a> Lister<'a> {
    fn embedding(&mut self, mut request: Members<'a>, at: &At<'_>) -> Result<(), Complaint> {
        if let Some(title) = request.take("title") {
            self.strings(title, Listed::new(Voice::User), &at.member("title"))?;
        }
        request.take("content").map_or(Ok(()), |raw| self.content(Some(Voice::User), raw, &at.member("content")))
    }

    fn request(&mut self, mut members: Members<'a>, at: &At<'_>) -> Result<(), Complaint> {
        if let Some(system) = members.take("systemInstruction") {
            self.content(Some(Voice::System), system, &at.member("systemInstruction"))?;
        }
        if let Some(contents) = members.take("contents") {
            let at = &at.member("contents");
            let contents = if contents.get().starts_with('{') { vec![contents] } else { list(contents, at)? };
            for (index, raw) in contents.into_iter().enumerate() {
                self.content(None, raw, &at.item(index))?;
            }
        }
        let definitions = Listed::new(Voice::ToolDefinition).names_but(&SCHEMA_WORDS);
        if let Some(tools) = members.take("tools") {
            self.strings(tools, definitions, &at.member("tools"))?;
        }
        let place = &at.member("generationConfig");
        let Some(mut config) = members.take_as("generationConfig", at, object)? else { return Ok(()) };
        for name in ["responseSchema", "responseJsonSchema", "_responseJsonSchema"] {
            if let Some(schema) = config.take(name) {
                self.strings(schema, definitions, &place.member(name))?;
            }
        }
        Ok(())
    }

    /// A content, or a bare text. Without a voice its role tells who speaks.
    fn content(&mut self, voice: Option<Voice>, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        if raw.get().starts_with('"') {
            return self.add(voice.unwrap_or(Voice::User), raw.get(), at);
        }
        let mut content = object(raw, at)?;
        let role = content.take_as("role", at, text)?;
        let spoken = if role.as_deref() == Some("model") { Voice::Assistant } else { Voice::User };
        let at = &at.member("parts");
        let Some(parts) = content.take("parts") else { return Ok(()) };
        let parts = if parts.get().starts_with('{') { vec![parts] } else { list(parts, at)? };
        for (index, raw) in parts.into_iter().enumerate() {
            self.part(voice.unwrap_or(spoken), raw, &at.item(index))?;
        }
        Ok(())
    }

    fn part(&mut self, voice: Voice, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        let mut part = object(raw, at)?;
        let data = [("functionCall", "args", Voice::ToolCall), ("functionResponse", "response", Voice::ToolResult)];
        for (name, inner, voice) in data {
            let place = &at.member(name);
            let Some(mut whole) = part.take_as(name, at, object)? else { continue };
            if let Some(value) = whole.take(inner) {
                self.strings(value, Listed::all(voice), &place.member(inner))?;
            }
            self.members(whole, Listed::new(voice), place)?;
        }
        self.members(part, Listed::new(voice), at)
    }

    /// The strings of each member that has words.
    fn members(&mut self, members: Members<'a>, listed: Listed, at: &At<'_>) -> Result<(), Complaint> {
        let with_words = members.0.into_iter().filter(|(name, _)| !listed.without.contains(&name.as_ref()));
        for (name, raw) in with_words {
            self.strings(raw, listed, &at.member(&name))?;
        }
        Ok(())
    }

    /// Each string anywhere in a value, without recursion, for values may be nested as they like.
    fn strings(&mut self, raw: &'a RawValue, listed: Listed, at: &At<'_>) -> Result<(), Complaint> {
        let json = raw.get();
        let mut last_name = None;
        for Found { span, is_name } in Strings::of(json) {
            let quoted = &json[span.clone()];
            if is_name {
                let name = decode(quoted, at)?;
                if listed.names_but.is_some_and(|names| !names.contains(&name.as_ref())) {
                    self.add(listed.voice, quoted, at)?;
                }
                last_name = Some((camel(name), span.end));
                continue;
            }
            // Only the string right behind the name is its value.
            let of = last_name.take().filter(|(_, end)| json[*end..span.start].trim_matches(is_gap).is_empty());
            if !of.is_some_and(|(name, _)| listed.without.contains(&name.as_ref())) {
                self.add(listed.voice, quoted, at)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, voice: Voice, quoted: &'a str, at: &At<'_>) -> Result<(), Complaint> {
        self.texts.push(Text { voice, value: decode(quoted, at)?, span: span(self.body, quoted) });
        Ok(())
    }
}

fn decode<'a>(quoted: &'a str, at: &At<'_>) -> Result<std::borrow::Cow<'a, str>, Complaint> {
    let decoded = serde_json::from_str::<Str<'a>>(quoted).map(|Str(text)| text);
    decoded.map_err(|_| at.invalid("has a string that cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(task: Task, body: &str) -> Vec<(Voice, String)> {
        let texts = texts(task, body).unwrap();
        for text in &texts {
            let there: String = serde_json::from_str(&body[text.span.clone()]).unwrap();
            assert_eq!(there, text.value);
        }
        texts.into_iter().map(|text| (text.voice, text.value.into_owned())).collect()
    }

    #[test]
    fn every_voice_is_heard() {
        let body = r#"{"system_instruction":{"parts":[{"text":"sys"}]},"contents":[
            {"role":"user","parts":[{"text":"plain \u00e9"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},
            {"role":"model","parts":[{"thought":true,"text":"hm","thought_signature":"c2ln"},
              {"functionCall":{"id":"c1","name":"find","args":{"id":"secret","deep":["x"]}}}]},
            {"parts":[{"functionResponse":{"id":"c1","name":"find","response":{"data":"found"}}},{"executableCode":{"language":"PYTHON","code":"print"}}]}],
          "tools":[{"functionDeclarations":[{"name":"find","description":"looks","parameters":{"type":"OBJECT","properties":{"q":{"description":"what"}}}}]}]}"#;
        let heard = listed(Task::Chat, body);
        let expected = [
            (Voice::System, "sys"),
            (Voice::User, "plain é"),
            (Voice::ToolCall, "id"),
            (Voice::ToolCall, "secret"),
            (Voice::ToolCall, "deep"),
            (Voice::ToolCall, "x"),
            (Voice::ToolCall, "find"),
            (Voice::Assistant, "hm"),
            (Voice::ToolResult, "data"),
            (Voice::ToolResult, "found"),
            (Voice::ToolResult, "find"),
            (Voice::User, "print"),
        ];
        for (voice, words) in expected {
            assert!(heard.contains(&(voice, words.to_owned())), "{words}: {heard:?}");
        }
        for words in ["find", "looks", "q", "what"] {
            assert!(heard.contains(&(Voice::ToolDefinition, words.to_owned())), "{words}: {heard:?}");
        }
        assert!(
            heard.iter().all(|(_, words)| !["AAAA", "c2ln", "c1", "image/png"].contains(&words.as_str())),
            "{heard:?}"
        );
    }

    #[test]
    fn embeddings_and_counts_have_texts_too() {
        let words = |task, body| listed(task, body).into_iter().map(|(_, words)| words).collect::<Vec<_>>();
        assert_eq!(words(Task::Embedding, r#"{"content":{"parts":[{"text":"a"}]},"title":"t"}"#), ["t", "a"]);
        assert_eq!(words(Task::EmbeddingBatch, r#"{"requests":[{"content":{"parts":[{"text":"a"}]}}]}"#), ["a"]);
        let count = r#"{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"a"}]}]}}"#;
        assert_eq!(words(Task::CountTokens, count), ["a"]);
    }
}
