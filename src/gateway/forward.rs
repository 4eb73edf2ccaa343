//! Endpoints that are only carried: the same stages (key, access, trace, cost), and no translation.
//!
//! Requests with a model go where the name leads; the name is all that is changed in them. Forms are passed on while they
//! come. What names no model goes to the provider of `x-optscale-provider`, or to the only one there is.

use super::accept::{self, header};
use super::authorise::{self, Grant};
use super::call::{Answer, Arrival, Caller, Content, Outcome, Target};
use super::carried::Carried;
use super::guarding::Guarding;
use super::hold;
use super::multipart::Form;
use super::record::Trace;
use super::respond::{self, AnswerBody};
use super::snapshot::{Link, ProviderState};
use super::stream::{AnswerStream, Carriage, Layout, Pace};
use super::upload::Upload;
use super::upstream::Upstream;
use super::{Worker, dispatch, metering, rates, route, settle, translate};
use crate::body::Body;
use crate::canonical::{Code, Complaint};
use crate::dialect::sse::Framing;
use crate::dialect::{self, Asked, Delivery, Sight, StreamForm};
use crate::http::{Endpoint, Outgoing, Patience, Payload};
use crate::provider::sandbox;
use crate::types::{Protocol, Task};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

static PROVIDER: HeaderName = HeaderName::from_static("x-optscale-provider");
/// An answer that is sooner there needs no row that says it is under way.
const ANNOUNCE_AFTER: Duration = Duration::from_millis(20);
/// The largest whole answer; pictures in base 64 are the largest there are.
const MOST_REPLY: usize = 256 * 1024 * 1024;
/// So much of a form is kept until its model has come.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// One carried call from arrival to response; whatever happens, its trace is written.
pub(crate) async fn forward(
    worker: &Worker,
    mut arrival: Arrival,
    carried: Carried,
    body: Incoming,
) -> Response<AnswerBody> {
    let dialect = arrival.dialect;
    let mut trace = Some(Trace::start(worker.gateway.clone(), dialect.protocol()));
    if let Some(trace) = &mut trace {
        trace.arrival(&mut arrival);
        trace.carried(carried.task);
    }
    let mut body = Some(body);
    match carry(worker, arrival, (&carried, &mut body), &mut trace).await {
        Ok(answer) => respond::respond(answer, trace).await,
        Err(complaint) => {
            if let Some(body) = body {
                accept::discard(body).await;
            }
            respond::complain(dialect, &complaint, trace).await
        }
    }
}

/// A request, read as far as it must be.
struct Request {
    payload: Shipment,
    /// The model that it names.
    model: Option<String>,
}

impl Request {
    /// How many bytes of words have come; of what is still coming nobody knows.
    fn length(&self) -> usize {
        match &self.payload {
            Shipment::Json(bytes, _) => bytes.len(),
            Shipment::Form(..) | Shipment::Raw(_) => 0,
        }
    }
}

/// What goes out.
enum Shipment {
    /// A JSON body, and where the model's name stands in it.
    Json(Bytes, Option<std::ops::Range<usize>>),
    /// A form of which the first bytes have come, and where the model's name stands in them.
    Form(Vec<u8>, std::ops::Range<usize>, Incoming, Form),
    /// Whatever it is, as it comes.
    Raw(Incoming),
}

async fn carry(
    worker: &Worker,
    mut arrival: Arrival,
    (carried, body): (&Carried, &mut Option<Incoming>),
    trace: &mut Option<Trace>,
) -> Outcome<Answer> {
    let gateway = worker.gateway();
    let caller = super::known(gateway, &arrival).await.inspect_err(|_| gateway.strangers.look_at(trace))?;
    super::note(trace, |trace| trace.caller(&caller));
    gateway.check_storage().inspect_err(|_| gateway.spare_memory(trace))?;
    let request = read(&mut arrival, (carried, body), gateway.limits.max_body).await?;
    let grant = grant(worker, &caller, &arrival, &request).await?;
    let plan = route::carried(grant);
    super::note(trace, |trace| {
        trace.asked(request.model.as_deref());
        trace.plan(&plan);
    });
    rates::enter(gateway, trace, request.length())?;
    let standing = trace.as_ref().and_then(Trace::standing);
    let Some(target) = plan.targets().first() else { return Err(nowhere()) };
    let request = guarded(&caller, (carried, arrival.dialect, target), request, trace).await?;
    let wish = match &request.payload {
        Shipment::Json(bytes, _) => metering::Wish::of(bytes),
        Shipment::Form(..) | Shipment::Raw(_) => metering::Wish::default(),
    };
    let sent = send(worker, (target, &arrival, carried), request, trace).await?;
    let job = Job { target, carried, dialect: arrival.dialect, caller: &caller, wish };
    let mut answer = job.answered(worker, sent, trace).await?;
    answer.route = plan.route().cloned();
    rates::put(&mut answer.headers, arrival.dialect.protocol(), standing);
    Ok(answer)
}

