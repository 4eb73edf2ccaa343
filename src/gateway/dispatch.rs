//! The fifth stage: send the call to its targets, until one answers.

use super::Worker;
use super::answers::{self, Keeper};
use super::call::{Answer, Ask, Call, Caller, Content, Outcome, Target};
use super::coming::{partly, whole_body};
use super::estimate::Evidence;
use super::guarding::{AnswerGuard, Guarding, guarded, has_words, note_guard};
use super::hold::{self, Hold};
use super::record::Trace;
use super::respond;
use super::route::Plan;
use super::side::SideState;
use super::signing;
use super::snapshot::{Link, ProviderState};
use super::stream::{AnswerStream, Carriage, Layout, MOST_WAIT_FOR_STORAGE, Pace, witness};
use super::translate::{self, Translated};
use super::unfit;
use super::upstream::Upstream;
use crate::canonical::{Code, Complaint};
use crate::dialect::sse::Framing;
use crate::dialect::{Sight, StreamForm, Written};
use crate::http::{HttpError, Outgoing, Patience, retry_after};
use crate::provider::sandbox;
use crate::store::Ticket;
use crate::tokens;
use crate::types::{Task, Time};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A call that is answered sooner needs no row that says it is under way: it gets its final one.
pub(crate) const ANNOUNCE_AFTER: Duration = Duration::from_millis(20);
/// The largest whole answer; images in base 64 are the largest there are.
pub(crate) const MOST_REPLY: usize = 256 * 1024 * 1024;
/// An error page says what it has to say in less.
const MOST_ERROR: usize = 256 * 1024;
/// A call that does not fit into a budget is made to fit so often, and asked again.
const MOST_WAYS_OUT: usize = 4;
const ERROR_PATIENCE: Duration = Duration::from_secs(10);

/// Sends a granted call to its targets in order, until one answers.
///
/// # Errors
/// What the last target came to, or why none could be asked.
pub(crate) async fn dispatch(
    worker: &Worker,
    plan: Plan,
    (caller, mut call, mut guarding): (&Caller, Call, Option<Guarding>),
    trace: &mut Option<Trace>,
) -> Outcome<Answer> {
    let mut last = Complaint::new(Code::Internal, "the plan has no target");
    for target in plan.targets() {
        let mut next = Some(target.clone());
        for _ in 0..MOST_WAYS_OUT {
            let Some(target) = next.take() else { break };
            super::note(trace, |trace| trace.target(&target));
            if let (Some(guarding), Some(trace)) = (&mut guarding, trace.as_mut()) {
                guarding.aim(&target);
                guarding.request(&mut call, &target, trace).await?;
            }
            match attempt(worker, &Ask::new(&call, &target), &mut guarding, trace).await {
                Ok(content) => return Ok(answer(&plan, &target, content)),
                Err(complaint) => last = complaint,
            }
            if let Some(trace) = trace {
                next = unfit::make_fit(worker, (caller, &mut call, &target), trace)?;
            }
        }
    }
    Err(last)
}

/// What one target gave.
struct Given {
    status: u16,
    headers: HeaderMap,
    dropped: Vec<String>,
    content: Content,
}

fn answer(plan: &Plan, target: &Target, given: Given) -> Answer {
    Answer {
        status: given.status,
        headers: given.headers,
        target: Some(target.clone()),
        route: plan.route().cloned(),
        dropped: given.dropped,
        content: given.content,
    }
}

async fn attempt(
    worker: &Worker,
    ask: &Ask<'_>,
    guarding: &mut Option<Guarding>,
    slot: &mut Option<Trace>,
) -> Outcome<Given> {
    let Some(trace) = slot.as_mut() else { return Err(Complaint::new(Code::Internal, "the trace is gone")) };
    if ask.call.task == Task::CountTokens && !ask.serves(Task::CountTokens) {
        return count_here(ask).await;
    }
    let mut translated = translate::request(ask)?;
    let keeper = Keeper::of(worker, ask, guarding.as_ref());
    translated.dropped.extend(answers::unkept(ask.call, keeper.as_ref()));
    translated.dropped.splice(0..0, ask.call.dropped.iter().cloned());
    let billed = ask.call.task != Task::CountTokens;
    let hold = hold::obtain(worker, ask, &translated, trace).await?;
    let notes = trace.budget_notes();
    trace.dropped(&translated.dropped);
    trace.sent(billed.then(|| Evidence::new(ask.call.dialect, ask.call.task, &ask.call.body)));
    let sent = Instant::now();
    let result = send(worker, ask, (&translated, hold), trace).await;
    let (status, error) = match &result {
        Ok(upstream) => (Some(upstream.status), None),
        Err(complaint) => (None, Some(complaint.code)),
    };
    let name = ask.target.name();
    let upstream = match result {
        Ok(upstream) if upstream.status < 300 => upstream,
        Ok(upstream) => {
            trace.unbilled();
            let refused = Box::pin(refusal(ask, &translated, upstream)).await;
            let code = match &refused {
                Ok(Given { content: Content::Refusal { complaint, .. }, .. }) | Err(complaint) => complaint.code,
                Ok(_) => Code::ProviderError,
            };
            trace.attempt(name, status, Some(code));
            return refused;
        }
        Err(complaint) => {
            trace.attempt(name, status, error);
            return Err(complaint);
        }
    };
    trace.attempt(name, status, None);
    let guard = guarding.take().filter(|_| has_words(ask.call.task)).and_then(Guarding::answer);
    let mut given = accepted(worker, ask, (translated, keeper, guard), (upstream, sent), slot).await?;
    respond::note_budgets(&mut given.headers, &notes);
    Ok(given)
}

