//! The first stage: what does this URL want, in which protocol, with which key; and the body.

use super::call::{Arrival, Call, KeptAct, Outcome, Owner, Wanted};
use super::cursor;
use crate::canonical::{Code, Complaint};
use crate::dialect::{self, CallerDialect, StreamForm, UrlFacts, anthropic, gemini, openai_chat, responses};
use crate::types::{Protocol, Secret, Task};
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, Method, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::time::Duration;

/// Where a key may stand, in the order of looking.
/// Segments before an endpoint that say nothing of what is wanted.
const PREFIXES: [&str; 4] = ["v1/", "anthropic/", "cursor/", "/"];
/// Versions that only Gemini has.
const GEMINI_VERSIONS: [&str; 3] = ["v1beta/", "v1alpha/", "v1beta1/"];
static KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];
static SESSION: HeaderName = HeaderName::from_static("x-optscale-session");
static TAGS: HeaderName = HeaderName::from_static("x-optscale-tags");
static ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// By which Google's SDKs are known.
static GOOGLE: [HeaderName; 2] =
    [HeaderName::from_static("x-goog-api-client"), HeaderName::from_static("x-goog-api-key")];
const KEY_PREFIX: &str = "sk-osai-";

/// Of a model or a session, in bytes.
const MOST_NAME: usize = 256;
/// Of all tags of a call, in bytes.
const MOST_TAGS: usize = 4096;
/// An upload that is not over by then is cut off, however it trickles.
const BODY_TOTAL: Duration = Duration::from_secs(300);
/// A sender that falls silent for longer is cut off.
pub(crate) const BODY_IDLE: Duration = Duration::from_secs(30);

/// Reads the head of a request.
///
/// The dialect comes back also when the URL wants nothing we know, so that the error is in it.
pub(crate) fn accept(method: &Method, uri: &Uri, headers: HeaderMap) -> (&'static dyn CallerDialect, Outcome<Arrival>) {
    let (org, rest, version) = read_path(uri.path());
    let spoken = spoken(version, &headers);
    let carried = super::carried::look_up(rest, method, uri);
    if let Some(Err(complaint)) = carried.as_ref().map(super::carried::check_method) {
        return (spoken, Err(complaint));
    }
    let found = carried.map(|carried| (spoken, Wanted::Carry(carried)));
    let (dialect, wanted) = match found.or_else(|| look_up(rest, (method, uri.query()), spoken)) {
        Some((dialect, wanted)) => (dialect, wanted),
        None => return (spoken, Err(unknown_path(uri))),
    };
    if !matches!(wanted, Wanted::Carry(_)) && *method != allowed_method(&wanted) {
        return (dialect, Err(wrong_method(method, uri, &wanted)));
    }
    let credential = credential(uri, &headers);
    let arrival = check_notes(&headers).and_then(|()| tags(&headers)).map(|tags| Arrival {
        dialect,
        wanted,
        org: org.map(decode),
        credential,
        session: header(&headers, &SESSION).map(str::to_owned),
        tags,
        cursor: is_cursor(uri.path()),
        headers,
    });
    (dialect, arrival)
}

/// Takes `/llm_proxy/ORG` off, then versions, `/anthropic` and `/cursor` however often they stand: an SDK
/// appends its own version segment to whatever base URL it was given. Says whether one of Gemini's stood there.
fn read_path(path: &str) -> (Option<&str>, &str, Option<Protocol>) {
    let path = path.trim_matches('/');
    let (org, mut rest) = match path.strip_prefix("llm_proxy/") {
        Some(inner) => {
            let (org, rest) = inner.split_once('/').unwrap_or((inner, ""));
            (Some(org), rest)
        }
        None => (None, path),
    };
    let mut version = None;
    loop {
        if let Some(inner) = GEMINI_VERSIONS.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
            version = Some(Protocol::Gemini);
            rest = inner;
        } else if let Some(inner) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
            rest = inner;
        } else {
            return (org, rest, version);
        }
    }
}

/// Whether one of the prefixes that are taken off is `/cursor`.
fn is_cursor(path: &str) -> bool {
    let rest = read_path(path).1;
    path.trim_matches('/').strip_suffix(rest).is_some_and(|prefixes| prefixes.split('/').any(|part| part == "cursor"))
}

