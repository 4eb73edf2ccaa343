//! Answers that callers ask for by their id, and go on from.
//!
//! A provider that keeps answers is asked itself: here only stands who made which. Where the provider keeps
//! none, the words are kept here if the organisation keeps bodies. An answer is its user's alone, and only
//! for keys that may call its model.

use super::authorise::may_call;
use super::call::{Ask, Call, Caller, KeptAct, Outcome};
use super::guarding::Guarding;
use super::snapshot::ProviderState;
use super::{Gateway, Worker};
use crate::canonical::{Code, Complaint};
use crate::dialect::responses::{self, Paging};
use crate::dialect::{Delivery, Peek};
use crate::http::{Endpoint, Outgoing, Patience};
use crate::records::{Bodies, KeptAnswer, KeptWords};
use crate::store::{Store, StoreError, Ticket};
use crate::types::{OrgId, Protocol, ProviderId, Task, Time};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use std::sync::{Arc, Mutex, PoisonError};

/// A conversation with more answers than this is not put together again.
const LONGEST: usize = 1000;
/// What a provider says of an answer.
const MOST: usize = 64 * 1024 * 1024;

/// The answers that are kept, read on threads that may wait.
pub(crate) struct Answers(Mutex<Store>);

impl Answers {
    pub fn new(store: Store) -> Answers {
        Answers(Mutex::new(store))
    }

    fn find(&self, org: OrgId, id: &str) -> Result<Option<KeptAnswer>, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).answer(org, id)
    }
}

/// What a call goes on from.
pub(crate) struct Previous {
    /// Who made the answer.
    provider: ProviderId,
    /// Whether the provider itself keeps it.
    at_provider: bool,
    /// All that was said before; else why that is not known.
    earlier: Outcome<Vec<String>>,
}

impl Previous {
    /// All that was said before, as the body of a request; none where the provider keeps it.
    pub fn earlier_body(&self) -> Option<Bytes> {
        let items = self.earlier.as_ref().ok().filter(|items| !items.is_empty())?;
        Some(Bytes::from(format!("{{\"input\":[{}]}}", items.join(","))))
    }

    /// Takes such a body in the place of what was said.
    ///
    /// # Errors
    /// It is none.
    pub fn replace_earlier(&mut self, body: &[u8]) -> Outcome<()> {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let input = text.strip_prefix("{\"input\":").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        self.earlier = Ok(responses::items_of(input)?);
        Ok(())
    }
}

/// Looks up what the call goes on from, if it says so.
///
/// # Errors
/// There is no such answer, or not for this caller.
pub(crate) async fn look_up(worker: &Worker, caller: &Caller, call: &mut Call) -> Outcome<()> {
    let Some(id) = call.thread.previous.clone() else { return Ok(()) };
    let first = find(worker, caller, &id).await?;
    let (provider, at_provider) = (first.provider, first.words.is_none());
    let earlier = if at_provider { Err(kept_elsewhere(&id)) } else { earlier(worker, caller, first).await };
    call.previous = Some(Previous { provider, at_provider, earlier });
    Ok(())
}

async fn find(worker: &Worker, caller: &Caller, id: &str) -> Outcome<KeptAnswer> {
    let mut found = look(worker, caller.org.org.id, id).await?;
    if found.is_none() {
        // An answer of a moment ago may still be on its way into the database.
        worker.gateway().ledger().settled().await;
        found = look(worker, caller.org.org.id, id).await?;
    }
    let visible = found.filter(|kept| {
        let maker = maker(caller, kept.provider);
        kept.user == caller.key.user.id && maker.is_none_or(|maker| may_see(caller, maker, &kept.model))
    });
    visible.ok_or_else(|| no_such_answer(id, caller))
}