/// Sends the request and waits for the head of the answer, no longer than the first byte may take.
async fn send(
    worker: &Worker,
    ask: &Ask<'_>,
    (translated, hold): (&Translated, Hold),
    trace: &mut Trace,
) -> Outcome<Upstream> {
    trace.held(hold);
    let provider = &ask.target.provider;
    let endpoint = match &provider.link {
        Link::Sandbox => return Ok(Upstream::sandbox(sandbox::answer(translated.task, &translated.bytes))),
        Link::Faulty(fault) => {
            trace.unbilled();
            return Err(Complaint::new(
                Code::ProviderUnreachable,
                format!("the provider `{}` cannot be used: {fault}", provider.record.name),
            ));
        }
        Link::Network => ask.endpoint(translated.task),
    };
    let endpoint =
        endpoint.ok_or_else(|| Complaint::new(Code::Internal, "the provider has no address for this task"))?;
    let limits = worker.gateway().limits();
    let signed = signing::headers(worker, ask, (&endpoint, translated)).await;
    let outgoing = Outgoing {
        endpoint: &endpoint,
        method: Method::POST,
        headers: signed.inspect_err(|_| trace.unbilled())?,
        body: translated.bytes.clone().into(),
        patience: Patience { connect: limits.connect },
    };
    let sending = worker.client().send(outgoing);
    tokio::pin!(sending);
    let response = match timeout(ANNOUNCE_AFTER, &mut sending).await {
        Ok(response) => response,
        Err(_) => {
            trace.announce();
            let rest = limits.first_byte.min(limits.total).saturating_sub(ANNOUNCE_AFTER);
            let name = &provider.record.name;
            timeout(rest, sending).await.map_err(|_| match limits.total < limits.first_byte {
                true => no_end(name),
                false => no_first_byte(name, limits.first_byte),
            })?
        }
    };
    response.map(Upstream::network).inspect(|upstream| ask.side.answered(upstream.status)).map_err(|error| {
        if error.nothing_sent() {
            trace.unbilled();
        }
        unreachable(&provider.record.name, &error)
    })
}

fn no_first_byte(provider: &str, after: Duration) -> Complaint {
    let message = format!(
        "the provider `{provider}` did not begin to answer within {} s; try again, or raise the limit with `serve --first-byte-timeout`",
        after.as_secs_f32()
    );
    Complaint::new(Code::ProviderTimeout, message)
}

pub(crate) fn unreachable(provider: &str, error: &HttpError) -> Complaint {
    let code = if matches!(error, HttpError::ConnectTimeout { .. }) {
        Code::ProviderTimeout
    } else {
        Code::ProviderUnreachable
    };
    let message = format!(
        "the provider `{provider}` cannot be reached: {error}; `optscale-ai provider test {provider}` looks closer"
    );
    Complaint::new(code, message)
}

/// The provider said no: its words, in the caller's dialect.
async fn refusal(ask: &Ask<'_>, translated: &Translated, upstream: Upstream) -> Outcome<Given> {
    let status = upstream.status;
    let (headers, content) = refused(&ask.target.provider, ask.side, upstream).await?;
    match content {
        Content::Refusal { complaint, .. } if !translated.same || ask.side.is_hosted => Err(complaint),
        content => Ok(Given { status, headers, dropped: Vec::new(), content }),
    }
}