fn look_up(
    rest: &str,
    (method, query): (&Method, Option<&str>),
    spoken: &'static dyn CallerDialect,
) -> Option<(&'static dyn CallerDialect, Wanted)> {
    let task = |protocol, task| (dialect::caller(protocol), Wanted::Task(task, UrlFacts::default()));
    let (dialect, wanted) = match rest {
        "chat/completions" => task(Protocol::Openai, Task::Chat),
        "completions" => task(Protocol::Openai, Task::Completion),
        "embeddings" => task(Protocol::Openai, Task::Embedding),
        "responses" => task(Protocol::Responses, Task::Chat),
        "responses/input_tokens" => task(Protocol::Responses, Task::CountTokens),
        "messages" => task(Protocol::Anthropic, Task::Chat),
        "messages/count_tokens" => task(Protocol::Anthropic, Task::CountTokens),
        "models" => (Some(spoken), Wanted::Models),
        other if other.starts_with("api/") => (dialect::caller(Protocol::Ollama), ollama(other)?),
        other => match (other.strip_prefix("responses/"), gemini_call(other, query)) {
            (Some(kept), _) => {
                (dialect::caller(Protocol::Responses), kept_answer(kept, method, query.unwrap_or_default())?)
            }
            (None, Some((task, url))) => (dialect::caller(Protocol::Gemini), Wanted::Task(task, url)),
            (None, None) => (Some(spoken), Wanted::Model(gemini_model(&decode(other))?)),
        },
    };
    Some((dialect?, wanted))
}

/// Ollama's endpoints.
fn ollama(rest: &str) -> Option<Wanted> {
    Some(match rest.strip_prefix("api/")? {
        "chat" => Wanted::Task(Task::Chat, UrlFacts::default()),
        "generate" => Wanted::Task(Task::Completion, UrlFacts::default()),
        "embed" => Wanted::Task(Task::Embedding, UrlFacts::default()),
        "embeddings" => Wanted::Task(Task::Embedding, UrlFacts { one: true, ..UrlFacts::default() }),
        "tags" => Wanted::Models,
        "show" => Wanted::Show,
        "version" => Wanted::Version,
        "ps" => Wanted::Running,
        _ => return None,
    })
}

/// What is wanted of an answer that is kept: the URL has its id, and perhaps what else.
fn kept_answer(rest: &str, method: &Method, query: &str) -> Option<Wanted> {
    let (id, act) = match rest.split_once('/') {
        Some((id, "cancel")) => (id, KeptAct::Cancel),
        Some((id, "input_items")) => (id, KeptAct::Items),
        Some(_) => return None,
        None if *method == Method::DELETE => (rest, KeptAct::Remove),
        None => (rest, KeptAct::Show),
    };
    (!id.is_empty()).then(|| Wanted::Kept(act, decode(id), query.to_owned()))
}

/// A call in Gemini's way: the model in the path, the verb behind its last colon.
fn gemini_call(rest: &str, query: Option<&str>) -> Option<(Task, UrlFacts)> {
    let decoded = decode(rest);
    let (model, verb) = decoded.rsplit_once(':')?;
    let (task, stream) = match verb {
        "generateContent" => (Task::Chat, None),
        "streamGenerateContent" => (Task::Chat, Some(stream_form(query))),
        "countTokens" => (Task::CountTokens, None),
        "embedContent" => (Task::Embedding, None),
        "batchEmbedContents" => (Task::EmbeddingBatch, None),
        _ => return None,
    };
    // `models/` may be missing here: the verb tells what it is.
    let model = gemini_model(model).unwrap_or_else(|| model.to_owned());
    Some((task, UrlFacts { model: Some(model), stream, one: false }))
}

/// Without `alt=sse` a stream is one JSON array.
fn stream_form(query: Option<&str>) -> StreamForm {
    let events =
        query.is_some_and(|query| query.split('&').any(|pair| matches!(pair, "alt=sse" | "$alt=sse" | "%24alt=sse")));
    if events { StreamForm::Usual } else { StreamForm::JsonArray }
}

/// The model that a path names, with what Vertex has before it (`projects/P/locations/L/`,
/// `publishers/PROVIDER/`) taken off. Google's own publisher says nothing; another is read as the provider.
fn gemini_model(path: &str) -> Option<String> {
    if let Some(model) = path.strip_prefix("models/") {
        return Some(model.to_owned());
    }
    let publishers = path.find("publishers/").filter(|at| *at == 0 || path.starts_with("projects/"))?;
    let (publisher, model) = path.get(publishers..)?.strip_prefix("publishers/")?.split_once("/models/")?;
    Some(if publisher == "google" { model.to_owned() } else { format!("{publisher}/{model}") })
}