/// The request as policies let it through. Forms and files go on as they come: their texts are not looked at.
async fn guarded(
    caller: &Caller,
    (carried, dialect, target): (&Carried, &'static dyn dialect::CallerDialect, &Target),
    request: Request,
    trace: &mut Option<Trace>,
) -> Outcome<Request> {
    let Request { payload: Shipment::Json(bytes, _), model } = request else { return Ok(request) };
    let Some(trace) = trace.as_mut() else { return Err(nowhere()) };
    let bytes = match Guarding::of(caller, trace) {
        Some(mut guarding) => {
            guarding.aim(target);
            guarding.carried((dialect, carried.task, bytes), trace).await?
        }
        None => bytes,
    };
    let span = dialect::model_field(std::str::from_utf8(&bytes).unwrap_or_default())?.map(|field| field.span);
    Ok(Request { payload: Shipment::Json(bytes, span), model })
}

fn nowhere() -> Complaint {
    Complaint::new(Code::Internal, "the plan has no target")
}

async fn read(
    arrival: &mut Arrival,
    (carried, body): (&Carried, &mut Option<Incoming>),
    limit: usize,
) -> Outcome<Request> {
    let kind = header(&arrival.headers, &CONTENT_TYPE).unwrap_or_default().to_owned();
    let Some(mut incoming) = body.take() else { return Err(nowhere()) };
    if !carried.has_model() {
        return Ok(Request { payload: Shipment::Raw(incoming), model: None });
    }
    if !kind.to_ascii_lowercase().starts_with("multipart/") {
        let bytes = match accept::read_body(&arrival.headers, &mut incoming, limit).await {
            Ok(bytes) => bytes,
            Err(complaint) => {
                *body = Some(incoming);
                return Err(complaint);
            }
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| accept::not_utf8(error.valid_up_to()))?;
        let field = dialect::model_field(text)?;
        if field.is_none() && carried.task != Task::Moderation {
            return Err(Complaint::invalid("model", "`model` is missing"));
        }
        let (model, span) = field.map(|field| (field.value, field.span)).unzip();
        return Ok(Request { payload: Shipment::Json(bytes, span), model });
    }
    let mut form = Form::of(&kind)?;
    let mut kept = Vec::new();
    while form.model().is_none() {
        let Some(frame) = accept::next_frame(&mut incoming).await? else {
            return Err(Complaint::invalid("model", "the form has no field `model`"));
        };
        let Ok(bytes) = frame.into_data() else { continue };
        form.push(&bytes)?;
        kept.extend_from_slice(&bytes);
        if kept.len() > MOST_KEPT {
            let message = "the form has more than 64 MiB before its field `model`; put the field before the file";
            return Err(Complaint::new(Code::RequestTooLarge, message));
        }
    }
    let Some(model) = form.model().cloned() else { return Err(nowhere()) };
    Ok(Request { payload: Shipment::Form(kept, model.span, incoming, form), model: Some(model.name) })
}

/// Who the request may go to: by the model that it names, or by the provider that its headers name.
async fn grant(worker: &Worker, caller: &Caller, arrival: &Arrival, request: &Request) -> Outcome<Grant> {
    let gateway = worker.gateway();
    let protocol = arrival.dialect.protocol();
    let find = |caller: &Caller| match &request.model {
        Some(model) => {
            accept::check_model(model)?;
            authorise::authorise_model(&gateway.cards, caller, model)
        }
        None => authorise::authorise_provider(caller, header(&arrival.headers, &PROVIDER), protocol),
    };
    match find(caller) {
        Err(_) if gateway.looked_again().await => {
            let caller = super::authenticate::authenticate(gateway, arrival)?;
            find(&caller)
        }
        granted => granted,
    }
}

/// Where a carried request goes below a provider's address.
fn address<'a>(
    provider: &'a ProviderState,
    model: &str,
    protocol: Protocol,
    carried: &Carried,
) -> Outcome<Cow<'a, Endpoint>> {
    let record = &provider.record;
    match &provider.link {
        Link::Network => {}
        Link::Sandbox => return Err(no_endpoint(&record.name, carried)),
        Link::Faulty(fault) => {
            let message = format!("the provider `{}` cannot be used: {fault}", record.name);
            return Err(Complaint::new(Code::ProviderUnreachable, message));
        }
    }
    if carried.has_model() {
        let side = provider.side(protocol, carried.task, model);
        let found = side.endpoint(carried.task, Delivery::Whole, model).filter(|_| side.serves(carried.task));
        return found.ok_or_else(|| no_endpoint(&record.name, carried));
    }
    // The main protocol's address is the base URL; another one's is not known for whatever there is.
    let version = match record.protocol {
        own if own != protocol => return Err(no_endpoint(&record.name, carried)),
        Protocol::Anthropic => "/v1",
        _ => "",
    };
    let query = carried.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let address = format!("{}{version}/{}{query}", record.base_url, carried.path);
    Endpoint::parse(&address).map(Cow::Owned).map_err(|error| Complaint::new(Code::InvalidRequest, error.to_string()))
}

