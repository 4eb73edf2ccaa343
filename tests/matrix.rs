//! Which feature goes from which caller to which provider: each pair is run through the translation, and what comes
//! out is looked at on the wire. `docs/matrix.md` is the outcome.
//!
//! A cell that loses something without a word fails here. `UPDATE_GENERATED=1 cargo test --test matrix` writes the
//! page anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "matrix/answered.rs"]
mod answered;
#[path = "matrix/asked.rs"]
mod asked;
#[path = "matrix/frames.rs"]
mod frames;
#[path = "matrix/page.rs"]
mod page;
#[path = "matrix/sealed.rs"]
mod sealed;
#[path = "matrix/wire.rs"]
mod wire;

use answered::Answer;
use asked::Ask;
use bytes::{Bytes, BytesMut};
use optscale_ai::body::Body;
use optscale_ai::canonical::{Code, Complaint, Prompt, Reply};
use optscale_ai::dialect::sse::Splitter;
use optscale_ai::dialect::{self, Answering, Asked, CallerDialect, ProviderDialect, StreamForm, Target, UrlFacts};
use optscale_ai::records::Quirks;
use optscale_ai::types::{Protocol, Task};
use serde_json::Value;

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Caller {
    Chat,
    Completions,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

impl Caller {
    const ALL: [Caller; 6] =
        [Caller::Chat, Caller::Completions, Caller::Responses, Caller::Anthropic, Caller::Gemini, Caller::Ollama];

    fn protocol(self) -> Protocol {
        match self {
            Caller::Chat | Caller::Completions => Protocol::Openai,
            Caller::Responses => Protocol::Responses,
            Caller::Anthropic => Protocol::Anthropic,
            Caller::Gemini => Protocol::Gemini,
            Caller::Ollama => Protocol::Ollama,
        }
    }

    fn dialect(self) -> &'static dyn CallerDialect {
        dialect::caller(self.protocol()).unwrap()
    }

    fn task(self) -> Task {
        if self == Caller::Completions { Task::Completion } else { Task::Chat }
    }
}

/// Who answers.
const PROVIDERS: [Protocol; 6] =
    [Protocol::Openai, Protocol::Responses, Protocol::Anthropic, Protocol::Gemini, Protocol::Ollama, Protocol::Cohere];

/// What became of a feature between a caller and a provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It arrives, in the other protocol's own way.
    Carried,
    /// It arrives, in another way that comes to the same.
    Otherwise,
    /// It is left out, and named.
    Named,
    /// The call is refused with an error that says why.
    Refused,
    /// One of both sides has no such thing.
    Absent,
    /// It is gone, and nobody says so.
    Lost,
}

fn target(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Openai => "gpt-4o-search-preview",
        Protocol::Anthropic => "claude-opus-4-6",
        Protocol::Gemini => "gemini-3-pro-preview",
        Protocol::Cohere => "command-a-reasoning-08-2025",
        _ => "m",
    }
}

/// What a request comes to.
struct Sent {
    body: Value,
    dropped: Vec<String>,
}

/// Sends a request as the gateway does: bytes with edits in the same protocol, else read and written.
fn send(caller: Caller, protocol: Protocol, body: &Value) -> Result<Sent, Complaint> {
    let (ours, theirs) = (caller.dialect(), dialect::provider(protocol));
    let mut body = body.clone();
    let stream = body.as_object_mut().unwrap().remove("stream?").is_some();
    let url = if caller == Caller::Gemini {
        UrlFacts { model: Some("m".into()), stream: stream.then_some(StreamForm::Usual), one: false }
    } else {
        UrlFacts::default()
    };
    let text = body.to_string();
    let quirks = Quirks { top_k: true, ..Quirks::default() };
    let target = Target { model: target(protocol), max_output_tokens: None, quirks: &quirks };
    let peek = ours.peek(caller.task(), &text, &url)?;
    if protocol == caller.protocol() {
        let mut edited = Body::new(Bytes::from(text));
        theirs.splice(caller.task(), &mut edited, &peek, &target);
        return Ok(Sent { body: serde_json::from_slice(&edited.finish()).unwrap(), dropped: Vec::new() });
    }
    let prompt: Prompt = ours.read_prompt(caller.task(), &text, &url)?;
    let written = theirs.write_prompt(Task::Chat, &prompt, &target)?;
    Ok(Sent { body: serde_json::from_slice(&written.bytes).unwrap(), dropped: written.dropped })
}

/// What became of what a caller asks for.
fn asked(ask: &Ask, caller: Caller, protocol: Protocol) -> (Fate, String) {
    let Some((_, says)) = ask.says.iter().find(|(other, _)| *other == caller) else {
        return (Fate::Absent, String::new());
    };
    let mut body = asked::base(caller);
    says.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    let sent = match send(caller, protocol, &body) {
        Ok(sent) => sent,
        Err(complaint) => {
            assert_eq!(complaint.code, Code::UnsupportedFeature, "{}: {complaint:?}", ask.name);
            return (Fate::Refused, complaint.message.into_owned());
        }
    };
    let shown = format!("{}\n  dropped: {:?}", sent.body, sent.dropped);
    if caller.protocol() == protocol {
        return (Fate::Carried, shown);
    }
    let holds = |finds: &[(Protocol, Vec<&str>)]| {
        let mut finds = finds.iter().filter(|(other, _)| *other == protocol);
        finds.any(|(_, finds)| finds.iter().all(|find| wire::holds(&sent.body, find)))
    };
    (fate(holds(&ask.sent), holds(&ask.otherwise), &sent.dropped, ask.named), shown)
}