/// The protocol of a request whose URL does not tell.
fn spoken(version: Option<Protocol>, headers: &HeaderMap) -> &'static dyn CallerDialect {
    match version.and_then(dialect::caller) {
        Some(dialect) => dialect,
        None if headers.contains_key(&ANTHROPIC_VERSION) => &anthropic::Caller,
        None if GOOGLE.iter().any(|name| headers.contains_key(name)) => &gemini::Caller,
        None => &openai_chat::Caller,
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn allowed_method(wanted: &Wanted) -> Method {
    match wanted {
        Wanted::Task(..) | Wanted::Show => Method::POST,
        Wanted::Kept(act, ..) => act.method(),
        Wanted::Models | Wanted::Model(_) | Wanted::Version | Wanted::Running | Wanted::Carry(_) => Method::GET,
    }
}

fn unknown_path(uri: &Uri) -> Complaint {
    let message = format!(
        "there is no endpoint {}; this gateway has /v1/chat/completions, /v1/completions, /v1/embeddings, \
         /v1/responses, /v1/messages, /v1/messages/count_tokens, /v1beta/models/MODEL:VERB (generateContent, \
         streamGenerateContent, countTokens, embedContent, batchEmbedContents), /v1/models, Ollama's /api/chat, \
         /api/generate, /api/embed, /api/tags and /api/show, and images, audio, moderations, rerank, files and batches \
         as OpenAI has them. With an SDK, set its base URL to http://HOST/v1",
        uri.path()
    );
    Complaint::new(Code::NotFound, message)
}

fn wrong_method(method: &Method, uri: &Uri, wanted: &Wanted) -> Complaint {
    let message = format!("{} takes {}, not {method}", uri.path(), allowed_method(wanted));
    Complaint::new(Code::MethodNotAllowed, message)
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty())
}

/// The key of the request: the first that looks like one of ours, else the first at all.
fn credential(uri: &Uri, headers: &HeaderMap) -> Option<Secret> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(|value| {
        let scheme_end = "bearer ".len();
        let is_bearer = value.get(..scheme_end).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        if is_bearer { value[scheme_end..].trim() } else { value.trim() }
    });
    let named = KEY_HEADERS.iter().map(|name| header(headers, name));
    let mut first = None;
    for candidate in std::iter::once(bearer).chain(named).flatten() {
        if candidate.starts_with(KEY_PREFIX) {
            return Some(Secret::new(candidate));
        }
        first = first.or(Some(candidate));
    }
    let in_query = || uri.query()?.split('&').find_map(|pair| pair.strip_prefix("key=")).map(decode);
    first.map(Secret::new).or_else(|| in_query().map(Secret::new))
}

/// Notes are kept with each trace: they must be short.
fn check_notes(headers: &HeaderMap) -> Outcome<()> {
    for (name, most) in [(&SESSION, MOST_NAME), (&TAGS, MOST_TAGS)] {
        if header(headers, name).is_some_and(|text| text.len() > most) {
            return Err(Complaint::invalid(name.as_str(), format!("the header {name} is longer than {most} bytes")));
        }
    }
    Ok(())
}

/// Reads `x-optscale-tags: k=v, k=v`.
fn tags(headers: &HeaderMap) -> Outcome<BTreeMap<String, String>> {
    let Some(text) = header(headers, &TAGS) else { return Ok(BTreeMap::new()) };
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
            _ => Err(Complaint::invalid(
                "x-optscale-tags",
                format!("the header x-optscale-tags has `{pair}`; write it as team=blue, app=search"),
            )),
        })
        .collect()
}

/// What is known of a call before its body.
pub(crate) struct Facts {
    pub task: Task,
    pub url: UrlFacts,
    pub owner: Owner,
    /// The largest body, in bytes.
    pub limit: usize,
}

