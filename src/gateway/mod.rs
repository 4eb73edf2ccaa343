//! The path of one call, a file a stage.
//!
//! ```text
//! accept -> authenticate -> authorise -> route
//!        -> dispatch [ guard, translate, send, translate back, guard ] -> record -> respond
//! ```
//!
//! [`handle`] reads as a table of contents: start there. The types that move along are in `call.rs`;
//! what a target is and how it is reached is in `snapshot.rs`; the trace that rides along, in `record.rs`.

mod accept;
mod answers;
mod authenticate;
mod authorise;
mod call;
mod cards;
mod carried;
mod ceiling;
mod coming;
mod cores;
mod cursor;
mod directory;
mod dispatch;
mod estimate;
mod forward;
mod going;
mod guarding;
mod hold;
mod metering;
mod models;
mod multipart;
mod needs;
mod partial;
mod probe;
mod rates;
mod record;
mod respond;
mod route;
mod routes;
mod serve;
mod settle;
mod side;
mod signing;
mod snapshot;
mod spares;
mod stream;
mod surroundings;
mod translate;
mod unfit;
mod upload;
mod upstream;

pub use directory::{Directory, Place};
pub use guarding::{Trial, Tried, try_guardrail, words_of};
pub use probe::{Address, Heard, Look, Pace, Probe, ProbeError, Way};
pub use serve::{Limits, Notice, Ready, ServeError, ServeOptions, serve};

use crate::budget::{Book, Gate};
use crate::canonical::{Code, Complaint};
use crate::dialect::UrlFacts;
use crate::http::Client;
use crate::store::Ledger;
use crate::types::{Task, Time, TraceId, TraceIds};
use arc_swap::{ArcSwap, Guard};
use call::{Answer, Arrival, Call, Caller, KeptAct, Outcome, Owner, Wanted};
use cards::Cards;
use estimate::Estimator;
use guarding::Guarding;
use http::{Request, Response};
use hyper::body::Incoming;
use record::Trace;
use respond::AnswerBody;
use route::Plan;
use snapshot::Snapshot;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// What all cores share.
pub(crate) struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    ledger: Arc<Ledger>,
    answers: answers::Answers,
    estimator: Estimator,
    book: Arc<Book>,
    gate: Arc<Gate>,
    ids: TraceIds,
    limits: Limits,
    cards: Cards,
    strangers: Strangers,
    freshness: Freshness,
}

/// What one core has for itself.
pub(crate) struct Worker {
    gateway: Arc<Gateway>,
    client: Client,
}

