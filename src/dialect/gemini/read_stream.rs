//! An answer of a Gemini provider as events: each frame of a stream is a whole response with a piece of each
//! candidate, and a whole answer is a stream of one frame.
//!
//! Pieces have no bounds of blocks: words that follow words go on in the same block. What the canonical model
//! has no place for (code that Google ran, films) comes as an opaque part; of ratings of safety only
//! those that blocked, and of likelihoods not the average, which can be told from the others.

use super::wire::{At, Members, Object, json, list, malformed, object, string, text};
use super::{complaint, evidence, finish, logprobs, read_parts, usage};
use crate::canonical::{Block, BlockKind, Code, Complaint, Delta, Event, Finish, Json, Part, UsageReport, sealed_by};
use crate::dialect::ReadStream;
use crate::dialect::sse::Frame;
use crate::types::Protocol;
use serde_json::value::RawValue;

/// What a candidate says of itself beside its parts; it goes on when the candidate ends.
const NOTES: [&str; 5] =
    ["groundingMetadata", "citationMetadata", "urlContextMetadata", "groundingAttributions", "finishMessage"];

/// Reads one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    id: String,
    model: String,
    lanes: Vec<Lane>,
    blocked: bool,
    usage: Option<UsageReport>,
    queries: u64,
}

/// One candidate.
#[derive(Default)]
struct Lane {
    choice: u32,
    open: Option<(Block, Speech)>,
    next: u32,
    calls: u32,
    notes: Object,
    /// All its words, which the grounding counts in bytes.
    said: String,
    logprobs: Vec<Json>,
    finished: bool,
}

/// What words are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speech {
    Said,
    Thought,
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(data) = frame.data() else { return Ok(()) };
        let body = std::str::from_utf8(&data).map_err(|_| malformed(At::Top.invalid("is not UTF-8")))?;
        self.response(body, events).map_err(malformed)
    }

    fn is_complete(&self) -> bool {
        self.blocked || !self.lanes.is_empty() && self.lanes.iter().all(|lane| lane.finished)
    }

    /// The protocol has no last frame: what follows the reason may still be usage.
    fn is_over(&self) -> bool {
        false
    }
}

impl Reader {
    /// Takes one response in.
    pub(super) fn response(&mut self, body: &str, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let top = &At::Top;
        let mut members = Members::lenient(body, top)?;
        if let Some(error) = members.take("error") {
            events.push(Event::Failed(complaint::of_stream(error)));
            return Ok(());
        }
        let candidates = members.take_as("candidates", top, list)?.unwrap_or_default();
        let feedback = members.take_as("promptFeedback", top, object)?;
        let usage = members.take("usageMetadata");
        if candidates.is_empty() && feedback.is_none() && usage.is_none() {
            return Err(top.invalid("has neither candidates nor feedback on the prompt"));
        }
        self.start(&mut members, events)?;
        let at = &top.member("candidates");
        for (index, raw) in candidates.into_iter().enumerate() {
            self.candidate(raw, &at.item(index), events)?;
        }
        self.blocked(feedback, events)?;
        self.consumed(usage, events);
        Ok(())
    }

    fn start(&mut self, members: &mut Members<'_>, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let id = members.take_as("responseId", &At::Top, string)?;
        let model = members.take_as("modelVersion", &At::Top, string)?;
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        (self.id, self.model) = (id.unwrap_or_default(), model.unwrap_or_default());
        events.push(Event::Start { id: self.id.clone(), model: self.model.clone() });
        Ok(())
    }

    fn consumed(&mut self, raw: Option<&RawValue>, events: &mut Vec<Event>) {
        let report = raw.and_then(usage::read);
        let fresh = report.is_some();
        if let Some(report) = report.or_else(|| self.usage.take()) {
            let mut report = report;
            let searches = usage::searches(&self.model, self.queries);
            let told = report.usage.pieces == searches;
            report.usage.pieces = searches;
            self.usage = Some(report.clone());
            if fresh || !told {
                events.push(Event::Usage(report));
            }
        }
    }