/// Whether the caller may call the model by any of its names.
fn may_see(caller: &Caller, maker: &ProviderState, model: &str) -> bool {
    let name = format!("{}/{model}", maker.record.name);
    let mut rules = caller.org.routes.values().filter(|rule| rule.target == name);
    may_call(caller, maker, model, None) || rules.any(|rule| may_call(caller, maker, model, Some(rule)))
}

async fn look(worker: &Worker, org: OrgId, id: &str) -> Outcome<Option<KeptAnswer>> {
    let (gateway, wanted) = (worker.gateway.clone(), id.to_owned());
    let looking = tokio::task::spawn_blocking(move || gateway.answers.find(org, &wanted)).await;
    let found = looking.map_err(|_| Complaint::new(Code::Internal, "looking for an answer failed"))?;
    found.map_err(|error| Complaint::new(Code::StorageUnavailable, error.to_string()))
}

fn maker(caller: &Caller, id: ProviderId) -> Option<&Arc<ProviderState>> {
    caller.org.providers.values().find(|provider| provider.record.id == id)
}

/// All that was said up to an answer, oldest first.
async fn earlier(worker: &Worker, caller: &Caller, last: KeptAnswer) -> Outcome<Vec<String>> {
    let mut chain = vec![last];
    while let Some(id) = chain.last().and_then(|kept| kept.words.as_ref()?.previous.clone()) {
        if chain.len() >= LONGEST {
            let message =
                format!("the conversation has more than {LONGEST} answers; send the last part of it in `input`");
            return Err(Complaint::invalid("previous_response_id", message));
        }
        let kept = find(worker, caller, &id).await?;
        if kept.words.is_none() {
            return Err(kept_elsewhere(&id));
        }
        chain.push(kept);
    }
    let mut items = Vec::new();
    for words in chain.iter().rev().filter_map(|kept| kept.words.as_ref()) {
        items.extend(responses::items_of(std::str::from_utf8(&words.input).unwrap_or_default())?);
        items.extend(responses::output_of(&words.answer));
    }
    Ok(items)
}

fn no_such_answer(id: &str, caller: &Caller) -> Complaint {
    let org = &caller.org.org;
    let hint = if org.bodies.has_words() {
        "it was made by another user, with `store: false`, or was removed".to_owned()
    } else {
        format!(
            "this model's provider keeps no answers, and neither does the gateway unless told to: \
             `optscale-ai org edit {} --bodies full`. Until then send the whole conversation in `input`",
            org.name
        )
    };
    Complaint {
        param: Some("previous_response_id".to_owned()),
        provider_code: Some("previous_response_not_found".to_owned()),
        ..Complaint::new(Code::NotFound, format!("there is no answer `{id}` to go on from; {hint}")).with_status(400)
    }
}

fn kept_elsewhere(id: &str) -> Complaint {
    let message = format!(
        "the answer `{id}` is kept by the provider that made it, so only that provider can go on from it; send the whole \
         conversation in `input`, or ask a model of the same provider"
    );
    Complaint { param: Some("previous_response_id".to_owned()), ..Complaint::new(Code::UnsupportedFeature, message) }
}

/// Whether the target itself keeps answers of this call's protocol.
fn keeps_itself(ask: &Ask<'_>) -> bool {
    ask.side.dialect.protocol() == Protocol::Responses && ask.target.provider.record.quirks.keeps_answers
}

/// The body of a call for its target, and the fields in it: as it came where the target understands all that
/// it says, else with all that it goes on from.
///
/// # Errors
/// What it goes on from is not known here.
pub(crate) fn body_for(ask: &Ask<'_>) -> Outcome<Option<(Bytes, Peek)>> {
    let call = ask.call;
    if call.dialect.protocol() != Protocol::Responses {
        return Ok(None);
    }
    let itself = keeps_itself(ask);
    let earlier = match &call.previous {
        Some(previous) if itself && previous.at_provider && previous.provider == ask.target.provider.record.id => {
            return Ok(None);
        }
        Some(previous) => previous.earlier.as_ref().map_err(Clone::clone)?.as_slice(),
        None if itself => return Ok(None),
        None if call.thread.store_member.is_none() && call.thread.previous_member.is_none() => return Ok(None),
        None => &[],
    };
    // A provider that keeps answers may keep this one: what it goes on from is then in its input.
    let thread =
        if itself { crate::dialect::Thread { store_member: None, ..call.thread.clone() } } else { call.thread.clone() };
    let body = Bytes::from(responses::gone_on(call.text(), &thread, earlier)?);
    let peek = call.dialect.peek(call.task, std::str::from_utf8(&body).unwrap_or_default(), &call.url)?;
    Ok(Some((body, peek)))
}