/// The provider said no, in its own words where they can be passed on.
///
/// # Errors
/// What it said, where its words cannot be passed on as they are.
pub(crate) async fn refused(
    provider: &ProviderState,
    side: &SideState,
    upstream: Upstream,
) -> Outcome<(HeaderMap, Content)> {
    let name = &provider.record.name;
    let Upstream { status, headers, body } = upstream;
    if (300..400).contains(&status) {
        let to = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        let message = format!(
            "the provider `{name}` answered with a redirect to {to}, which is not followed; set the address with `optscale-ai provider edit {name} --base-url URL`"
        );
        return Err(Complaint::new(Code::ProviderMalformed, message));
    }
    // An error page that does not come, or not whole, is done without.
    let bytes = timeout(ERROR_PATIENCE, body.collect(MOST_ERROR)).await.ok().and_then(Result::ok).unwrap_or_default();
    if provider.record.reveals(&bytes) {
        let message = format!(
            "the provider `{name}` refused with status {status}, in words that hold its API key; they are not passed on"
        );
        return Err(Complaint::new(Code::ProviderError, message).with_status(status));
    }
    let complaint = side.dialect.read_complaint(status, retry_after(&headers, Time::now()), &bytes);
    provider.refused(status, retry_after(&headers, Time::now()), Time::now());
    if status == 401 || complaint.code == Code::ProviderKeyRejected {
        let message = format!(
            "the provider `{name}` refused the API key that the gateway holds for it; an administrator replaces it with \
             `optscale-ai provider edit {name} --api-key-env VAR`"
        );
        return Err(Complaint::new(Code::ProviderKeyRejected, message));
    }
    if !is_json(&headers) || bytes.is_empty() {
        return Err(complaint);
    }
    Ok((shown(&headers), Content::Refusal { bytes, complaint }))
}

/// The provider answers.
async fn accepted(
    worker: &Worker,
    ask: &Ask<'_>,
    (translated, keeper, guard): (Translated, Option<Keeper>, Option<AnswerGuard>),
    (upstream, sent): (Upstream, Instant),
    slot: &mut Option<Trace>,
) -> Outcome<Given> {
    let deadline = sent + worker.gateway().limits().total;
    if let Some(encoding) = upstream.headers.get(CONTENT_ENCODING).filter(|value| value.as_bytes() != b"identity") {
        let message = format!(
            "the provider sent its answer as {} although it was asked not to",
            encoding.to_str().unwrap_or("?")
        );
        return Err(Complaint::new(Code::ProviderMalformed, message));
    }
    let headers = if translated.same { shown(&upstream.headers) } else { HeaderMap::new() };
    let status = upstream.status;
    let (content, dropped) = if ask.call.peek.stream && is_stream(ask.side.framing, &upstream.headers) {
        let pace = Pace { idle: worker.gateway().limits().idle, deadline };
        (stream(ask, (&translated, keeper, guard), (upstream, pace), slot)?, translated.dropped)
    } else {
        let bytes = whole_body(&ask.target.provider.record.name, (upstream.body, deadline), slot).await?;
        let id = slot.as_ref().map(|trace| trace.id().to_string()).unwrap_or_default();
        let (mut guard, mut kept) = (guard, None);
        let made = whole(ask, (translated, keeper), (bytes.clone(), &id), guard.as_mut(), &mut kept);
        note_guard(slot, guard.as_ref());
        let made = made.inspect_err(|_| partly(slot, &bytes))?;
        if let Some(kept) = kept {
            // After that long the answer goes without, as all others do.
            let _ = timeout(MOST_WAIT_FOR_STORAGE, kept).await;
        }
        made
    };
    Ok(Given { status, headers, dropped, content })
}

pub(crate) fn no_end(provider: &str) -> Complaint {
    let message = format!(
        "the provider `{provider}` did not finish its answer in time; raise the limit with `serve --total-timeout`"
    );
    Complaint::new(Code::ProviderTimeout, message)
}

fn stream(
    ask: &Ask<'_>,
    (translated, keeper, guard): (&Translated, Option<Keeper>, Option<AnswerGuard>),
    (upstream, pace): (Upstream, Pace),
    slot: &mut Option<Trace>,
) -> Outcome<Content> {
    let theirs = ask.side.dialect;
    let form = ask.call.url.stream.unwrap_or_default();
    let looks = guard.as_ref().is_some_and(AnswerGuard::looks);
    let carriage = if translated.same && !looks {
        let layout = if form == StreamForm::Usual { Layout::AsItCame } else { Layout::Another };
        Carriage::Forward(theirs.tap(translated.task, !ask.call.peek.include_usage), layout)
    } else {
        Carriage::Translate(theirs.stream_reader(translated.task))
    };
    let mut trace = slot.take().ok_or_else(|| Complaint::new(Code::Internal, "the trace is gone"))?;
    // What the provider made and perhaps keeps has the provider's id.
    let id = if translated.same { String::new() } else { trace.id().to_string() };
    let writer = ask.call.dialect.answer_stream(&translate::answering(ask.call, &id, keeper.as_ref()));
    trace.streams();
    let stream = AnswerStream::new((upstream.body, ask.side.framing), carriage, writer, trace, pace);
    Ok(Content::Stream(Box::new(stream.kept_by(keeper).guarded_by(guard))))
}

