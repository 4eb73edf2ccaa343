//! What callers of every protocol receive of an answer that is masked on its way.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::answer::AnswerGuard;
use super::ready::Guards;
use crate::canonical::{Block, BlockKind, Delta, Event, Finish, Part, Reply};
use crate::dialect::sse::Splitter;
use crate::dialect::{self, Answering};
use crate::guardrail::{Masker, Piece, whole};
use crate::records::{Action, Guardrail, GuardrailRule, Policy, PolicyRule, Stage};
use crate::types::{GuardrailId, OrgId, PolicyId, Protocol, Task, Time, TraceId};
use bytes::BytesMut;
use proptest::prelude::*;
use std::sync::Arc;

fn guards() -> Arc<Guards> {
    let created = Time::from_millis(0);
    let guardrail = |name: &str| Guardrail {
        id: GuardrailId(1),
        org: OrgId(1),
        name: name.to_owned(),
        kind: name.to_owned(),
        rule: GuardrailRule {
            stage: Stage::Both,
            action: Action::Redact,
            threshold: None,
            restore: false,
            settings: Default::default(),
        },
        created,
    };
    let guardrails = vec![guardrail("pii"), guardrail("secrets")];
    let rule = PolicyRule { guardrails: vec!["pii".into(), "secrets".into()], ..PolicyRule::default() };
    let policy = Policy { id: PolicyId(1), org: OrgId(1), name: "mask".into(), enabled: true, rule, created };
    let mut faults = Vec::new();
    let guards = Guards::build(guardrails, vec![policy], &mut faults);
    assert!(faults.is_empty());
    Arc::new(guards)
}

fn masked(guards: &Guards, text: &str) -> String {
    let ruling = guards.ruling(Stage::Output, TraceId(0), &crate::condition::Facts::default());
    let (mut masker, mut out) = (Masker::default(), String::new());
    whole((guards.scanner.as_ref().unwrap(), &ruling.spans), text, &mut |piece| match piece {
        Piece::Keep(text) => out.push_str(text),
        Piece::Found { label, text, more: false, .. } => out.push_str(&masker.mask(label, text, false)),
        Piece::Found { .. } => {}
    });
    out
}

/// What a caller of that protocol reads of an answer in these chunks.
fn received(guards: &Arc<Guards>, protocol: Protocol, chunks: &[&str]) -> String {
    let ruling = guards.ruling(Stage::Output, TraceId(0), &crate::condition::Facts::default());
    let mut guard = AnswerGuard::new(guards.clone(), ruling, Masker::default());
    let mut writer = dialect::caller(protocol).unwrap().answer_stream(&Answering::default());
    let block = Block { choice: 0, index: 0 };
    let mut events =
        vec![Event::Start { id: "r".into(), model: "m".into() }, Event::Open { block, kind: BlockKind::Text }];
    events.extend(chunks.iter().map(|chunk| Event::Delta { block, delta: Delta::Text((*chunk).to_owned()) }));
    events.extend([Event::Close { block }, Event::Finish { choice: 0, finish: Finish::Stop }]);
    let (mut out, mut let_through) = (BytesMut::new(), Vec::new());
    events.into_iter().for_each(|event| guard.event(event, &mut let_through).unwrap());
    guard.end(&mut let_through).unwrap();
    let_through.into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    let provider = dialect::provider(protocol);
    let (mut splitter, mut reader) = (Splitter::new(provider.framing()), provider.stream_reader(Task::Chat));
    splitter.push(out.freeze());
    let mut read = Vec::new();
    while let Ok(Some(frame)) = splitter.next_frame() {
        reader.frame(&frame, &mut read).unwrap();
    }
    let reply: Reply = read.into_iter().collect();
    let words = reply.choices.into_iter().flat_map(|choice| choice.parts).map(|part| match part {
        Part::Text { text, .. } => text,
        _ => String::new(),
    });
    words.collect()
}

const CALLERS: [Protocol; 5] =
    [Protocol::Openai, Protocol::Anthropic, Protocol::Responses, Protocol::Gemini, Protocol::Ollama];

fn pieces() -> impl Strategy<Value = String> {
    let planted = [
        "bob.smith@example.com",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "123-45-6789",
        "10.20.30.40",
        "+49 30 901820",
        "(415) 555-2671",
        "12345678Z",
        "born 12 March 1985",
        "sk-proj-Ab3dE5gH7jK9mN2pQ4sT6vX8z",
        "password: hunter2!x",
        "postgres://u:pa55word@h.io/x",
        "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
        "AB 12 34 56 C",
        "-----BEGIN PRIVATE KEY-----\nMIIEabc=\n-----END PRIVATE KEY-----",
        "日本",
        "é",
    ];
    prop_oneof![2 => prop::sample::select(planted.to_vec()).prop_map(str::to_owned), 3 => "[a-zA-Z0-9@.:+' (),-]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_caller_receives_what_masking_the_whole_gives(parts in prop::collection::vec(pieces(), 1..7), sizes in prop::collection::vec(1usize..10, 1..5)) {
        let guards = guards();
        let text = parts.join(" ");
        let (mut chunks, mut rest, mut turn) = (Vec::new(), text.as_str(), 0);
        while !rest.is_empty() {
            let mut cut = sizes[turn % sizes.len()].min(rest.len());
            while !rest.is_char_boundary(cut) { cut += 1; }
            chunks.push(&rest[..cut]);
            (rest, turn) = (&rest[cut..], turn + 1);
        }
        let expected = masked(&guards, &text);
        for protocol in CALLERS {
            prop_assert_eq!(&received(&guards, protocol, &chunks), &expected, "{}", protocol);
        }
    }
}