    /// A prompt that was refused has no candidates.
    fn blocked(&mut self, feedback: Option<Members<'_>>, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(mut feedback) = feedback else { return Ok(()) };
        let at = &At::Top.member("promptFeedback");
        let reason = feedback.take_as("blockReason", at, text)?;
        if reason.is_some_and(|reason| reason != "BLOCK_REASON_UNSPECIFIED") && self.lanes.is_empty() {
            self.blocked = true;
            events.push(Event::Finish { choice: 0, finish: Finish::ContentFilter });
        }
        Ok(())
    }

    fn candidate(&mut self, raw: &RawValue, at: &At<'_>, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let mut candidate = object(raw, at)?;
        let index = candidate.take_as("index", at, super::wire::count)?.unwrap_or(0);
        let choice = u32::try_from(index).map_err(|_| at.member("index").invalid("is too large"))?;
        let place = match self.lanes.iter().position(|lane| lane.choice == choice) {
            Some(place) => place,
            None => {
                self.lanes.push(Lane { choice, ..Lane::default() });
                self.lanes.len() - 1
            }
        };
        let reason = candidate.take_as("finishReason", at, string)?;
        let content = candidate.take_as("content", at, object)?;
        let lane = &mut self.lanes[place];
        if let Some(mut content) = content {
            let at = &at.member("content");
            let parts = content.take_as("parts", at, list)?.unwrap_or_default();
            let at = &at.member("parts");
            for (index, raw) in parts.into_iter().enumerate() {
                lane.part(raw, &at.item(index), &self.id, events)?;
            }
        }
        if let Some(result) = candidate.take("logprobsResult") {
            lane.logprobs.push(Json(result.to_owned()));
        }
        if let Some(grounding) = candidate.0.iter().find(|(name, _)| name == "groundingMetadata") {
            self.queries = self.queries.max(usage::queries(grounding.1));
        }
        lane.note(&mut candidate);
        match reason.filter(|reason| reason != "FINISH_REASON_UNSPECIFIED") {
            Some(reason) if !lane.finished => lane.finish(&reason, &self.id, events),
            // What the answer rests on may come behind its end.
            _ if lane.finished => lane.noted(&self.id, events),
            _ => {}
        }
        Ok(())
    }
}

impl Lane {
    fn part(&mut self, raw: &RawValue, at: &At<'_>, id: &str, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let mut part = object(raw, at)?;
        let seal = part.take_as("thoughtSignature", at, string)?.filter(|seal| !seal.is_empty());
        let seal = seal.map(|seal| sealed_by(Protocol::Gemini, &seal));
        let thought = part.take_as("thought", at, super::wire::boolean)?.unwrap_or(false);
        if let Some(call) = part.take("functionCall") {
            self.sealed(seal, events);
            return self.call(call, &at.member("functionCall"), id, events);
        }
        match part.take_as("text", at, string)? {
            Some(words) if thought => {
                self.say(Speech::Thought, words, events);
                if let Some(seal) = seal {
                    let block = self.block(Speech::Thought, events);
                    events.push(Event::Delta { block, delta: Delta::Signature(seal) });
                    self.close(events);
                }
            }
            Some(words) => {
                self.sealed(seal, events);
                self.say(Speech::Said, words, events);
            }
            None if part.0.is_empty() => self.sealed(seal, events),
            None => match read_parts::shown(&mut part, at)?.filter(|_| !thought) {
                Some(media) => {
                    self.sealed(seal, events);
                    self.whole(media, events);
                }
                None => self.whole(Part::Opaque { from: Protocol::Gemini, raw: Json(raw.to_owned()) }, events),
            },
        }
        Ok(())
    }

    /// The seal of the part that follows.
    fn sealed(&mut self, seal: Option<String>, events: &mut Vec<Event>) {
        let Some(seal) = seal else { return };
        self.close(events);
        let block = self.block(Speech::Thought, events);
        events.push(Event::Delta { block, delta: Delta::Signature(seal) });
        self.close(events);
    }

