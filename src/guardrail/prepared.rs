//! A text made ready for the types that judge it as a whole: once for all of them, so that spelling tricks do not help.
//!
//! Letters of either case are the same, accents and look-alike letters of other scripts and of mathematics are the plain ones,
//! invisible ones are gone, hidden tag characters are shown, digits within words are the letters that they stand for, and
//! letters that stand apart are put together.

use std::ops::Range;

/// A text and its words.
pub struct Prepared<'t> {
    /// As it came.
    pub raw: &'t str,
    folded: String,
    words: Vec<Word>,
}

/// A word of a text.
struct Word {
    range: Range<usize>,
    hash: u64,
}

impl<'t> Prepared<'t> {
    /// Makes a text ready.
    pub fn new(raw: &'t str) -> Prepared<'t> {
        let mut folded = if raw.is_ascii() { lowered(raw) } else { folded(raw) };
        let words = words(&mut folded);
        let word = |range: Range<usize>| Word { hash: hash(&folded.as_bytes()[range.clone()]), range };
        let words = words.into_iter().map(word).collect();
        Prepared { raw, folded, words }
    }

    /// The words, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| &self.folded[word.range.clone()])
    }

    /// The word at a place.
    pub fn word(&self, place: usize) -> &str {
        self.words.get(place).map_or("", |word| &self.folded[word.range.clone()])
    }

    /// The words as numbers, see [`hash`].
    pub fn hashes(&self) -> impl Iterator<Item = u64> {
        self.words.iter().map(|word| word.hash)
    }

    /// The text with its spelling made plain.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// A word as a number: words are looked up by it in every lexicon, and made into it once.
pub fn hash(word: &[u8]) -> u64 {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let mix = |hash: u64, part: u64| (hash.rotate_left(5) ^ part).wrapping_mul(FACTOR);
    let mut parts = word.chunks_exact(8);
    let mut hash = parts
        .by_ref()
        .fold(word.len() as u64, |hash, part| mix(hash, part.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))));
    hash = mix(hash, parts.remainder().iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
    hash ^ hash >> 32
}

/// A map by such numbers.
pub type ByWord<T> = std::collections::HashMap<u64, T, std::hash::BuildHasherDefault<Same>>;

/// What is hashed already.
#[derive(Default)]
pub struct Same(u64);

impl std::hash::Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

fn lowered(raw: &str) -> String {
    let mut text = raw.to_ascii_lowercase();
    if text.contains('\'') {
        text.retain(|letter| letter != '\'');
    }
    text
}

fn folded(raw: &str) -> String {
    let mut folded = String::with_capacity(raw.len());
    for letter in raw.chars() {
        match letter {
            'A'..='Z' => folded.push(letter.to_ascii_lowercase()),
            '\''
            | '\u{2019}'
            | '\u{AD}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2060}'..='\u{2064}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' => {}
            letter if letter.is_ascii() => folded.push(letter),
            letter => fold(letter, &mut folded),
        }
    }
    folded
}

fn fold(letter: char, out: &mut String) {
    match letter {
        // Full width, and the letters of tags that nobody sees.
        '\u{FF01}'..='\u{FF5E}' => push_low(u32::from(letter) - 0xFEE0, out),
        '\u{E0020}'..='\u{E007E}' => push_low(u32::from(letter) - 0xE0000, out),
        // Mathematical letters: alphabets of 52 one behind the other.
        '\u{1D400}'..='\u{1D6A3}' => push_low(u32::from('a') + (u32::from(letter) - 0x1D400) % 26, out),
        '\u{24B6}'..='\u{24E9}' => push_low(u32::from('a') + (u32::from(letter) - 0x24B6) % 26, out),
        _ => match plain(letter) {
            Some(text) => out.push_str(text),
            None => out.extend(letter.to_lowercase()),
        },
    }
}

fn push_low(code: u32, out: &mut String) {
    if let Some(letter) = char::from_u32(code) {
        out.push(letter.to_ascii_lowercase());
    }
}

/// The plain letter of an accented one. Cyrillic and Greek letters are left: whole words are made of them; those that look
/// like Latin ones are put right where a word mixes scripts.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'À'..='Å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'Ç' | 'ć' | 'č' => "c",
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'ı' | 'İ' => "i",
        'ñ' | 'Ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ō' | 'ő' => "o",
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'ś' | 'š' | 'Š' | 'ş' => "s",
        'ź' | 'ż' | 'ž' | 'Ž' => "z",
        'ł' | 'Ł' => "l",
        'ğ' => "g",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        _ => return None,
    })
}

