//! The last stage: an answer or a complaint becomes an HTTP response in the caller's dialect.

use super::answers::Told;
use super::call::{Answer, Content, Outcome};
use super::rates;
use super::record::{Trace, Written};
use super::stream::{AnswerStream, MOST_WAIT_FOR_STORAGE};
use crate::canonical::{Code, Complaint};
use crate::dialect::{CallerDialect, Sight};
use crate::types::Money;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

const TRACE_ID: HeaderName = HeaderName::from_static("x-optscale-trace-id");
const PROVIDER: HeaderName = HeaderName::from_static("x-optscale-provider");
const MODEL: HeaderName = HeaderName::from_static("x-optscale-model");
const ROUTE: HeaderName = HeaderName::from_static("x-optscale-route");
const COST: HeaderName = HeaderName::from_static("x-optscale-cost-usd");
const BUDGET: HeaderName = HeaderName::from_static("x-optscale-budget");
const DROPPED: HeaderName = HeaderName::from_static("x-optscale-dropped");
/// Where the SDKs of OpenAI and Anthropic look for the id of a request.
const REQUEST_IDS: [HeaderName; 2] = [HeaderName::from_static("x-request-id"), HeaderName::from_static("request-id")];
/// A header with more than this breaks clients and proxies.
const MOST_DROPPED: usize = 2048;

/// Writes the trace of a call that ended, waits until it is safe, and answers.
pub(crate) async fn respond(answer: Answer, trace: Option<Trace>) -> Response<AnswerBody> {
    let mut headers = answer.headers;
    describe(&mut headers, answer.target.as_ref().map(|t| (t.provider.record.name.as_str(), t.model.as_str())));
    if let Some(route) = &answer.route {
        put(&mut headers, ROUTE, &route.name);
    }
    put_dropped(&mut headers, &answer.dropped);
    match answer.content {
        Content::Stream(stream) => {
            identify(&mut headers, &stream.trace_id());
            event_stream(&mut headers, stream.content_type());
            finish(answer.status, headers, AnswerBody::Stream(stream))
        }
        Content::Carried(stream) => {
            identify(&mut headers, &stream.trace_id());
            finish(answer.status, headers, AnswerBody::Stream(stream))
        }
        Content::Whole { bytes, sight, stream } => {
            match stream {
                Some(media_type) => event_stream(&mut headers, media_type),
                None if headers.contains_key(CONTENT_TYPE) => {}
                None => drop(headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"))),
            }
            settle(&mut headers, trace, |trace| trace.answered(answer.status, sight)).await;
            finish(answer.status, headers, AnswerBody::from(bytes))
        }
        Content::Refusal { bytes, complaint } => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            settle(&mut headers, trace, |trace| trace.complained(&complaint, Sight::default())).await;
            finish(answer.status, headers, AnswerBody::from(bytes))
        }
    }
}

/// The same for a call that failed or was refused by the gateway.
pub(crate) async fn complain(
    dialect: &dyn CallerDialect,
    complaint: &Complaint,
    trace: Option<Trace>,
) -> Response<AnswerBody> {
    let mut headers = HeaderMap::new();
    rates::put(&mut headers, dialect.protocol(), trace.as_ref().and_then(Trace::standing));
    let id = trace.as_ref().map(|trace| trace.id().to_string()).unwrap_or_default();
    let settling = settle(&mut headers, trace, |trace| trace.complained(complaint, Sight::default()));
    // What is refused because nothing can be written does not wait until it is.
    let patience = if complaint.code == Code::StorageUnavailable { Duration::ZERO } else { MOST_WAIT_FOR_STORAGE };
    let _ = tokio::time::timeout(patience, settling).await;
    written(dialect, complaint, headers, &id)
}

/// A complaint without a trace.
pub(crate) fn plainly(dialect: &dyn CallerDialect, complaint: &Complaint) -> Response<AnswerBody> {
    written(dialect, complaint, HeaderMap::new(), "")
}

fn written(
    dialect: &dyn CallerDialect,
    complaint: &Complaint,
    mut headers: HeaderMap,
    id: &str,
) -> Response<AnswerBody> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = complaint.retry_after {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    finish(complaint.status, headers, AnswerBody::from(dialect.write_complaint(complaint, id)))
}

