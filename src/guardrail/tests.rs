//! The span types, whole and in pieces.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn spans(name: &str, pairs: &[(&str, &str)]) -> Spans {
    match build(kind(name).unwrap(), &settings(pairs)).unwrap() {
        Check::Span(spans) => spans,
        _ => Spans::default(),
    }
}

fn scanner() -> Scanner {
    let order = [("order", "ORD-[0-9]{3,6}\\b"), ("quoted", "«[^»]*»"), ("max-length", "24")];
    let words = [("words", "project titan,titan,Überplan")];
    Scanner::new(vec![
        spans("pii", &[]),
        spans("secrets", &[]),
        spans("invisible-text", &[]),
        spans("regex", &order),
        spans("keywords", &words),
    ])
    .unwrap()
}

const ALL: [Option<Act>; 5] = [Some(Act::Redact); 5];

struct Masks<'m>(&'m mut Masker, Vec<String>);

impl Mask for Masks<'_> {
    fn found(&mut self, _: usize, label: &str, act: Act, text: &str) -> String {
        self.1.push(format!("{label}:{text}"));
        if act == Act::Redact && label != INVISIBLE { self.0.mask(label, text, false) } else { String::new() }
    }
}

fn lay(piece: Piece<'_>, masker: &mut Masker, out: &mut String) {
    match piece {
        Piece::Keep(text) => out.push_str(text),
        Piece::Found { act: Act::Redact, more: false, label, text, .. } if label != INVISIBLE => {
            out.push_str(&masker.mask(label, text, false));
        }
        Piece::Found { .. } => {}
    }
}

fn masked(scanner: &Scanner, text: &str) -> String {
    let (mut masker, mut out) = (Masker::default(), String::new());
    whole((scanner, &ALL), text, &mut |piece| lay(piece, &mut masker, &mut out));
    out
}

fn streamed(scanner: &Scanner, chunks: &[&str]) -> String {
    let (mut masker, mut out, mut window) = (Masker::default(), String::new(), Window::default());
    for chunk in chunks {
        window.step((scanner, &ALL), (chunk, false), &mut |piece| lay(piece, &mut masker, &mut out));
    }
    window.step((scanner, &ALL), ("", true), &mut |piece| lay(piece, &mut masker, &mut out));
    out
}

fn json(scanner: &Scanner, chunks: &[&str]) -> String {
    let (mut masker, mut out) = (Masker::default(), String::new());
    let (mut lens, mut window) = (JsonLens::default(), Window::default());
    let mut masks = Masks(&mut masker, Vec::new());
    let acts = &ALL[..scanner.len()];
    for (chunk, last) in chunks.iter().map(|chunk| (*chunk, false)).chain([("", true)]) {
        let mut look =
            |words: &str, last: bool, lay: &mut dyn FnMut(Piece<'_>)| window.step((scanner, acts), (words, last), lay);
        lens.step((chunk, last), &mut look, &mut masks, &mut out);
    }
    out
}

#[test]
fn what_was_masked_comes_back_however_the_model_writes_it() {
    let mut masker = Masker::default();
    masker.mask("EMAIL", "bob@x.io", true);
    masker.mask("SSN", "1", false);
    let text =
        "to <EMAIL_1>, **<email_1>**, &lt;Email_1&gt; and \\<EMAIL_1\\>; <EMAIL_2> <SSN_1> <b>a < b</b> <EMAIL_1";
    let expected = "to bob@x.io, **bob@x.io**, bob@x.io and bob@x.io; <EMAIL_2> <SSN_1> <b>a < b</b> <EMAIL_1";
    for size in 1..text.len() {
        let (mut restorer, mut out) = (Restorer::default(), String::new());
        let mut lay = |piece: Piece<'_>| match piece {
            Piece::Keep(text) => out.push_str(text),
            Piece::Found { text, .. } => out.push_str(masker.restored(text).unwrap_or("?")),
        };
        for chunk in text.as_bytes().chunks(size) {
            restorer.step(&masker, (std::str::from_utf8(chunk).unwrap(), false), &mut lay);
        }
        restorer.step(&masker, ("", true), &mut lay);
        assert_eq!(out, expected);
    }
}