/// A letter of another script that looks like a Latin one.
fn look_alike(letter: char) -> char {
    match letter {
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'е' | 'ε' => 'e',
        'һ' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'κ' | 'к' => 'k',
        'м' => 'm',
        'ո' => 'n',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' => 'y',
        other => other,
    }
}

/// Finds the words, and puts right within them what stands for letters.
fn words(folded: &mut String) -> Vec<Range<usize>> {
    if !needs_spelling(folded) {
        let words = match folded.is_ascii() {
            true => ascii_ranges(folded.as_bytes()),
            false => ranges(folded, char::is_alphanumeric),
        };
        return joined(folded, words);
    }
    let part = |c: char| c.is_alphanumeric() || matches!(c, '@' | '$');
    let mut out = String::with_capacity(folded.len());
    let mut at = 0;
    for range in ranges(folded, part) {
        out.push_str(&folded[at..range.start]);
        spell(&folded[range.clone()], &mut out);
        at = range.end;
    }
    out.push_str(&folded[at..]);
    *folded = out;
    joined(folded, ranges(folded, char::is_alphanumeric))
}

/// Whether a letter stands beside a digit or a sign that may be one, or beside one of another script.
fn needs_spelling(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'$');
    let odd = |pair: &[u8]| {
        (pair[0].is_ascii_lowercase() && (sign(pair[1]) || pair[1] >= 0x80))
            || (pair[1].is_ascii_lowercase() && (sign(pair[0]) || pair[0] >= 0x80))
    };
    text.as_bytes().windows(2).any(odd)
}

fn ascii_ranges(text: &[u8]) -> Vec<Range<usize>> {
    let mut all = Vec::with_capacity(text.len() / 5 + 1);
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let begin = at;
        while at < text.len() && text[at].is_ascii_alphanumeric() {
            at += 1;
        }
        all.push(begin..at);
    }
    all
}

fn ranges(text: &str, part: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let (mut all, mut begin) = (Vec::with_capacity(text.len() / 6 + 1), None);
    for (at, letter) in text.char_indices() {
        match (part(letter), begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                all.push(from..at);
                begin = None;
            }
            _ => {}
        }
    }
    all.extend(begin.map(|from| from..text.len()));
    all
}

fn spell(word: &str, out: &mut String) {
    let latin = word.chars().filter(char::is_ascii_lowercase).count();
    let others = word.chars().filter(|c| !c.is_ascii() && look_alike(*c) != *c).count();
    let signs = word.chars().filter(|c| matches!(c, '0' | '1' | '3' | '4' | '5' | '7' | '@' | '$')).count();
    let leet = latin >= 2 && signs > 0 && signs <= latin && word.chars().count() >= 3;
    for letter in word.chars() {
        out.push(match letter {
            '0' if leet => 'o',
            '1' if leet => 'i',
            '3' if leet => 'e',
            '4' | '@' if leet => 'a',
            '5' | '$' if leet => 's',
            '7' if leet => 't',
            letter if latin > 0 && others > 0 => look_alike(letter),
            letter => letter,
        });
    }
}

/// Letters that stand apart, three or more, are a word: `i g n o r e`.
fn joined(text: &mut String, words: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let single = |range: &Range<usize>| range.len() == 1 && text.as_bytes()[range.start].is_ascii_lowercase();
    if !words.windows(3).any(|three| three.iter().all(single)) {
        return words;
    }
    let mut all: Vec<Range<usize>> = Vec::with_capacity(words.len());
    let mut run: Vec<Range<usize>> = Vec::new();
    let mut more = String::new();
    let base = text.len();
    for range in words.iter().cloned().chain(std::iter::once(usize::MAX - 1..usize::MAX)) {
        let fits = range.end <= base && single(&range) && run.last().is_none_or(|last| range.start - last.end <= 2);
        if fits {
            run.push(range);
            continue;
        }
        if run.len() >= 3 {
            let begin = base + more.len();
            run.iter().for_each(|letter| more.push_str(&text[letter.clone()]));
            all.push(begin..base + more.len());
        } else {
            all.append(&mut run);
        }
        run.clear();
        all.extend((range.end <= base).then_some(range));
    }
    text.push_str(&more);
    all
}
