//! JSON read in one pass without building anything: for the few members that a decision or a trace needs.
//!
//! A [`Cursor`] takes a subset of what `serde_json` takes, and every method gives none for anything else:
//! text that is no JSON, and text that is merely unusual, such as a member's name with an escape in it.
//! Whoever gets none reads again with `serde_json`, which decides and words the complaint. So this module
//! has no errors, and can be fast: a string costs a look at each of its bytes and nothing more.

use std::ops::Range;

/// As deep as `serde_json` goes.
const DEEPEST: usize = 127;

const WORD: usize = size_of::<u64>();
const WIDE: usize = 32;

/// Marks the quotes, backslashes and control characters of eight bytes in the highest bits of the bytes; the
/// lowest mark is exact, those above it may be wrong.
fn specials(bytes: [u8; WORD]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(bytes);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64)) | controls) & (ONES * 0x80)
}

/// Whether one of many bytes is special. Written so that the compiler makes vector instructions of it.
fn has_special(bytes: &[u8; WIDE]) -> bool {
    let mut found = 0;
    for byte in bytes {
        found |= u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < 0x20);
    }
    found != 0
}

/// Where one is in a text.
#[derive(Clone)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of a text.
    pub fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0, depth: 0 }
    }

    /// How many bytes lie behind.
    pub fn place(&self) -> usize {
        self.at
    }

    /// Only space is left.
    pub fn end(mut self) -> Option<()> {
        self.space();
        (self.at == self.text.len()).then_some(())
    }

    /// Walks the members of an object. `member` is told the name and has to read the value.
    pub fn object(&mut self, mut member: impl FnMut(&mut Cursor<'a>, &'a [u8]) -> Option<()>) -> Option<()> {
        self.enter(b'{')?;
        if self.ends(b'}') {
            return Some(());
        }
        loop {
            self.space();
            let name = self.plain()?;
            self.space();
            self.take(b':')?;
            member(self, name)?;
            if self.ends(b'}') {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    /// Walks the elements of an array. `element` has to read each.
    pub fn array(&mut self, mut element: impl FnMut(&mut Cursor<'a>) -> Option<()>) -> Option<()> {
        self.enter(b'[')?;
        if self.ends(b']') {
            return Some(());
        }
        loop {
            element(self)?;
            if self.ends(b']') {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    /// Passes over a value; gives its bytes.
    pub fn skip(&mut self) -> Option<&'a [u8]> {
        self.space();
        let begin = self.at;
        match self.peek()? {
            b'"' => self.string()?,
            b'{' => self.object(|inner, _| inner.skip().map(drop))?,
            b'[' => self.array(|inner| inner.skip().map(drop))?,
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        self.text.get(begin..self.at)
    }

    /// A string without escapes.
    pub fn plain_str(&mut self) -> Option<&'a str> {
        self.space();
        std::str::from_utf8(self.plain()?).ok()
    }

    /// An array; says whether anything is in it.
    pub fn filled_array(&mut self) -> Option<bool> {
        let mut filled = false;
        self.array(|cursor| {
            filled = true;
            cursor.skip().map(drop)
        })?;
        Some(filled)
    }

    /// A string; appends what it says, and gives where the inside of it stands.
    pub fn text(&mut self, out: &mut String) -> Option<Range<usize>> {
        self.space();
        self.take(b'"')?;
        let inside = self.at;
        loop {
            let begin = self.at;
            let stop = self.until_special()?;
            out.push_str(std::str::from_utf8(self.text.get(begin..self.at)?).ok()?);
            self.at += 1;
            match stop {
                b'"' => return Some(inside..self.at - 1),
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    /// A whole number, zero or more, of at most 18 digits.
    pub fn whole_number(&mut self) -> Option<u64> {
        self.space();
        let digits = self.digits();
        if digits.is_empty() || digits.len() > 18 || (digits.len() > 1 && digits[0] == b'0') {
            return None;
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self) -> Option<bool> {
        self.space();
        if self.peek()? == b't' { self.word(b"true").map(|()| true) } else { self.word(b"false").map(|()| false) }
    }

    /// Passes over `null`, if it stands here.
    pub fn null(&mut self) -> bool {
        self.space();
        self.peek() == Some(b'n') && self.word(b"null").is_some()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over space.
    #[inline]
    pub fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn enter(&mut self, bracket: u8) -> Option<()> {
        self.space();
        self.take(bracket)?;
        self.depth += 1;
        (self.depth <= DEEPEST).then_some(())
    }

    /// Whether the bracket stands here that ends what was entered.
    fn ends(&mut self, bracket: u8) -> bool {
        self.space();
        let ends = self.take(bracket).is_some();
        self.depth -= usize::from(ends);
        ends
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    #[inline]
    fn plain(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let begin = self.at;
        let stop = self.until_special()?;
        let said = self.text.get(begin..self.at)?;
        self.at += 1;
        (stop == b'"').then_some(said)
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let stop = self.until_special()?;
            self.at += 1;
            match stop {
                b'"' => return Some(()),
                b'\\' => self.escape().map(drop)?,
                _ => return None,
            }
        }
    }

    /// Goes to the next quote, backslash or control character, and says which it is.
    #[inline]
    fn until_special(&mut self) -> Option<u8> {
        // Most strings end within the first word or two; long ones are worth wider steps.
        for step in 0.. {
            let rest = self.text.get(self.at..)?;
            if step >= 2 && rest.first_chunk().is_some_and(|bytes| !has_special(bytes)) {
                self.at += WIDE;
                continue;
            }
            let Some(word) = rest.first_chunk() else { break };
            let found = specials(*word);
            if found != 0 {
                self.at += found.trailing_zeros() as usize / 8;
                return self.peek();
            }
            self.at += WORD;
        }
        let rest = self.text.get(self.at..)?;
        self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        self.peek()
    }

    /// What follows a backslash. Halves of surrogate pairs are left to others.
    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => byte as char,
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.hex(),
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<char> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        let value = digits.iter().try_fold(0, |value, digit| Some(value * 16 + (*digit as char).to_digit(16)?))?;
        char::from_u32(value)
    }

    fn digits(&mut self) -> &'a [u8] {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.text.get(begin..self.at).unwrap_or_default()
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.take(b'-');
        let whole = self.digits();
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        if self.take(b'.').is_some() && self.digits().is_empty() {
            return None;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits().is_empty() {
                return None;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_json(text: &[u8]) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.skip().is_some() && cursor.end().is_some()
    }

    #[test]
    fn takes_what_is_json_and_nothing_else() {
        for text in ["{}", "[]", " [1, -2.5e+3 ,0] ", r#"{"a":{"b":[true,false,null,"x\n\u00e9\"" ]}}"#, "\"\"", "0"] {
            assert!(is_json(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "{",
            "[1,]",
            "{,}",
            r#"{"a" 1}"#,
            r#"{"a":1,}"#,
            "01",
            "1.",
            "-",
            "1e",
            "tru",
            "\"a",
            "\"\n\"",
            r#""\x""#,
            "[1] 2",
            r#"{"a":}"#,
            "[}",
            r#""\u12g4""#,
        ] {
            assert!(!is_json(text.as_bytes()), "{text}");
        }
        assert!(is_json(
            "[".repeat(DEEPEST).as_bytes().iter().copied().chain(vec![b']'; DEEPEST]).collect::<Vec<_>>().as_slice()
        ));
        assert!(!is_json("[".repeat(100_000).as_bytes()));
    }

    #[test]
    fn reads_members_by_name() {
        let text = br#" {"n": 12, "s":"plain", "t":"a\u00e9\n\"b", "on":true, "none":null, "list":[1,2]} "#;
        let (mut number, mut plain, mut said, mut on, mut sum) = (0, "", String::new(), false, 0);
        let mut cursor = Cursor::new(text);
        cursor
            .object(|cursor, name| {
                match name {
                    b"n" => number = cursor.whole_number()?,
                    b"s" => plain = cursor.plain_str()?,
                    b"t" => _ = cursor.text(&mut said)?,
                    b"on" => on = cursor.boolean()?,
                    b"list" => cursor.array(|cursor| cursor.whole_number().map(|number| sum += number))?,
                    _ => assert!(cursor.null()),
                }
                Some(())
            })
            .unwrap();
        cursor.end().unwrap();
        assert_eq!((number, plain, said.as_str(), on, sum), (12, "plain", "a\u{e9}\n\"b", true, 3));
    }

    proptest! {
        /// Whatever it takes, `serde_json` takes.
        #[test]
        fn takes_no_more_than_serde_json(text in r#"([\[\]{}:,"a1.eE+\\nu0-]|true|null| ){0,12}"#) {
            if is_json(text.as_bytes()) {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
            }
        }

        /// Nearly whatever `serde_json` writes, it takes.
        #[test]
        fn takes_what_serde_json_writes(values in prop::collection::vec((".{0,40}", any::<i32>(), any::<f32>()), 0..6)) {
            let text = serde_json::to_string(&values).unwrap();
            prop_assert!(is_json(text.as_bytes()), "{}", text);
        }

        #[test]
        fn decodes_strings_as_serde_json_does(said in ".{0,60}") {
            let text = serde_json::to_string(&said).unwrap();
            let mut out = String::new();
            prop_assert_eq!(Cursor::new(text.as_bytes()).text(&mut out), Some(1..text.len() - 1));
            prop_assert_eq!(out, said);
        }
    }
}