/// A whole answer in the caller's dialect; also for a caller who wanted a stream from a provider that has none.
fn whole(
    ask: &Ask<'_>,
    (translated, keeper): (Translated, Option<Keeper>),
    (bytes, id): (Bytes, &str),
    guard: Option<&mut AnswerGuard>,
    kept: &mut Option<Ticket>,
) -> Outcome<(Content, Vec<String>)> {
    let (call, theirs) = (ask.call, ask.side.dialect);
    let guard = guard.filter(|guard| guard.looks());
    if translated.same && !call.peek.stream && guard.is_none() {
        let sight = theirs.glance(translated.task, &bytes)?;
        *kept = keeper.and_then(|keeper| keeper.keep(bytes.clone()));
        return Ok((Content::Whole { bytes, sight, stream: None }, translated.dropped));
    }
    let mut dropped = translated.dropped;
    if translated.task == Task::CountTokens {
        let reply = theirs.read_reply(translated.task, &bytes)?;
        let input = reply.usage.map(|report| report.usage.input).unwrap_or_default();
        return Ok((
            Content::Whole { bytes: call.dialect.write_token_count(input), sight: Sight::default(), stream: None },
            dropped,
        ));
    }
    if matches!(translated.task, Task::Embedding | Task::EmbeddingBatch) {
        return Ok((vectors(ask, &bytes)?, dropped));
    }
    let reply = theirs.read_reply(translated.task, &bytes)?;
    let mut sight = Sight::default();
    let mut events = reply.into_events();
    events.iter().for_each(|event| witness(event, &mut sight));
    if let Some(guard) = guard {
        events = guarded(guard, events)?;
        if translated.same && !call.peek.stream && !guard.changed() {
            *kept = keeper.and_then(|keeper| keeper.keep(bytes.clone()));
            return Ok((Content::Whole { bytes, sight, stream: None }, dropped));
        }
    }
    // What the provider made and perhaps keeps has the provider's id.
    let id = if translated.same { "" } else { id };
    let answering = translate::answering(call, id, keeper.as_ref());
    if !call.peek.stream {
        let Written { bytes, dropped: unsaid } = call.dialect.answer(&answering, events.into_iter().collect());
        dropped.extend(unsaid);
        *kept = keeper.and_then(|keeper| keeper.keep(bytes.clone()));
        return Ok((Content::Whole { bytes, sight, stream: None }, dropped));
    }
    let mut writer = call.dialect.answer_stream(&answering);
    let mut out = BytesMut::new();
    events.into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    *kept = keeper.zip(writer.whole()).and_then(|(keeper, answer)| keeper.keep(answer));
    dropped.extend_from_slice(writer.dropped());
    Ok((Content::Whole { bytes: out.freeze(), sight, stream: Some(writer.content_type()) }, dropped))
}

/// Vectors in the caller's dialect.
fn vectors(ask: &Ask<'_>, bytes: &[u8]) -> Outcome<Content> {
    let (call, theirs) = (ask.call, ask.side.dialect);
    let request = call.dialect.read_embedding(call.task, call.text(), &call.url)?;
    let embeddings = theirs.read_embeddings(bytes)?;
    if embeddings.vectors.len() != request.inputs.len() {
        let message =
            format!("the provider sent {} vectors for {} texts", embeddings.vectors.len(), request.inputs.len());
        return Err(Complaint::new(Code::ProviderMalformed, message));
    }
    let sight = Sight { usage: embeddings.usage.clone(), ..Sight::default() };
    Ok(Content::Whole { bytes: call.dialect.write_embeddings(&request, embeddings), sight, stream: None })
}

/// Counts tokens for a provider whose protocol cannot.
async fn count_here(ask: &Ask<'_>) -> Outcome<Given> {
    let (body, dialect, task, model) =
        (ask.call.body.clone(), ask.call.dialect, ask.call.task, ask.target.model.clone());
    let counting = tokio::task::spawn_blocking(move || {
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let texts = dialect.texts(task, text)?;
        Ok(texts.iter().map(|text| tokens::count(&model, &text.value)).sum())
    });
    let count: Outcome<u64> = counting.await.unwrap_or_else(|_| Err(Complaint::new(Code::Internal, "counting failed")));
    let bytes = ask.call.dialect.write_token_count(count?);
    let content = Content::Whole { bytes, sight: Sight::default(), stream: None };
    Ok(Given { status: 200, headers: HeaderMap::new(), dropped: Vec::new(), content })
}

fn is_stream(framing: Framing, headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|kind| kind.starts_with(framing.media_type()))
}

fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|kind| kind.starts_with("application/json"))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

/// The provider's headers that are the caller's to know, where both speak the same dialect.
pub(crate) fn shown(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        let text = name.as_str();
        let prefixed = ["x-ratelimit-", "anthropic-ratelimit-", "openai-processing-ms", "openai-version"];
        if prefixed.iter().any(|prefix| text.starts_with(prefix))
            || ["retry-after", "x-request-id", "request-id"].contains(&text)
        {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}