#[test]
fn entities_are_masked_and_look_alikes_stay() {
    let scanner = scanner();
    for (text, expected) in [
        ("mail bob.smith@example.com, now", "mail <EMAIL_1>, now"),
        ("(a@b.co) and A@b.co.", "(<EMAIL_1>) and <EMAIL_2>."),
        ("card 4111 1111 1111 1111 12/27", "card <CARD_1> 12/27"),
        ("card 4111111111111112", "card 4111111111111112"),
        ("order 4111111111111111", "order 4111111111111111"),
        ("pay DE89 3704 0044 0532 0130 00 now", "pay <IBAN_1> now"),
        ("DE89370400440532013001", "DE89370400440532013001"),
        ("ssn 123-45-6789", "ssn <SSN_1>"),
        ("123456789", "123456789"),
        ("social security number 123456789.", "social security number <SSN_1>."),
        ("from 192.168.10.1 to 10.0.0.300", "from <IP_1> to 10.0.0.300"),
        ("version 1.2.3.4", "version 1.2.3.4"),
        ("at fe80::1ff:fe23:4567:890a", "at <IP_1>"),
        ("mac 00:1B:44:11:3A:B7.", "mac <MAC_1>."),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id 550e8400-e29b-41d4-a716-446655440000"),
        ("see ORD-1234 and ORD-12", "see <ORDER_1> and ORD-12"),
        ("Project Titan, titanic", "<KEYWORD_1>, titanic"),
        ("der überplan!", "der <KEYWORD_1>!"),
        ("a\u{200B}b\u{E0041}c", "abc"),
        ("👨\u{200D}👩\u{200D}👧 می\u{200C}خواهم", "👨\u{200D}👩\u{200D}👧 می\u{200C}خواهم"),
    ] {
        assert_eq!(masked(&scanner, text), expected);
    }
}

