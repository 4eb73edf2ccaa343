//! The words of a whole answer that broke off in its midst: what a provider bills of it is what it said.
//!
//! It is half a JSON text, in any protocol. Its texts are taken, and names and identifiers left out: an estimate needs no more.

/// Fields whose texts are no words of a model.
const NO_WORDS: [&str; 18] = [
    "id",
    "object",
    "model",
    "modelVersion",
    "responseId",
    "type",
    "role",
    "name",
    "signature",
    "thoughtSignature",
    "finish_reason",
    "finishReason",
    "stop_reason",
    "done_reason",
    "service_tier",
    "system_fingerprint",
    "created_at",
    "status",
];

/// The words in the beginning of an answer.
pub(crate) fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (mut words, mut key, mut rest) = (String::new(), "", text.as_ref());
    while let Some(at) = rest.find('"') {
        let (literal, behind) = literal(&rest[at + 1..]);
        rest = behind;
        if rest.trim_start().starts_with(':') {
            key = literal;
        } else if !NO_WORDS.contains(&key) {
            words.push_str(&unescaped(literal));
        }
    }
    words
}

/// The inside of a string whose opening quote was read, and what follows it. The last one may have no end.
fn literal(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// An escape that was cut in two is left as it stands.
fn unescaped(literal: &str) -> String {
    serde_json::from_str(&format!("\"{literal}\"")).unwrap_or_else(|_| literal.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_from_half_an_answer() {
        let openai = r#"{"id":"c1","object":"chat.completion","model":"m","choices":[{"index":0,"message":
            {"role":"assistant","content":"Say \"hi\" to al"#;
        assert_eq!(words(openai.as_bytes()), r#"Say \"hi\" to al"#.replace('\\', ""));
        let anthropic = r#"{"id":"m","type":"message","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"t",
            "name":"f","input":{"city":"Paris"}},{"type":"text","text":"and\u00"#;
        assert_eq!(words(anthropic.as_bytes()), r"HiParisand\u00");
    }

    #[test]
    fn nothing_of_anything_panics() {
        for odd in [&b""[..], b"\"", b"\\", b"\"\\", b"{\"a\":\"\xff\"", b"<html>no \"json\" here</html>"] {
            let _ = words(odd);
        }
        assert_eq!(words(b"{\"usage\":{\"prompt_tokens\":3}"), "");
    }
}