/// Reads the body and the fields that decisions rest on.
pub(crate) async fn receive(
    arrival: &mut Arrival,
    Facts { task, url, owner, limit }: Facts,
    body: &mut Incoming,
) -> Outcome<Call> {
    let mut body = read_body(&arrival.headers, body, limit).await?;
    let text = std::str::from_utf8(&body).map_err(|error| not_utf8(error.valid_up_to()))?;
    let mut dropped = Vec::new();
    let text = if arrival.cursor && task == Task::Chat && responses::is_request(text) {
        let chat = cursor::chat(text)?;
        (body, dropped) = (chat.bytes, chat.dropped);
        std::str::from_utf8(&body).map_err(|error| not_utf8(error.valid_up_to()))?
    } else {
        text
    };
    let peek = arrival.dialect.peek(task, text, &url)?;
    check_model(&peek.model.value)?;
    let thread = arrival.dialect.thread(text)?;
    let headers = std::mem::take(&mut arrival.headers);
    let previous = None;
    Ok(Call { dialect: arrival.dialect, task, url, headers, body, peek, thread, previous, owner, dropped })
}

/// Reads the model that a request names in its body and wants to know of.
pub(crate) async fn named_model(
    arrival: &mut Arrival,
    owner: Owner,
    body: &mut Incoming,
    limit: usize,
) -> Outcome<String> {
    // Of the fields that decisions rest on, it has the one that a request for vectors has, too.
    let facts = Facts { task: Task::Embedding, url: UrlFacts::default(), owner, limit };
    let call = receive(arrival, facts, body).await?;
    Ok(call.peek.model.value)
}

/// The whole body, within its limits.
pub(crate) async fn read_body(headers: &HeaderMap, body: &mut Incoming, limit: usize) -> Outcome<Bytes> {
    if let Some(encoding) = header(headers, &CONTENT_ENCODING).filter(|name| *name != "identity") {
        let message = format!("the body has content-encoding `{encoding}`; send it as plain JSON");
        return Err(Complaint::new(Code::InvalidRequest, message).with_status(415));
    }
    let announced = header(headers, &CONTENT_LENGTH).and_then(|value| value.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let collected = tokio::time::timeout(BODY_TOTAL, collect(body, announced.unwrap_or(0), limit)).await;
    collected.map_err(|_| Complaint::new(Code::RequestTimeout, "the body was not whole within 5 minutes"))?
}

/// A name goes into traces, and is compared with others to find near ones: it must be short.
pub(crate) fn check_model(name: &str) -> Outcome<()> {
    if name.len() <= MOST_NAME {
        return Ok(());
    }
    Err(Complaint::invalid("model", format!("`model` is longer than {MOST_NAME} bytes; no model has such a name")))
}

async fn collect(body: &mut Incoming, announced: usize, limit: usize) -> Outcome<Bytes> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = next_frame(body).await? {
        let Ok(bytes) = frame.into_data() else { continue };
        if all.is_empty() && first.is_empty() {
            first = bytes;
            continue;
        }
        if all.is_empty() {
            all.reserve(announced.max(first.len() + bytes.len()));
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&bytes);
        if all.len() > limit {
            return Err(too_large(limit));
        }
    }
    let whole = if all.is_empty() { first } else { all.freeze() };
    if whole.len() > limit { Err(too_large(limit)) } else { Ok(whole) }
}

pub(crate) async fn next_frame(body: &mut Incoming) -> Outcome<Option<http_body::Frame<Bytes>>> {
    match tokio::time::timeout(BODY_IDLE, body.frame()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(frame))) => Ok(Some(frame)),
        Ok(Some(Err(error))) => Err(Complaint::new(Code::InvalidRequest, format!("the body broke off: {error}"))),
        Err(_) => Err(Complaint::new(Code::RequestTimeout, "no byte of the body came for 30 s; send it in one go")),
    }
}

