//! Every text of a request, with who speaks and where it stands.
//!
//! Whoever looks at words must see all that a model sees, so blocks of unknown types are listed
//! string by string. Left out is what no model reads as words: ids, types, media bytes and what the
//! provider sealed (signatures, cipher texts).

use super::wire::{At, Members, Str, list, object, span, text};
use crate::canonical::{Complaint, Text, Voice};
use crate::dialect::strings::{Found, SCHEMA_WORDS, Strings, is_gap};
use serde_json::value::RawValue;

/// Members whose texts are no words.
const NO_WORDS: [&str; 14] = [
    "type",
    "id",
    "tool_use_id",
    "data",
    "signature",
    "media_type",
    "file_id",
    "cache_control",
    "ttl",
    "caller",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "encrypted_code",
];

/// Lists the texts of a request.
pub(super) fn texts(body: &str) -> Result<Vec<Text<'_>>, Complaint> {
    let top = &At::Top;
    let mut members = Members::read(body, top)?;
    let mut lister = Lister { body, texts: Vec::new() };
    if let Some(system) = members.take("system") {
        lister.content(Voice::System, system, &top.member("system"))?;
    }
    if let Some(messages) = members.take("messages") {
        lister.messages(messages, &top.member("messages"))?;
    }
    if let Some(tools) = members.take("tools") {
        lister.tools(tools, &top.member("tools"))?;
    }
    for name in ["output_config", "output_format"] {
        if let Some(format) = members.take(name) {
            lister.strings(format, Listed::new(Voice::ToolDefinition).names_but(&SCHEMA_WORDS), &top.member(name))?;
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

    fn names_but(self, names: &'static [&'static str]) -> Listed {
        Listed { names_but: Some(names), ..self }
    }
}

impl<'a> Lister<'a> {
    fn messages(&mut self, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        for (index, raw) in list(raw, at)?.into_iter().enumerate() {
            let at = &at.item(index);
            let mut message = object(raw, at)?;
            let voice = match message.take_as("role", at, text)?.as_deref() {
                Some("assistant") => Voice::Assistant,
                Some("system") => Voice::System,
                _ => Voice::User,
            };
            if let Some(content) = message.take("content") {
                self.content(voice, content, &at.member("content"))?;
            }
        }
        Ok(())
    }

    fn tools(&mut self, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        let listed = Listed::new(Voice::ToolDefinition);
        for (index, raw) in list(raw, at)?.into_iter().enumerate() {
            let at = &at.item(index);
            let mut tool = object(raw, at)?;
            let schema = tool.take("input_schema");
            self.members(tool, listed, at)?;
            if let Some(schema) = schema {
                self.strings(schema, listed.names_but(&SCHEMA_WORDS), &at.member("input_schema"))?;
            }
        }
        Ok(())
    }

    /// A string, a list of blocks, or one block (errors of server tools).
    fn content(&mut self, voice: Voice, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        match raw.get().as_bytes().first() {
            Some(b'"') => self.add(voice, raw.get(), at),
            Some(b'{') => self.block(voice, raw, at),
            _ => {
                let blocks = list(raw, at)?.into_iter().enumerate();
                blocks.into_iter().try_for_each(|(index, raw)| self.block(voice, raw, &at.item(index)))
            }
        }
    }

    fn block(&mut self, voice: Voice, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        let mut block = object(raw, at)?;
        let kind = block.take_as("type", at, text)?.unwrap_or_default();
        let voice = if kind.ends_with("tool_result") { Voice::ToolResult } else { voice };
        if kind.ends_with("tool_use")
            && let Some(input) = block.take("input")
        {
            let every = Listed { voice: Voice::ToolCall, without: &[], names_but: Some(&[]) };
            self.strings(input, every, &at.member("input"))?;
        }
        if let Some(source) = block.take("source") {
            self.source(voice, source, &at.member("source"))?;
        }
        if let Some(content) = block.take("content") {
            self.content(voice, content, &at.member("content"))?;
        }
        self.members(block, Listed::new(voice), at)
    }

