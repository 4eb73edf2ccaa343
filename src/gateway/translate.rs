//! The request in the words of its target: bytes plus edits in the same dialect, else read and written anew.

use super::answers::{self, Keeper};
use super::call::{Ask, Call, Outcome, Target};
use super::side::SideState;
use crate::body::Body;
use crate::canonical::{Code, Complaint, Effort, Prompt, Reasoning, Thinking};
use crate::dialect::{self, Answering, Asked, Written};
use crate::records::Feature;
use crate::types::Task;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers of a caller that the provider may see, where both speak the same dialect.
///
/// A list of what goes on, and not of what does not: a header that nobody thought of stays here.
static FORWARDED: [HeaderName; 6] = [
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("openai-beta"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("http-referer"),
    HeaderName::from_static("x-title"),
];

/// A request for a provider.
pub(crate) struct Translated {
    pub bytes: bytes::Bytes,
    /// The task as the provider's protocol has it.
    pub task: Task,
    /// Whether caller and provider speak the same dialect.
    pub same: bool,
    /// What could not be said.
    pub dropped: Vec<String>,
}

/// Writes the request for its target.
///
/// # Errors
/// [`Code::UnsupportedFeature`] where the target's protocol has no such task; what the dialects say.
pub(crate) fn request(ask: &Ask<'_>) -> Outcome<Translated> {
    let (call, target) = (ask.call, ask.target);
    let theirs = ask.side.dialect;
    let quirks = &target.provider.record.quirks;
    let max_output_tokens = target.card.and_then(|card| card.max_output_tokens);
    let facts = dialect::Target { model: target.provider.record.wire_name(&target.model), max_output_tokens, quirks };
    let rewritten = answers::body_for(ask)?;
    // Vertex makes vectors in words of its own.
    let anew = call.url.one || quirks.predicts_vectors && matches!(call.task, Task::Embedding | Task::EmbeddingBatch);
    if theirs.protocol() == call.dialect.protocol() && !anew {
        if !ask.serves(call.task) {
            return Err(no_such_task(ask));
        }
        let (bytes, peek) = rewritten.as_ref().map_or((&call.body, &call.peek), |(bytes, peek)| (bytes, peek));
        let mut body = Body::new(bytes.clone());
        theirs.splice(call.task, &mut body, peek, &facts);
        let bytes = theirs.heed(body.finish(), &call.headers, &facts);
        return Ok(Translated { bytes, task: call.task, same: true, dropped: Vec::new() });
    }
    let task = if call.task == Task::Completion { Task::Chat } else { call.task };
    if matches!(task, Task::Embedding | Task::EmbeddingBatch) {
        return vectors(ask, &facts);
    }
    if !ask.serves(task) {
        return Err(no_such_task(ask));
    }
    let text = rewritten.as_ref().and_then(|(bytes, _)| std::str::from_utf8(bytes).ok()).unwrap_or(call.text());
    let mut prompt = call.dialect.read_prompt(call.task, text, &call.url)?;
    let unthinking = without_thinking(target, call, &mut prompt);
    let written = theirs.write_prompt(task, &prompt, &facts);
    let Written { bytes, dropped } = written.map_err(|complaint| prompt.places.correct(complaint))?;
    let dropped = dropped.iter().map(|path| prompt.places.callers_path(path));
    let dropped = dropped.chain(unthinking.map(str::to_owned));
    let dropped = dropped.chain(call.thread.background.then(|| "background".to_owned())).collect();
    Ok(Translated { bytes, task, same: false, dropped })
}

/// Asks a model that is known not to think for no thinking: vendors refuse the request for it. Gives the caller's field.
fn without_thinking(target: &Target, call: &Call, prompt: &mut Prompt) -> Option<&'static str> {
    if target.has(Feature::Thinking) != Some(false) {
        return None;
    }
    let wish = std::mem::take(&mut prompt.reasoning);
    let is_off = wish.thinking == Some(Thinking::Disabled) || wish.effort == Some(Effort::None);
    if is_off || wish == Reasoning::default() {
        return None;
    }
    Some(call.dialect.reasoning_field(&wish))
}

/// A request for vectors, at the place for lists where the protocol has one.
fn vectors(ask: &Ask<'_>, facts: &dialect::Target<'_>) -> Outcome<Translated> {
    let call = ask.call;
    let places = [Task::EmbeddingBatch, Task::Embedding];
    let Some(task) = places.into_iter().find(|task| ask.serves(*task)) else { return Err(no_such_task(ask)) };
    let request = call.dialect.read_embedding(call.task, call.text(), &call.url)?;
    let Written { bytes, dropped } = ask.side.dialect.write_embedding(&request, facts)?;
    Ok(Translated { bytes, task, same: false, dropped })
}

fn no_such_task(ask: &Ask<'_>) -> Complaint {
    let message = format!(
        "{} speaks the {} protocol, which has no {}; choose a model of another provider",
        ask.target.name(),
        ask.side.dialect.protocol(),
        match ask.call.task {
            Task::Chat => "conversations",
            Task::Completion => "plain completions",
            Task::Embedding | Task::EmbeddingBatch => "embeddings",
            Task::CountTokens => "token counting",
            other => other.as_str(),
        }
    );
    Complaint::new(Code::UnsupportedFeature, message)
}

/// The headers of the request: the provider's signature, and of the caller's what may go on.
pub(crate) fn headers(ask: &Ask<'_>, same: bool) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Frames are read as they come: they must not be compressed.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if same {
        for (name, value) in &ask.call.headers {
            if FORWARDED.contains(name) {
                headers.append(name, value.clone());
            }
        }
    }
    for (name, value) in &ask.side.defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    for (name, value) in &ask.side.headers {
        headers.insert(name, value.clone());
    }
    headers
}

/// The headers of a request that is only carried.
pub(crate) fn signed_headers(side: &SideState, given: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in given.iter().filter(|(name, _)| FORWARDED.contains(name)) {
        headers.append(name, value.clone());
    }
    for (name, value) in &side.defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    for (name, value) in &side.headers {
        headers.insert(name, value.clone());
    }
    headers
}

/// What a writer of an answer must know. `id` is the call's own.
pub(crate) fn answering<'a>(call: &'a Call, id: &'a str, keeper: Option<&Keeper>) -> Answering<'a> {
    let form = call.url.stream.unwrap_or_default();
    let asked = Asked { task: call.task, include_usage: call.peek.include_usage, form };
    let id = id.strip_prefix("tr_").unwrap_or(id);
    Answering { asked, request: call.text(), id, kept: keeper.is_some() }
}