impl Worker {
    pub(crate) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

/// Answers one request.
pub(crate) async fn handle(worker: &Worker, request: Request<Incoming>) -> Response<AnswerBody> {
    let (head, body) = request.into_parts();
    let (dialect, arrival) = accept::accept(&head.method, &head.uri, head.headers);
    let arrival = match arrival {
        Ok(arrival) => arrival,
        Err(complaint) => return respond::plainly(dialect, &complaint),
    };
    match arrival.wanted.clone() {
        Wanted::Task(task, url) => call_a_model(worker, arrival, (task, url, body)).await,
        Wanted::Models => respond::listing(dialect, list_models(worker, &arrival).await),
        Wanted::Model(id) => respond::listing(dialect, show_model(worker, &arrival, &id).await),
        Wanted::Show => respond::listing(dialect, show_named(worker, arrival, body).await),
        Wanted::Version => respond::listing(dialect, Ok(VERSION.into())),
        // Models run at their providers: none is loaded here.
        Wanted::Running => respond::listing(dialect, Ok("{\"models\":[]}".into())),
        Wanted::Carry(carried) => Box::pin(forward::forward(worker, arrival, carried, body)).await,
        Wanted::Kept(act, id, query) => respond::told(dialect, kept_answer(worker, &arrival, (act, &id, &query)).await),
    }
}

/// One call from arrival to response; whatever happens, its trace is written.
async fn call_a_model(
    worker: &Worker,
    mut arrival: Arrival,
    (task, url, mut body): (Task, UrlFacts, Incoming),
) -> Response<AnswerBody> {
    let dialect = arrival.dialect;
    let mut trace = Some(Trace::start(worker.gateway.clone(), dialect.protocol()));
    if let Some(trace) = &mut trace {
        trace.arrival(&mut arrival);
    }
    match carry(worker, arrival, (task, url, &mut body), &mut trace).await {
        Ok(answer) => respond::respond(answer, trace).await,
        Err(complaint) => {
            // Rare, and large: kept out of the state of each call.
            Box::pin(async {
                accept::discard(body).await;
                respond::complain(dialect, &complaint, trace).await
            })
            .await
        }
    }
}

/// The stages, in the order in which they happen.
async fn carry(
    worker: &Worker,
    mut arrival: Arrival,
    (task, url, body): (Task, UrlFacts, &mut Incoming),
    trace: &mut Option<Trace>,
) -> Outcome<Answer> {
    let gateway = worker.gateway();
    let mut caller = known(gateway, &arrival).await.inspect_err(|_| gateway.strangers.look_at(trace))?;
    note(trace, |trace| trace.caller(&caller));
    gateway.check_storage().inspect_err(|_| gateway.spare_memory(trace))?;
    let facts = accept::Facts { task, url, owner: Owner::of(&caller), limit: gateway.limits.max_body };
    let mut call = accept::receive(&mut arrival, facts, body).await?;
    note(trace, |trace| trace.call(&call));
    if caller.version != gateway.snapshot().version {
        // While the body came the key may have been revoked.
        caller = known_again(gateway, &arrival, trace)?;
    }
    let plan = match planned(gateway, &caller, &call) {
        Err(_) if gateway.looked_again().await => {
            caller = known_again(gateway, &arrival, trace)?;
            planned(gateway, &caller, &call)?
        }
        plan => plan?,
    };
    answers::look_up(worker, &caller, &mut call).await?;
    note(trace, |trace| trace.plan(&plan));
    rates::enter(gateway, trace, call.body.len())?;
    let standing = trace.as_ref().and_then(Trace::standing);
    let protocol = arrival.dialect.protocol();
    let guarding = trace.as_ref().and_then(|trace| Guarding::of(&caller, trace));
    let mut answer = dispatch::dispatch(worker, plan, (&caller, call, guarding), trace).await?;
    rates::put(&mut answer.headers, protocol, standing);
    Ok(answer)
}

/// Whose call it is. A key that is not known may have been made a moment ago.
async fn known(gateway: &Gateway, arrival: &Arrival) -> Outcome<Caller> {
    match authenticate::authenticate(gateway, arrival) {
        Err(complaint) if complaint.message == authenticate::UNKNOWN && gateway.looked_again().await => {
            authenticate::authenticate(gateway, arrival)
        }
        found => found,
    }
}

/// Whose call it is now: what is configured may have changed since it arrived, and with it whose the key is.
fn known_again(gateway: &Gateway, arrival: &Arrival, trace: &mut Option<Trace>) -> Outcome<Caller> {
    let caller = authenticate::authenticate(gateway, arrival)?;
    note(trace, |trace| trace.caller(&caller));
    Ok(caller)
}

/// Whether the caller may call the model, and where the call goes.
fn planned(gateway: &Gateway, caller: &Caller, call: &Call) -> Outcome<Plan> {
    let grant = authorise::authorise(&gateway.cards, caller, call)?;
    route::route(&gateway.cards, caller, call, grant)
}

fn note(trace: &mut Option<Trace>, what: impl FnOnce(&mut Trace)) {
    if let Some(trace) = trace {
        what(trace);
    }
}

/// The answer of `api/version`, which Ollama's clients ask before anything else.
const VERSION: &str = concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}");