    /// Where a document's words are; bytes and addresses are none. Search results name a source.
    fn source(&mut self, voice: Voice, raw: &'a RawValue, at: &At<'_>) -> Result<(), Complaint> {
        if raw.get().starts_with('"') {
            return self.add(voice, raw.get(), at);
        }
        let mut source = object(raw, at)?;
        match source.take_as("type", at, text)?.as_deref() {
            Some("text") => source.take("data").map_or(Ok(()), |data| self.content(voice, data, &at.member("data"))),
            Some("base64" | "url" | "file") => Ok(()),
            _ => match source.take("content") {
                Some(content) => self.content(voice, content, &at.member("content")),
                None => self.members(source, Listed::new(voice), at),
            },
        }
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
                last_name = Some((name, span.end));
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

    fn listed(body: &str) -> Vec<(Voice, String)> {
        let texts = texts(body).unwrap();
        for text in &texts {
            let there: String = serde_json::from_str(&body[text.span.clone()]).unwrap();
            assert_eq!(there, text.value);
        }
        texts.into_iter().map(|text| (text.voice, text.value.into_owned())).collect()
    }

    fn words(body: &str) -> Vec<String> {
        listed(body).into_iter().map(|(_, words)| words).collect()
    }

    #[test]
    fn every_voice_is_heard() {
        let body = r#"{"model":"m","system":"sys","messages":[
            {"role":"user","content":"plain \u00e9"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},
              {"type":"tool_use","id":"t1","name":"find","input":{"data":"secret","deep":[{"type":"x"}]}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"found"}]},
              {"type":"tool_result","tool_use_id":"t2","content":"raw"},
              {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}],
          "tools":[{"name":"find","description":"looks","input_schema":{"type":"object","properties":{"q":{"type":"string","description":"what"}}}}]}"#;
        let expected = [
            (Voice::System, "sys"),
            (Voice::User, "plain é"),
            (Voice::Assistant, "hm"),
            (Voice::ToolCall, "data"),
            (Voice::ToolCall, "secret"),
            (Voice::ToolCall, "deep"),
            (Voice::ToolCall, "type"),
            (Voice::ToolCall, "x"),
            (Voice::Assistant, "find"),
            (Voice::ToolResult, "found"),
            (Voice::ToolResult, "raw"),
            (Voice::ToolDefinition, "find"),
            (Voice::ToolDefinition, "looks"),
            (Voice::ToolDefinition, "q"),
            (Voice::ToolDefinition, "what"),
        ];
        assert_eq!(listed(body), expected.map(|(voice, words)| (voice, words.to_owned())));
    }

    #[test]
    fn documents_results_and_strange_blocks_speak_too() {
        let body = r#"{"messages":[{"role":"user","content":[
            {"type":"document","title":"T","context":"C","source":{"type":"text","media_type":"text/plain","data":"words"}},
            {"type":"document","source":{"type":"content","content":[{"type":"text","text":"inner"}]}},
            {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}},
            {"type":"search_result","source":"https://x","title":"S","content":[{"type":"text","text":"hit"}]},
            {"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result","url":"u","title":"W","encrypted_content":"zzz"}]},
            {"type":"novel","anything":{"nested":["a",{"signature":"no","b":"c"}]}}]}]}"#;
        let expected = ["words", "T", "C", "inner", "https://x", "hit", "S", "u", "W", "a", "c"];
        assert_eq!(words(body), expected);
    }

    #[test]
    fn nothing_hides_behind_doubles_or_depth() {
        assert!(texts(r#"{"messages":[{"role":"user","content":"a","content":"b"}]}"#).is_err());
        assert!(
            texts(r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a","te\u0078t":"b"}]}]}"#).is_err()
        );
        let nested = format!("{{\"tools\":[{{\"input_schema\":{}\"x\"{}}}]}}", "[".repeat(90_000), "]".repeat(90_000));
        assert_eq!(words(&nested), ["x"]);
        let block = "{\"type\":\"tool_result\",\"content\":[".repeat(20_000);
        let deep = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":[{block}{}]}}]}}", "]}".repeat(20_000));
        assert!(texts(&deep).is_err());
    }

    #[test]
    fn wrong_shapes_are_refused() {
        for body in
            [r#"{"messages":7}"#, r#"{"messages":[7]}"#, r#"{"messages":[{"content":7}]}"#, r#"{"tools":{}}"#, "[]"]
        {
            assert!(texts(body).is_err(), "{body}");
        }
        assert!(texts("{}").unwrap().is_empty());
    }
}