fn fate(carried: bool, otherwise: bool, dropped: &[String], named: &[&str]) -> Fate {
    if carried {
        return Fate::Carried;
    }
    if otherwise {
        return Fate::Otherwise;
    }
    let is_named = dropped.iter().any(|path| named.iter().any(|name| path.contains(name)));
    if is_named { Fate::Named } else { Fate::Lost }
}

/// What a provider answered, as a caller gets it whole.
fn whole(caller: Caller, protocol: Protocol, body: &Value) -> (Value, Vec<String>) {
    let reply: Reply = dialect::provider(protocol).read_reply(Task::Chat, body.to_string().as_bytes()).unwrap();
    let written = caller.dialect().answer(&answering(caller), reply);
    (serde_json::from_slice(&written.bytes).unwrap(), written.dropped)
}

/// The same piece by piece, put together by the caller.
fn streamed(caller: Caller, protocol: Protocol, body: &Value) -> (Value, Vec<String>) {
    let theirs: &dyn ProviderDialect = dialect::provider(protocol);
    let mut splitter = Splitter::new(theirs.framing());
    splitter.push(Bytes::from(frames::streamed(protocol, body)));
    let (mut reader, mut events) = (theirs.stream_reader(Task::Chat), Vec::new());
    let (mut writer, mut out) = (caller.dialect().answer_stream(&answering(caller)), BytesMut::new());
    while let Some(frame) = splitter.next_frame().unwrap() {
        reader.frame(&frame, &mut events).unwrap();
        events.drain(..).for_each(|event| writer.event(event, &mut out));
    }
    assert!(reader.is_complete(), "{protocol:?}: {body}");
    writer.end(&mut out);
    (wire::assembled(caller, &out), writer.dropped().to_vec())
}

fn answering(caller: Caller) -> Answering<'static> {
    let asked = Asked { task: caller.task(), include_usage: true, form: StreamForm::Usual };
    Answering { asked, request: "{}", id: "0123", kept: false }
}

/// What became of what a provider answers, whole and in a stream.
fn answered(answer: &Answer, caller: Caller, protocol: Protocol) -> [(Fate, String); 2] {
    let Some((_, body)) = answer.gives.iter().find(|(other, _)| *other == protocol) else {
        return [(Fate::Absent, String::new()), (Fate::Absent, String::new())];
    };
    [whole, streamed].map(|way| {
        if caller.protocol() == protocol && caller != Caller::Completions {
            return (Fate::Carried, String::new());
        }
        let (body, dropped) = way(caller, protocol, body);
        let holds = |finds: &[(Caller, Vec<&str>)]| {
            let mut finds = finds.iter().filter(|(other, _)| *other == caller);
            finds.any(|(_, finds)| finds.iter().all(|find| wire::holds(&body, find)))
        };
        let shown = format!("{body}\n  dropped: {dropped:?}");
        (fate(holds(&answer.told), holds(&answer.otherwise), &dropped, answer.named), shown)
    })
}

#[test]
fn nothing_is_lost_in_silence() {
    let mut lost = Vec::new();
    for caller in Caller::ALL {
        for protocol in PROVIDERS {
            for ask in asked::all() {
                let (fate, shown) = asked(&ask, caller, protocol);
                if fate == Fate::Lost {
                    lost.push(format!("{caller:?} to {protocol:?} asks for {}: {shown}", ask.name));
                }
            }
            for answer in answered::all() {
                for (way, (fate, shown)) in ["whole", "streamed"].iter().zip(answered(&answer, caller, protocol)) {
                    if fate == Fate::Lost {
                        lost.push(format!("{protocol:?} to {caller:?} answers with {}, {way}: {shown}", answer.name));
                    }
                }
            }
            let (fate, shown) = sealed::round(caller, protocol);
            if fate == Fate::Lost {
                lost.push(format!("{caller:?} to {protocol:?}, seals of thoughts: {shown}"));
            }
        }
    }
    assert!(lost.is_empty(), "{} cells lose something in silence:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn a_loss_is_found_out() {
    let dropped = ["seed".to_owned()];
    assert_eq!(fate(false, false, &dropped, &["temperature"]), Fate::Lost);
    assert_eq!(fate(false, false, &dropped, &["seed"]), Fate::Named);
    let mut odd = answered::all().remove(0);
    odd.told = vec![(Caller::Chat, vec!["choices/0/message/content=The sky is green."])];
    let fates = answered(&odd, Caller::Chat, Protocol::Anthropic).map(|(fate, _)| fate);
    assert_eq!(fates, [Fate::Lost, Fate::Lost]);
}

#[test]
fn the_page_says_what_is_so() {
    page::compare(&page::written());
}