fn no_endpoint(provider: &str, carried: &Carried) -> Complaint {
    let message = format!(
        "the provider `{provider}` has no endpoint for /v1/{} that this gateway knows; choose another one",
        carried.path
    );
    Complaint::new(Code::UnsupportedFeature, message)
}

async fn send(
    worker: &Worker,
    (target, arrival, carried): (&Target, &Arrival, &Carried),
    request: Request,
    trace: &mut Option<Trace>,
) -> Outcome<(Upstream, Instant)> {
    let protocol = arrival.dialect.protocol();
    if matches!(target.provider.link, Link::Sandbox) && carried.has_model() {
        return in_process(carried, target, request.payload, trace).await;
    }
    let endpoint = address(&target.provider, &target.model, protocol, carried)?;
    let side = target.provider.side(protocol, carried.task, &target.model);
    let mut headers = translate::signed_headers(side, &arrival.headers);
    headers.remove(CONTENT_TYPE);
    for name in [CONTENT_TYPE, ACCEPT] {
        if let Some(value) = arrival.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let Some(trace) = trace.as_mut() else { return Err(nowhere()) };
    let hold = hold::carried(worker, target, carried.is_free(), trace)?;
    trace.held(hold);
    trace.sent(None);
    let payload = shipped(request.payload, &target.model);
    let limits = worker.gateway().limits();
    let outgoing = Outgoing {
        endpoint: &endpoint,
        method: carried.method.clone(),
        headers,
        body: payload,
        patience: Patience { connect: limits.connect },
    };
    let sent = Instant::now();
    let sending = worker.client().send(outgoing);
    tokio::pin!(sending);
    let response = match timeout(ANNOUNCE_AFTER, &mut sending).await {
        Ok(response) => response,
        Err(_) => {
            trace.announce();
            // An upload takes its time: only the whole is limited.
            timeout_at(sent + limits.total, sending)
                .await
                .map_err(|_| dispatch::no_end(&target.provider.record.name))?
        }
    };
    match response {
        Ok(response) => {
            let upstream = Upstream::network(response);
            trace.attempt(target.name(), Some(upstream.status), None);
            Ok((upstream, sent))
        }
        Err(error) => {
            let complaint = dispatch::unreachable(&target.provider.record.name, &error);
            trace.attempt(target.name(), None, Some(complaint.code));
            Err(complaint)
        }
    }
}

/// Asks the built-in provider, which wants all of a request.
async fn in_process(
    carried: &Carried,
    target: &Target,
    payload: Shipment,
    trace: &mut Option<Trace>,
) -> Outcome<(Upstream, Instant)> {
    let Some(trace) = trace.as_mut() else { return Err(nowhere()) };
    trace.sent(None);
    let sent = Instant::now();
    let response = match payload {
        Shipment::Json(bytes, span) => sandbox::answer(carried.task, &named(bytes, span, &target.model)),
        Shipment::Form(kept, _, rest, form) => {
            let mut upload = Upload::new(VecDeque::from([Bytes::from(kept)]), rest, Some(form));
            let mut bytes = 0;
            while let Some(frame) = upload.frame().await {
                let frame = frame.map_err(|error| Complaint::new(Code::InvalidRequest, error.to_string()))?;
                bytes += frame.data_ref().map_or(0, Bytes::len);
            }
            sandbox::heard(&target.model, bytes)
        }
        Shipment::Raw(_) => return Err(no_endpoint(&target.provider.record.name, carried)),
    };
    let upstream = Upstream::sandbox(response);
    trace.attempt(target.name(), Some(upstream.status), None);
    Ok((upstream, sent))
}

/// A JSON body with the target's own name for the model in it.
fn named(bytes: Bytes, span: Option<std::ops::Range<usize>>, model: &str) -> Bytes {
    let mut body = Body::new(bytes);
    if let Some(span) = span {
        body.replace(span, serde_json::to_vec(model).unwrap_or_default());
    }
    body.finish()
}

/// The body with the target's own name for the model in it.
fn shipped(payload: Shipment, model: &str) -> Payload {
    match payload {
        Shipment::Json(bytes, span) => named(bytes, span, model).into(),
        Shipment::Form(mut kept, span, rest, form) => {
            kept.splice(span, model.bytes());
            let read = VecDeque::from([Bytes::from(kept)]);
            Payload::Coming(Box::pin(Upload::new(read, rest, Some(form))))
        }
        Shipment::Raw(rest) => Payload::Coming(Box::pin(Upload::new(VecDeque::new(), rest, None))),
    }
}

/// A carried call whose answer comes.
struct Job<'a> {
    target: &'a Target,
    carried: &'a Carried,
    dialect: &'static dyn dialect::CallerDialect,
    caller: &'a Caller,
    wish: metering::Wish,
}