async fn show_named(worker: &Worker, mut arrival: Arrival, mut body: Incoming) -> Outcome<bytes::Bytes> {
    let owner = Owner::of(&known(worker.gateway(), &arrival).await?);
    let id = accept::named_model(&mut arrival, owner, &mut body, worker.gateway().limits.max_body).await?;
    show_model(worker, &arrival, &id).await
}

async fn list_models(worker: &Worker, arrival: &Arrival) -> Outcome<bytes::Bytes> {
    let gateway = worker.gateway();
    let caller = known(gateway, arrival).await?;
    Ok(arrival.dialect.write_models(&models::callable(&gateway.cards, &caller)))
}

async fn kept_answer(
    worker: &Worker,
    arrival: &Arrival,
    (act, id, query): (KeptAct, &str, &str),
) -> Outcome<answers::Told> {
    let caller = known(worker.gateway(), arrival).await?;
    answers::act(worker, &caller, act, (id, query)).await
}

async fn show_model(worker: &Worker, arrival: &Arrival, id: &str) -> Outcome<bytes::Bytes> {
    let gateway = worker.gateway();
    let caller = known(gateway, arrival).await?;
    accept::check_model(id)?;
    let card = authorise::look_up(&gateway.cards, &caller, id)?;
    Ok(arrival.dialect.write_model(&card))
}

impl Gateway {
    fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// While nothing can be written, refusals do not pile up in memory: the rows of answers need the room.
    fn spare_memory(&self, trace: &mut Option<Trace>) {
        const MOST: usize = 10_000;
        if self.ledger.waiting() > MOST
            && let Some(trace) = trace.take()
        {
            trace.forget();
        }
    }

    /// Has the configuration looked at once more, now, before somebody is refused because of it. Says
    /// whether it had changed.
    async fn looked_again(&self) -> bool {
        const LONGEST: Duration = Duration::from_secs(1);
        let before = self.snapshot().version;
        let mut looks = self.freshness.looks.subscribe();
        self.freshness.wanted.notify_one();
        // The writer of configuration has committed before the call came: any look from now on sees it.
        let _ = tokio::time::timeout(LONGEST, looks.changed()).await;
        self.snapshot().version != before
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next_id(&self, now: Time) -> TraceId {
        self.ids.next(now)
    }

    /// # Errors
    /// [`Code::StorageUnavailable`] while records cannot be written.
    fn check_storage(&self) -> Outcome<()> {
        if !self.ledger.is_stalled() {
            return Ok(());
        }
        let message = "the gateway cannot write its records, so it takes no calls; look at the disk that holds its home \
            (`optscale-ai doctor` names it)";
        Err(Complaint::new(Code::StorageUnavailable, message).with_retry_after(Some(Duration::from_secs(2))))
    }
}

/// Calls without a valid key: ten a second get a trace, so that nobody fills the disk from outside.
struct Strangers(std::sync::Mutex<(Instant, u32)>);

impl Strangers {
    const MOST_A_SECOND: u32 = 10;

    fn new() -> Strangers {
        Strangers(std::sync::Mutex::new((Instant::now(), 0)))
    }

    /// Takes the trace away from a call that is one too many.
    fn look_at(&self, trace: &mut Option<Trace>) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0.elapsed() >= Duration::from_secs(1) {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        if window.1 > Strangers::MOST_A_SECOND
            && let Some(trace) = trace.take()
        {
            trace.forget();
        }
    }
}

/// Between those who want the configuration looked at and the one who looks.
struct Freshness {
    /// Somebody does not want to wait for the next look.
    wanted: tokio::sync::Notify,
    /// How many looks there were.
    looks: tokio::sync::watch::Sender<u64>,
}

impl Freshness {
    fn new() -> Freshness {
        Freshness { wanted: tokio::sync::Notify::new(), looks: tokio::sync::watch::Sender::new(0) }
    }
}