/// Keeps the answer of a call once it is there.
pub(crate) struct Keeper {
    gateway: Arc<Gateway>,
    kept: Box<KeptAnswer>,
}

impl Keeper {
    /// The keeper for a call's answer; none where nothing is to be kept.
    pub fn of(worker: &Worker, ask: &Ask<'_>, guarding: Option<&Guarding>) -> Option<Keeper> {
        let redacts = guarding.is_some_and(Guarding::redacts);
        // Values that are put in again live as long as the call, and are not kept with its answer.
        let restores = guarding.is_some_and(Guarding::restores);
        let call = ask.call;
        let wanted = call.dialect.protocol() == Protocol::Responses && call.task == Task::Chat;
        if !wanted || call.thread.store == Some(false) {
            return None;
        }
        let words = match (keeps_itself(ask), call.owner.bodies) {
            (true, _) => None,
            (false, bodies) if bodies.has_words() || (bodies == Bodies::Redacted && redacts) => Some(words(call)),
            (false, _) => return None,
        };
        if words.is_some() && restores {
            return None;
        }
        let kept = KeptAnswer {
            id: String::new(),
            org: call.owner.org,
            user: call.owner.user,
            provider: ask.target.provider.record.id,
            model: ask.target.model.clone(),
            created: Time::now(),
            words,
        };
        Some(Keeper { gateway: worker.gateway.clone(), kept: Box::new(kept) })
    }

    /// Keeps it; the ticket says when that is safe, and the caller hears of the answer only then.
    pub fn keep(mut self, answer: Bytes) -> Option<Ticket> {
        self.kept.id = responses::id_of(&answer)?;
        if let Some(words) = &mut self.kept.words {
            words.answer = answer;
        }
        Some(self.gateway.ledger().keep(self.kept))
    }
}

fn words(call: &Call) -> KeptWords {
    let input = call.thread.input.clone().and_then(|span| call.text().get(span)).unwrap_or("[]");
    let items = responses::items_of(input).unwrap_or_default();
    let previous = call.thread.previous.clone();
    KeptWords { previous, input: responses::join_items(&items).into(), answer: Bytes::new() }
}

/// What becomes of a wish that cannot be granted: it is named.
pub(crate) fn unkept(call: &Call, keeper: Option<&Keeper>) -> Option<String> {
    (call.thread.store == Some(true) && keeper.is_none()).then(|| "store".to_owned())
}

/// Does what a caller wants with an answer that is kept.
///
/// # Errors
/// There is no such answer for this caller; the provider that keeps it cannot be asked.
pub(crate) async fn act(worker: &Worker, caller: &Caller, act: KeptAct, (id, query): (&str, &str)) -> Outcome<Told> {
    let missing = |complaint: Complaint| match complaint.code {
        Code::NotFound => Complaint { status: 404, param: Some("id".to_owned()), ..complaint },
        _ => complaint,
    };
    let kept = find(worker, caller, id).await.map_err(missing)?;
    let streamed = act == KeptAct::Show && value(query, "stream") == Some("true");
    let told = |bytes| Ok(Told { bytes, streamed });
    let Some(words) = &kept.words else {
        return ask_maker(worker, caller, &kept, (act, query)).await.and_then(told);
    };
    match act {
        KeptAct::Show if streamed => {
            let after = value(query, "starting_after").and_then(|after| after.parse().ok());
            told(responses::replay(&words.answer, after))
        }
        KeptAct::Show => told(words.answer.clone()),
        KeptAct::Items => told(responses::page_of(id, &words.input, &paging(query))),
        KeptAct::Remove => {
            worker.gateway().ledger().forget(kept.org, kept.id.clone()).await;
            told(responses::removed(id))
        }
        KeptAct::Cancel => {
            let message =
                format!("the answer `{id}` is complete; only one that is made in the background can be cancelled");
            Err(Complaint::invalid("id", message))
        }
    }
}