/// Reads on what is left of a refused body and throws it away: a client that is still sending when the
/// connection closes never sees why it was refused. Bounded in size and time.
pub(crate) async fn discard(mut body: Incoming) {
    const MOST: usize = 256 * 1024 * 1024;
    const LONGEST: Duration = Duration::from_secs(10);
    let reading = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > MOST {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(LONGEST, reading).await;
}

fn too_large(limit: usize) -> Complaint {
    let message = format!(
        "the body is larger than {} MiB; send less, or start the gateway with a larger --max-body",
        limit / (1024 * 1024)
    );
    Complaint::new(Code::RequestTooLarge, message)
}

pub(crate) fn not_utf8(at: usize) -> Complaint {
    Complaint::new(Code::InvalidRequest, format!("the body is not UTF-8: byte {at} belongs to no character"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_url_leads_to_the_same_place() {
        for path in [
            "/v1/messages",
            "/v1/v1/messages",
            "/anthropic/v1/messages",
            "/messages",
            "/llm_proxy/acme/v1/messages",
            "/llm_proxy/acme/anthropic/v1/messages",
            "//v1//messages/",
        ] {
            assert_eq!(read_path(path).1, "messages", "{path}");
        }
        assert_eq!(read_path("/llm_proxy/acme/cursor/chat/completions"), (Some("acme"), "chat/completions", None));
        assert_eq!(
            read_path("/v1/v1beta/models/m:countTokens"),
            (None, "models/m:countTokens", Some(Protocol::Gemini))
        );
        for (path, cursor) in [
            ("/cursor/chat/completions", true),
            ("/llm_proxy/a/cursor/v1/chat/completions/", true),
            ("/v1/chat/completions", false),
            ("/v1/models/cursor/x", false),
        ] {
            assert_eq!(is_cursor(path), cursor, "{path}");
        }
    }

    #[test]
    fn model_ids_may_hold_slashes_and_escapes() {
        let wanted = |path| look_up(read_path(path).1, (&Method::GET, None), &openai_chat::Caller).map(|found| found.1);
        assert_eq!(wanted("/v1/models/a%2Fb:c"), Some(Wanted::Model("a/b:c".into())));
        assert_eq!(wanted("/v1/models/a/b"), Some(Wanted::Model("a/b".into())));
        assert_eq!(wanted("/v1/nothing"), None);
    }

    #[test]
    fn gemini_names_model_and_verb_in_the_path() {
        let wanted = |path: &str, query| {
            let (dialect, wanted) = look_up(read_path(path).1, (&Method::POST, query), &openai_chat::Caller)?;
            assert_eq!(dialect.protocol(), Protocol::Gemini, "{path}");
            Some(wanted)
        };
        let task = |task, model: &str, stream| {
            Some(Wanted::Task(task, UrlFacts { model: Some(model.into()), stream, one: false }))
        };
        assert_eq!(wanted("/v1beta/models/a%2Fb:1:generateContent", None), task(Task::Chat, "a/b:1", None));
        assert_eq!(wanted("/v1/v1beta/a/b:countTokens", None), task(Task::CountTokens, "a/b", None));
        let events = Some(StreamForm::Usual);
        assert_eq!(wanted("/v1/models/m:streamGenerateContent", Some("key=k&alt=sse")), task(Task::Chat, "m", events));
        let array = Some(StreamForm::JsonArray);
        assert_eq!(wanted("/v1beta/models/m%3AstreamGenerateContent", None), task(Task::Chat, "m", array));
        assert_eq!(wanted("/v1beta/models/m:batchEmbedContents", None), task(Task::EmbeddingBatch, "m", None));
        let vertex = "/v1beta1/projects/p/locations/l/publishers/google/models/g:embedContent";
        assert_eq!(wanted(vertex, None), task(Task::Embedding, "g", None));
        assert_eq!(wanted("/v1beta1/publishers/an/models/c:generateContent", None), task(Task::Chat, "an/c", None));
        assert!(
            look_up("models/m:predict", (&Method::POST, None), &gemini::Caller)
                .is_some_and(|(_, wanted)| matches!(wanted, Wanted::Model(_)))
        );
    }

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static(value));
            headers
        };
        let found = |uri: &Uri, headers: &HeaderMap| credential(uri, headers).map(|key| key.reveal().to_owned());
        let plain = uri("/v1/models");
        assert_eq!(found(&plain, &with("authorization", "bearer k1")).as_deref(), Some("k1"));
        for name in ["x-api-key", "api-key", "x-goog-api-key"] {
            assert_eq!(found(&plain, &with(name, "k2")).as_deref(), Some("k2"));
        }
        assert_eq!(found(&uri("/v1/models?a=b&key=k%2D3"), &HeaderMap::new()).as_deref(), Some("k-3"));
        let mut both = with("authorization", "Bearer something");
        both.insert("x-api-key", http::HeaderValue::from_static("sk-osai-x"));
        assert_eq!(found(&plain, &both).as_deref(), Some("sk-osai-x"));
        assert_eq!(found(&plain, &HeaderMap::new()), None);
    }
}