    fn say(&mut self, speech: Speech, words: String, events: &mut Vec<Event>) {
        if words.is_empty() {
            return;
        }
        if speech == Speech::Said {
            self.said.push_str(&words);
        }
        let block = self.block(speech, events);
        events.push(Event::Delta { block, delta: Delta::Text(words) });
    }

    /// The open block of that speech, opened if it is not there.
    fn block(&mut self, speech: Speech, events: &mut Vec<Event>) -> Block {
        match self.open {
            Some((block, open)) if open == speech => return block,
            _ => self.close(events),
        }
        let kind = if speech == Speech::Thought { BlockKind::Thinking } else { BlockKind::Text };
        let block = self.next_block();
        events.push(Event::Open { block, kind });
        self.open = Some((block, speech));
        block
    }

    fn next_block(&mut self) -> Block {
        let block = Block { choice: self.choice, index: self.next };
        self.next += 1;
        block
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        events.extend(self.open.take().map(|(block, _)| Event::Close { block }));
    }

    fn call(&mut self, raw: &RawValue, at: &At<'_>, id: &str, events: &mut Vec<Event>) -> Result<(), Complaint> {
        self.close(events);
        let mut call = object(raw, at)?;
        let name = call.need("name", at, string)?;
        let own = call.take_as("id", at, string)?.filter(|id| !id.is_empty());
        let input = call.take_as("args", at, json)?.unwrap_or_else(Json::empty_object);
        let block = self.next_block();
        self.calls += 1;
        // Results are matched by id, and callers send all turns back: it must be no other call's.
        let id = own.unwrap_or_else(|| format!("call_{id}_{}_{}", self.choice, block.index));
        events.push(Event::Open { block, kind: BlockKind::ToolCall { id, name } });
        events.push(Event::Delta { block, delta: Delta::Input(input.get().to_owned()) });
        events.push(Event::Close { block });
        Ok(())
    }

    /// A part that comes whole.
    fn whole(&mut self, part: Part, events: &mut Vec<Event>) {
        let Some(kind) = BlockKind::whole(part) else { return };
        self.close(events);
        let block = self.next_block();
        events.extend([Event::Open { block, kind }, Event::Close { block }]);
    }

    /// Keeps what the candidate says of itself; later words replace earlier ones.
    fn note(&mut self, candidate: &mut Members<'_>) {
        for name in NOTES {
            if let Some(raw) = candidate.take(name).filter(|raw| !matches!(raw.get(), "{}" | "[]" | "\"\"")) {
                self.notes = std::mem::take(&mut self.notes).raw(name, raw.get());
            }
        }
        let ratings = candidate.take("safetyRatings").filter(|raw| raw.get().contains("\"blocked\""));
        if let Some(raw) = ratings {
            self.notes = std::mem::take(&mut self.notes).raw("safetyRatings", raw.get());
        }
    }

    /// Passes on what the candidate has said of itself.
    fn noted(&mut self, id: &str, events: &mut Vec<Event>) {
        if !self.notes.is_empty() {
            let parts = evidence::read(&std::mem::take(&mut self.notes), &self.said, id);
            parts.into_iter().for_each(|part| self.whole(part, events));
        }
    }

    fn finish(&mut self, reason: &str, id: &str, events: &mut Vec<Event>) {
        self.finished = true;
        self.close(events);
        self.noted(id, events);
        let choice = self.choice;
        if let Some(logprobs) = logprobs::read(&self.logprobs) {
            events.push(Event::Logprobs { choice, logprobs });
        }
        events.push(Event::Finish { choice, finish: finish::read(reason, self.calls > 0) });
    }
}

/// The complaint that a whole answer is none.
pub(super) fn no_answer(error: &serde_json::Error) -> Complaint {
    Complaint::new(Code::ProviderMalformed, format!("the provider's answer cannot be read: {error}"))
}