#[test]
fn secrets_are_masked_and_examples_stay() {
    let scanner = scanner();
    for (text, expected) in [
        ("key sk-proj-Ab3dE5gH7jK9mN2pQ4sT6vX8z-long_tail0 end", "key <API_KEY_1> end"),
        ("AKIAIOSFODNN7EXAMPLQ", "<API_KEY_1>"),
        ("sk-this-is-no-key-at-all-really", "sk-this-is-no-key-at-all-really"),
        ("postgres://app:s3cr3tpw@db.local/x", "postgres://app:<URL_PASSWORD_1>@db.local/x"),
        ("password = hunter2x", "password = <PASSWORD_1>"),
        ("password: please choose one", "password: please choose one"),
        ("password=${DB_PASSWORD}", "password=${DB_PASSWORD}"),
        ("Authorization: Bearer aB3dE5gH7jK9mN2pQ4", "Authorization: Bearer <TOKEN_1>"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC==\n-----END RSA PRIVATE KEY-----\nafter",
            "<PRIVATE_KEY_1>\nafter",
        ),
        ("-----BEGIN CERTIFICATE-----\nMIIE\n", "-----BEGIN CERTIFICATE-----\nMIIE\n"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 x", "jwt <JWT_1> x"),
    ] {
        assert_eq!(masked(&scanner, text), expected);
    }
}

#[test]
fn json_stays_json() {
    let scanner = scanner();
    let text = r#"{"to":"x\nbob@x.io","card":4111111111111111,"n":12.50,"t":"a\u0040b.co \ud83d\ude00"}"#;
    let expected = r#"{"to":"x\n<EMAIL_1>","card":"<CARD_1>","n":12.50,"t":"<EMAIL_2> \ud83d\ude00"}"#;
    assert_eq!(json(&scanner, &[text]), expected);
    for size in 1..9 {
        let chunks: Vec<String> =
            text.as_bytes().chunks(size).map(|c| String::from_utf8(c.to_vec()).unwrap()).collect();
        assert_eq!(json(&scanner, &chunks.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }
}

#[test]
fn text_that_cannot_match_leaves_at_once() {
    let scanner = scanner();
    let mut window = Window::default();
    let mut out = String::new();
    let mut masker = Masker::default();
    window.step((&scanner, &ALL), ("The weather is fine, ", false), &mut |piece| lay(piece, &mut masker, &mut out));
    assert_eq!(out, "The weather is fine, ");
    window.step((&scanner, &ALL), ("bob@exam", false), &mut |piece| lay(piece, &mut masker, &mut out));
    assert_eq!(out, "The weather is fine, ");
}

#[test]
fn bad_settings_are_refused_with_their_place() {
    let refused = |name: &str, pairs: &[(&str, &str)]| match build(kind(name).unwrap(), &settings(pairs)) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(
        refused("regex", &[("a", "x(")]).starts_with("a: unclosed group at character 2"),
        "{}",
        refused("regex", &[("a", "x(")])
    );
    assert!(refused("regex", &[("a", "x*")]).contains("matches nothing at all"));
    assert!(refused("regex", &[("a", "(?:x{1000}){1000}")]).contains("too large"));
    assert!(refused("pii", &[("emial", "on")]).contains("no such setting"));
    assert!(refused("pii", &[("email", "maybe")]).contains("neither on nor off"));
    assert!(refused("keywords", &[]).contains("at least one word"));
}

fn piece() -> impl Strategy<Value = String> {
    let planted = [
        "bob.smith@example.com",
        "4111 1111 1111 1111",
        "5555555555554444",
        "DE89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "123-45-6789",
        "10.20.30.40",
        "fe80::1",
        "00:1b:44:11:3a:b7",
        "ORD-12345",
        "titan",
        "project titan",
        "sk-proj-Ab3dE5gH7jK9mN2pQ4sT6vX8z",
        "ghp_aB3dE5gH7jK9mN2pQ4sT6vX8zAb3dE5gH7jK",
        "\u{200B}",
        "\u{E0041}",
        "«quoted text that is rather long»",
        "password: hunter2!x",
        "password = \"letmein1\"",
        "https://u:pa55word@h.io/x",
        "-----BEGIN PRIVATE KEY-----\nMIIEabc=\n-----END PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "api_key: 9f8E7d6C5b4A3f2E1d0C",
        "👩\u{200D}🚀",
        "é",
        "日本",
    ];
    prop_oneof![
        3 => prop::sample::select(planted.to_vec()).prop_map(str::to_owned),
        3 => "[a-z0-9@.:+' ()_<>/=\"-]{0,12}",
        1 => "[A-Z0-9]{1,6}",
        1 => "[ \n,;]{1,2}",
    ]
}

#[test]
fn a_secret_right_behind_another_find_is_found_in_pieces_too() {
    let scanner = scanner();
    for before in [
        "sk-proj-Ab3dE5gH7jK9mN2pQ4sT6vX8z5555555555554444",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc5555555555554444",
        "password: hunter2!xGB82WEST12345698765432",
    ] {
        let text = format!("{before}password: hunter2!x");
        let chunks: Vec<&str> = (0..text.len()).map(|at| &text[at..at + 1]).collect();
        assert_eq!(streamed(&scanner, &chunks), masked(&scanner, &text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_chunking_masks_as_the_whole(pieces in prop::collection::vec(piece(), 1..8), sizes in prop::collection::vec(1usize..12, 1..6)) {
        let scanner = scanner();
        let text = pieces.concat();
        let expected = masked(&scanner, &text);
        let mut chunks = Vec::new();
        let (mut rest, mut turn) = (text.as_str(), 0);
        while !rest.is_empty() {
            let mut cut = sizes[turn % sizes.len()].min(rest.len());
            while !rest.is_char_boundary(cut) { cut += 1; }
            chunks.push(&rest[..cut]);
            rest = &rest[cut..];
            turn += 1;
        }
        prop_assert_eq!(streamed(&scanner, &chunks), expected);
    }

    #[test]
    fn any_json_stays_what_it_is(words in "\\PC{0,20}", number in any::<i64>(), cut in 0usize..40) {
        let text = serde_json::json!({"a": words, "b": [number, null, true], "c": "bob@x.io"}).to_string();
        let mut cut = cut.min(text.len());
        while !text.is_char_boundary(cut) { cut += 1; }
        let scanner = Scanner::new(vec![spans("pii", &[("only", "email")])]).unwrap();
        let out = json(&scanner, &[&text[..cut], &text[cut..]]);
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        prop_assert_eq!(&read["c"], "<EMAIL_1>");
        prop_assert_eq!(&read["b"], &serde_json::json!([number, null, true]));
    }
}
