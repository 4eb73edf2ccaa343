//! Chunks of a stream that differ from the last one in their words alone, which is nearly all of them.
//!
//! A chunk that was read in full, and says one string of words, leaves its mould: the bytes before and after
//! that string. The next chunk that fits it, with a string that needs no reading in between, is the same
//! JSON but for its words, so nothing else of it has to be looked at. Knows no protocol.

use std::ops::Range;

/// Longer chunks leave no mould: a stream keeps it to its end.
const LONGEST: usize = 2048;

/// The form of the last chunk of words.
#[derive(Default)]
pub(super) struct Mould {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Mould {
    /// The words of a chunk of the same form; none where it has to be read.
    pub fn words<'a>(&self, chunk: &'a [u8]) -> Option<&'a str> {
        if self.before.is_empty() {
            return None;
        }
        let words = chunk.strip_prefix(self.before.as_slice())?.strip_suffix(self.after.as_slice())?;
        let plain = !words.iter().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        if plain { std::str::from_utf8(words).ok() } else { None }
    }

    /// Takes the form of a chunk of valid JSON whose only words are the inside of the string at `words`.
    pub fn take(&mut self, chunk: &[u8], words: Range<usize>) {
        self.before.clear();
        self.after.clear();
        if chunk.len() > LONGEST {
            return;
        }
        if let (Some(before), Some(after)) = (chunk.get(..words.start), chunk.get(words.end..)) {
            self.before.extend_from_slice(before);
            self.after.extend_from_slice(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mould(before: &str, words: &str, after: &str) -> Mould {
        let mut mould = Mould::default();
        mould.take(format!("{before}{words}{after}").as_bytes(), before.len()..before.len() + words.len());
        mould
    }

    #[test]
    fn only_other_words_fit() {
        let mould = mould(r#"{"index":0,"text":""#, "Hi", r#"","end":null}"#);
        assert_eq!(mould.words(br#"{"index":0,"text":" you","end":null}"#), Some(" you"));
        assert_eq!(mould.words(br#"{"index":0,"text":"","end":null}"#), Some(""));
        for other in [
            r#"{"index":1,"text":"x","end":null}"#,
            r#"{"index":0,"text":"x","end":"stop"}"#,
            r#"{"index":0,"text":"x\n","end":null}"#,
            r#"{"index":0,"text":"x","text":"y","end":null}"#,
            r#"{"index":0,"text":"","end":null"#,
            r#"{"index":0,"text":null}"#,
            "",
        ] {
            assert_eq!(mould.words(other.as_bytes()), None, "{other}");
        }
        assert_eq!(mould.words(b"{\"index\":0,\"text\":\"\xff\",\"end\":null}"), None, "not UTF-8");
        assert_eq!(Mould::default().words(b""), None, "nothing was seen yet");
    }

    #[test]
    fn long_chunks_leave_none() {
        let long = "x".repeat(LONGEST);
        assert_eq!(mould("{\"a\":\"", &long, "\"}").words(b"{\"a\":\"y\"}"), None);
    }

    proptest! {
        #[test]
        fn what_fits_says_what_json_says(said in ".{0,20}", raw in r#"["\\a\u{e9} ,:}{\]\[n\n]{0,12}"#) {
            let mould = mould(r#"{"text":""#, "first", r#""}"#);
            for chunk in [serde_json::json!({ "text": said }).to_string(), format!(r#"{{"text":"{raw}"}}"#)] {
                if let Some(words) = mould.words(chunk.as_bytes()) {
                    let read: serde_json::Value = serde_json::from_str(&chunk).unwrap();
                    prop_assert_eq!(read, serde_json::json!({ "text": words }));
                }
            }
        }
    }
}
