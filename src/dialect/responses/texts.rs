//! Every text of a request, with who speaks and where it stands.
//!
//! Whoever looks at words must see all that a model sees, so items and tools of unknown types are listed
//! string by string. Left out is what no model reads as words: ids, types, media bytes and seals.

use super::wire::{Obj, Str, Val, span_of, wrong};
use crate::canonical::{Complaint, Text, Voice};
use crate::dialect::strings::{Found, SCHEMA_WORDS, Strings, is_gap};
use serde_json::value::RawValue;

/// Members whose texts are no words.
const NO_WORDS: [&str; 14] = [
    "type",
    "id",
    "call_id",
    "role",
    "status",
    "detail",
    "phase",
    "encrypted_content",
    "image_url",
    "file_url",
    "file_data",
    "file_id",
    "result",
    "syntax",
];

/// Lists the texts of a request.
pub(super) fn list(body: &str) -> Result<Vec<Text<'_>>, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut lister = Lister { body, texts: Vec::new() };
    if let Some(instructions) = top.take("instructions") {
        lister.strings(Voice::System, &instructions, Listed::Words)?;
    }
    match top.take("input") {
        Some(input) if input.is_string() => lister.add(Voice::User, input.raw.get(), input.raw)?,
        Some(input) => input.items()?.iter().try_for_each(|item| lister.item(item))?,
        None => {}
    }
    for tool in top.take("tools").map_or(Ok(Vec::new()), |tools| tools.items())? {
        lister.tool(&tool)?;
    }
    for name in ["text", "prompt"] {
        if let Some(value) = top.take(name) {
            lister.strings(Voice::ToolDefinition, &value, Listed::Schema)?;
        }
    }
    Ok(lister.texts)
}

/// Which strings of a value are words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// Values, but for those of members that hold none.
    Words,
    /// Values and names, but for those that the schema language gives.
    Schema,
}

struct Lister<'a> {
    body: &'a str,
    texts: Vec<Text<'a>>,
}

impl<'a> Lister<'a> {
    fn item(&mut self, item: &Val<'a>) -> Result<(), Complaint> {
        if item.is_string() {
            return self.add(Voice::User, item.raw.get(), item.raw);
        }
        let object = item.object()?;
        let text = |name: &str| object.find(name).and_then(|value| value.text().ok()).unwrap_or_default();
        let voice = match (&*text("type"), &*text("role")) {
            (_, "system" | "developer") => Voice::System,
            (_, "assistant") => Voice::Assistant,
            (_, "user") => Voice::User,
            ("reasoning", _) => Voice::Assistant,
            (kind, _) if kind.ends_with("_output") => Voice::ToolResult,
            (kind, _) if kind.ends_with("_call") => Voice::ToolCall,
            _ => Voice::User,
        };
        self.strings(voice, item, Listed::Words)
    }

    fn tool(&mut self, tool: &Val<'a>) -> Result<(), Complaint> {
        let mut object = tool.object()?;
        let schema = object.take("parameters");
        for (_, member) in object.rest().into_iter().filter(|(name, _)| !NO_WORDS.contains(&name.as_str())) {
            self.strings(Voice::ToolDefinition, &member, Listed::Words)?;
        }
        schema.map_or(Ok(()), |schema| self.strings(Voice::ToolDefinition, &schema, Listed::Schema))
    }

    /// Each string anywhere in a value, without recursion, for values may be nested as they like.
    fn strings(&mut self, voice: Voice, value: &Val<'a>, listed: Listed) -> Result<(), Complaint> {
        let json = value.raw.get();
        let mut last_name = None;
        for Found { span, is_name } in Strings::of(json) {
            let quoted = &json[span.clone()];
            if is_name {
                let name = decode(quoted, value.raw)?;
                if listed == Listed::Schema && !SCHEMA_WORDS.contains(&&*name) {
                    self.add(voice, quoted, value.raw)?;
                }
                last_name = Some((name, span.end));
                continue;
            }
            // Only the string right behind the name is its value.
            let of = last_name.take().filter(|(_, end)| json[*end..span.start].trim_matches(is_gap).is_empty());
            if !of.is_some_and(|(name, _)| NO_WORDS.contains(&&*name)) {
                self.add(voice, quoted, value.raw)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, voice: Voice, quoted: &'a str, within: &RawValue) -> Result<(), Complaint> {
        let start = (quoted.as_ptr() as usize).saturating_sub(self.body.as_ptr() as usize);
        debug_assert!(start >= span_of(self.body, within).start);
        self.texts.push(Text { voice, value: decode(quoted, within)?, span: start..start + quoted.len() });
        Ok(())
    }
}

fn decode<'a>(quoted: &'a str, within: &RawValue) -> Result<std::borrow::Cow<'a, str>, Complaint> {
    let decoded = serde_json::from_str::<Str<'a>>(quoted).map(|Str(text)| text);
    decoded.map_err(|_| wrong("input", "made of strings that can be read", within))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(body: &str) -> Vec<(Voice, String)> {
        let texts = list(body).unwrap();
        for text in &texts {
            let there: String = serde_json::from_str(&body[text.span.clone()]).unwrap();
            assert_eq!(there, text.value);
        }
        texts.into_iter().map(|text| (text.voice, text.value.into_owned())).collect()
    }

    #[test]
    fn every_voice_is_heard() {
        let body = r#"{"model":"m","instructions":"ins","input":[
            {"role":"developer","content":"dev"},{"role":"user","content":[{"type":"input_text","text":"h\u0069"},
              {"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},
            {"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"zz"},
            {"type":"function_call","call_id":"c","name":"f","arguments":"{\"q\":1}"},
            {"type":"function_call_output","call_id":"c","output":"found"}],
            "tools":[{"type":"function","name":"f","description":"looks","parameters":{"type":"object","properties":{"q":{"type":"string"}}}}]}"#;
        let expected = [
            (Voice::System, "ins"),
            (Voice::System, "dev"),
            (Voice::User, "hi"),
            (Voice::Assistant, "hm"),
            (Voice::ToolCall, "f"),
            (Voice::ToolCall, "{\"q\":1}"),
            (Voice::ToolResult, "found"),
            (Voice::ToolDefinition, "f"),
            (Voice::ToolDefinition, "looks"),
            (Voice::ToolDefinition, "q"),
        ];
        assert_eq!(listed(body), expected.map(|(voice, words)| (voice, words.to_owned())));
        assert_eq!(listed(r#"{"input":"plain"}"#), [(Voice::User, "plain".to_owned())]);
    }
}