/// What is told of an answer that is kept.
pub(crate) struct Told {
    pub bytes: Bytes,
    /// Whether it is told as a stream of events.
    pub streamed: bool,
}

/// A value of a URL's query.
fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn paging(query: &str) -> Paging {
    Paging {
        limit: value(query, "limit").and_then(|limit| limit.parse().ok()),
        after: value(query, "after").map(str::to_owned),
        ascending: value(query, "order") == Some("asc"),
    }
}

/// Asks the provider that keeps the answer.
async fn ask_maker(
    worker: &Worker,
    caller: &Caller,
    kept: &KeptAnswer,
    (act, query): (KeptAct, &str),
) -> Outcome<Bytes> {
    let gone = || {
        let message = format!("the provider that keeps the answer `{}` is no longer registered here", kept.id);
        Complaint::new(Code::NotFound, message)
    };
    let provider = maker(caller, kept.provider).ok_or_else(gone)?;
    let side = provider.side(Protocol::Responses, Task::Chat, &kept.model);
    let place = side.endpoint(Task::Chat, Delivery::Whole, &kept.model).ok_or_else(gone)?;
    let endpoint = beside(&place, &kept.id, act, query).ok_or_else(gone)?;
    let mut headers: HeaderMap = side.headers.iter().cloned().collect();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let limits = worker.gateway().limits();
    let method = act.method();
    let patience = Patience { connect: limits.connect };
    let outgoing = Outgoing { endpoint: &endpoint, method, headers, body: Bytes::new().into(), patience };
    let name = &provider.record.name;
    let unreachable = |why: String| {
        Complaint::new(Code::ProviderUnreachable, format!("the provider `{name}` cannot be reached: {why}"))
    };
    let exchange = async {
        let response = worker.client().send(outgoing).await.map_err(|error| unreachable(error.to_string()))?;
        let (head, body) = response.into_parts();
        let bytes = body.collect(MOST).await.map_err(|error| unreachable(error.to_string()))?;
        Ok::<_, Complaint>((head.status.as_u16(), bytes))
    };
    let slow = |_| Complaint::new(Code::ProviderTimeout, format!("the provider `{name}` did not answer in time"));
    let (status, bytes) = tokio::time::timeout(limits.first_byte, exchange).await.map_err(slow)??;
    if status == 401 {
        let message = format!("the provider `{name}` refused the API key that the gateway holds for it");
        return Err(Complaint::new(Code::ProviderKeyRejected, message));
    }
    if status >= 300 {
        return Err(side.dialect.read_complaint(status, None, &bytes));
    }
    if act == KeptAct::Remove {
        worker.gateway().ledger().forget(kept.org, kept.id.clone()).await;
    }
    Ok(bytes)
}

/// The place of an answer, below the place where answers are made.
fn beside(place: &Endpoint, id: &str, act: KeptAct, query: &str) -> Option<Endpoint> {
    let (path, own) = place.path().split_once('?').unwrap_or((place.path(), ""));
    let safe = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let key = |pair: &&str| !pair.is_empty() && !pair.starts_with("key=");
    let pairs: Vec<&str> = own.split('&').chain(query.split('&')).filter(key).collect();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    safe.then(|| place.with_path(&format!("{path}/{id}{}{query}", act.ending())).ok()).flatten()
}