impl Job<'_> {
    async fn answered(
        &self,
        worker: &Worker,
        (upstream, sent): (Upstream, Instant),
        slot: &mut Option<Trace>,
    ) -> Outcome<Answer> {
        let Upstream { status, headers, body } = upstream;
        let name = &self.target.provider.record.name;
        if !(200..300).contains(&status) {
            let side = self.target.provider.side(self.dialect.protocol(), self.carried.task, &self.target.model);
            let upstream = Upstream { status, headers, body };
            let (headers, content) = dispatch::refused(&self.target.provider, side, upstream).await?;
            return Ok(self.answer(status, headers, content));
        }
        let deadline = sent + worker.gateway().limits().total;
        let kind = header(&headers, &CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let mut shown = dispatch::shown(&headers);
        for name in [CONTENT_TYPE, CONTENT_DISPOSITION, CONTENT_LENGTH] {
            if let Some(value) = headers.get(&name) {
                shown.insert(name, value.clone());
            }
        }
        if kind.starts_with("application/json") || status == 204 {
            shown.remove(CONTENT_LENGTH);
            let collecting = body.collect(MOST_REPLY);
            let bytes = timeout_at(deadline, collecting).await.map_err(|_| dispatch::no_end(name))??;
            let usage = self.usage(worker, &bytes);
            let sight = Sight { usage, ..Sight::default() };
            return Ok(self.answer(status, shown, Content::Whole { bytes, sight, stream: None }));
        }
        let carriage = match kind.starts_with(Framing::Events.media_type()) {
            true => Carriage::Forward(Box::new(metering::Watch(self.carried.task)), Layout::AsItCame),
            false => Carriage::Raw,
        };
        let asked = Asked { task: Task::Chat, include_usage: false, form: StreamForm::Usual };
        let writer = self.dialect.stream_writer(asked);
        let mut trace = slot.take().ok_or_else(nowhere)?;
        trace.streams();
        let pace = Pace { idle: worker.gateway().limits().idle, deadline };
        let stream = AnswerStream::new((body, Framing::Events), carriage, writer, trace, pace);
        let stream = stream.consuming(self.wish.spoken(self.carried.task));
        Ok(self.answer(status, shown, Content::Carried(Box::new(stream))))
    }

    fn answer(&self, status: u16, headers: HeaderMap, content: Content) -> Answer {
        let target = Some(self.target.clone());
        Answer { status, headers, target, route: None, dropped: Vec::new(), content }
    }

    /// What the call itself consumed. A batch that has ended is booked besides, once.
    fn usage(&self, worker: &Worker, bytes: &[u8]) -> Option<crate::canonical::UsageReport> {
        if self.carried.has_model() {
            return metering::usage(self.carried.task, bytes, &self.wish);
        }
        if self.carried.task == Task::Batch {
            settle::batch(worker, self.caller, &self.target.provider, bytes);
        }
        None
    }
}