/// What no trace belongs to: lists of models.
pub(crate) fn listing(dialect: &dyn CallerDialect, listed: Outcome<Bytes>) -> Response<AnswerBody> {
    match listed {
        Ok(bytes) => {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            finish(200, headers, AnswerBody::from(bytes))
        }
        Err(complaint) => plainly(dialect, &complaint),
    }
}

/// The same for an answer that is kept, whole or as a stream.
pub(crate) fn told(dialect: &dyn CallerDialect, told: Outcome<Told>) -> Response<AnswerBody> {
    match told {
        Ok(Told { bytes, streamed: true }) => {
            let mut headers = HeaderMap::new();
            event_stream(&mut headers, "text/event-stream; charset=utf-8");
            finish(200, headers, AnswerBody::from(bytes))
        }
        told => listing(dialect, told.map(|told| told.bytes)),
    }
}

async fn settle(headers: &mut HeaderMap, trace: Option<Trace>, end: impl FnOnce(&mut Trace) -> Option<Written>) {
    let Some(mut trace) = trace else { return };
    identify(headers, &trace.id().to_string());
    let Some(Written { ticket, cost }) = end(&mut trace) else { return };
    if let Some(cost) = cost {
        put_cost(headers, cost);
    }
    if ticket.is_safe() {
        return;
    }
    // After that long the answer goes without: its row waits in memory.
    let _ = tokio::time::timeout(MOST_WAIT_FOR_STORAGE, ticket).await;
}

fn finish(status: u16, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = headers;
    response
}

fn event_stream(headers: &mut HeaderMap, media_type: &'static str) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Tells a proxy in between to pass pieces on at once.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
}

fn describe(headers: &mut HeaderMap, target: Option<(&str, &str)>) {
    if let Some((provider, model)) = target {
        put(headers, PROVIDER, provider);
        if !model.is_empty() {
            put(headers, MODEL, model);
        }
    }
}

fn identify(headers: &mut HeaderMap, id: &str) {
    let Ok(value) = HeaderValue::from_str(id) else { return };
    for name in REQUEST_IDS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers.insert(TRACE_ID, value);
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

fn put_cost(headers: &mut HeaderMap, cost: Money) {
    put(headers, COST, &cost.to_string());
}

/// Tells the caller of budgets that are used up, and of what was done about them.
pub(crate) fn note_budgets(headers: &mut HeaderMap, notes: &[String]) {
    if !notes.is_empty() {
        put(headers, BUDGET, &notes.join("; "));
    }
}

fn put_dropped(headers: &mut HeaderMap, dropped: &[String]) {
    if dropped.is_empty() {
        return;
    }
    let mut text = String::new();
    for (place, path) in dropped.iter().enumerate() {
        if text.len() + path.len() > MOST_DROPPED {
            text.push_str(&format!(", and {} more", dropped.len() - place));
            break;
        }
        if place > 0 {
            text.push_str(", ");
        }
        text.push_str(path);
    }
    put(headers, DROPPED, &text);
}

/// An answer of bytes that ended in the middle: the connection ends with it.
#[derive(Debug, thiserror::Error)]
#[error("the provider broke off in the middle of its answer")]
struct BrokenOff;

/// An answer as an HTTP body.
pub(crate) enum AnswerBody {
    /// In one piece; none once it is sent.
    Whole(Option<Bytes>),
    /// Piece by piece.
    Stream(Box<AnswerStream>),
    /// Of the router.
    Routed(axum::body::Body),
}

impl From<Bytes> for AnswerBody {
    fn from(bytes: Bytes) -> AnswerBody {
        AnswerBody::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut *self {
            AnswerBody::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            AnswerBody::Stream(stream) => match std::task::ready!(stream.poll_next(cx)) {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None if stream.is_broken() => Poll::Ready(Some(Err(axum::Error::new(BrokenOff)))),
                None => Poll::Ready(None),
            },
            AnswerBody::Routed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(bytes) => bytes.is_none(),
            AnswerBody::Stream(_) => false,
            AnswerBody::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            AnswerBody::Stream(_) => SizeHint::default(),
            AnswerBody::Routed(body) => body.size_hint(),
        }
    }
}
