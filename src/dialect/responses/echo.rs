//! What an answer repeats of its request, and which of the caller's tools take free text.

use super::wire::Obj;
use std::fmt::Write;

/// Fields of the request that stand in the answer too, in the protocol's order, and what stands there where
/// the request has none.
const REPEATED: [(&str, &str); 18] = [
    ("background", "false"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
    ("metadata", "{}"),
];

/// What is kept of a request until its answer has ended.
#[derive(Default)]
pub(super) struct Echo {
    /// Members of the answer, each with a comma before it.
    members: String,
    /// Names of the tools that take free text.
    custom: Vec<String>,
}

impl Echo {
    /// Reads a request, which has been read before: what cannot be read is left out.
    pub(super) fn of(request: &str, kept: bool) -> Echo {
        let top = Obj::of_body(request).ok();
        let mut members = String::new();
        for (name, otherwise) in REPEATED {
            let given = top.as_ref().and_then(|top| top.find(name)).map_or(otherwise, |value| value.raw.get());
            // An answer that was not to be made later is there at once.
            let given = if name == "background" { otherwise } else { given };
            let given = if given == "null" { otherwise } else { given };
            let _ = write!(members, r#","{name}":{given}"#);
        }
        let _ = write!(members, r#","store":{kept}"#);
        let custom = top.map(|top| custom_names(&top)).unwrap_or_default();
        Echo { members, custom }
    }

    /// The members, each with a comma before it.
    pub(super) fn members(&self) -> &str {
        &self.members
    }

    /// Whether that tool takes free text.
    pub(super) fn is_custom(&self, name: &str) -> bool {
        self.custom.iter().any(|custom| custom == name)
    }
}

fn custom_names(top: &Obj<'_>) -> Vec<String> {
    let tools = top.find("tools").and_then(|tools| tools.items().ok()).unwrap_or_default();
    let name = |tool: &super::wire::Val<'_>| {
        let mut tool = tool.object().ok()?;
        let kind = tool.take("type")?.string().ok()?;
        let named = match tool.take("custom") {
            Some(inner) => inner.object().ok()?.take("name"),
            None => tool.take("name"),
        };
        (kind == "custom").then(|| named?.string().ok()).flatten()
    };
    tools.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_repeated_as_it_was_written() {
        let request = r#"{"model":"m","temperature":0.20,"metadata":{"k":"v"},"user":null,"background":true,
            "tools":[{"type":"custom","name":"patch"},{"type":"function","name":"f"}]}"#;
        let echo = Echo::of(request, true);
        for member in [
            r#","temperature":0.20"#,
            r#","metadata":{"k":"v"}"#,
            r#","user":null"#,
            r#","top_p":1.0"#,
            r#","store":true"#,
            r#","background":false"#,
        ] {
            assert!(echo.members().contains(member), "{member}\n{}", echo.members());
        }
        assert!(echo.is_custom("patch") && !echo.is_custom("f"));
        assert!(Echo::of("", false).members().contains(r#","tools":[]"#));
    }
}
