//! The trace of a call: filled in on the way, written when the call ends, however it ends.

mod closing;

use super::Gateway;
use super::call::{Arrival, Call, Caller, Target, Wanted};
use super::estimate::{self, Evidence, Unsure};
use super::hold::Hold;
use super::partial;
use super::route::Plan;
use crate::budget::{Pass, Standing};
use crate::canonical::{Code, Complaint};
use crate::catalogue::Model;
use crate::dialect::Sight;
use crate::records::{Attempt, Charge, Evaluation, Stage, Status, TraceRecord, UsageSource};
use crate::store::Ticket;
use crate::types::{Money, Protocol, Task, TeamId, Time, TraceId, Usage};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// The HTTP status that a trace has when the caller hung up before it got one.
const CLIENT_CLOSED: u16 = 499;

/// Of the words of a streamed answer so many bytes are kept at most, and half of them at least; the rest is scaled.
const MOST_SAID: usize = 16 * 1024;

/// A record under way. Dropped before it was finished, it is written as interrupted.
pub(crate) struct Trace {
    gateway: Arc<Gateway>,
    arrived: Instant,
    /// None once written.
    record: Option<Box<TraceRecord>>,
    card: Option<Model>,
    /// What an estimate needs; there once the call went out.
    evidence: Option<Evidence>,
    /// Whether a row says that the call is under way.
    announced: bool,
    sent: Option<Instant>,
    /// What for, where the call is only carried: then nothing is estimated.
    carried: Option<Task>,
    /// Bytes of the answer's words that were not kept.
    unkept: usize,
    /// The words of a whole answer that has come in part.
    partly: String,
    /// The team that the caller is in.
    team: Option<TeamId>,
    /// How many answers were asked for.
    answers: u64,
    /// Its place within the limits on rates.
    pass: Option<Pass>,
    /// How these stand.
    standing: Option<Standing>,
    /// What is held for the attempt under way.
    hold: Option<Hold>,
    /// What is held for attempts that failed and may be billed all the same.
    earlier: Vec<Hold>,
}

impl Trace {
    /// A trace that starts now.
    pub fn start(gateway: Arc<Gateway>, protocol: Protocol) -> Trace {
        let id = gateway.next_id(Time::now());
        Trace {
            record: Some(Box::new(blank(id, protocol))),
            gateway,
            arrived: Instant::now(),
            card: None,
            evidence: None,
            announced: false,
            sent: None,
            carried: None,
            unkept: 0,
            partly: String::new(),
            team: None,
            answers: 1,
            pass: None,
            standing: None,
            hold: None,
            earlier: Vec::new(),
        }
    }

    /// The id, as callers see it.
    pub fn id(&self) -> TraceId {
        self.record.as_ref().map_or(TraceId(0), |record| record.id)
    }

    fn edit(&mut self, edit: impl FnOnce(&mut TraceRecord)) {
        if let Some(record) = self.record.as_deref_mut() {
            edit(record);
        }
    }

    /// What the head of the request says.
    pub fn arrival(&mut self, arrival: &mut Arrival) {
        let (tags, session) = (std::mem::take(&mut arrival.tags), arrival.session.take());
        let task = if let Wanted::Task(task, _) = arrival.wanted { Some(task) } else { None };
        self.edit(|record| (record.task, record.tags, record.session) = (task, tags, session));
    }

    /// The call is only carried.
    pub fn carried(&mut self, task: Task) {
        self.carried = Some(task);
        self.edit(|record| record.task = Some(task));
    }

    /// The model that a carried call names.
    pub fn asked(&mut self, model: Option<&str>) {
        let model = model.map(str::to_owned);
        self.edit(|record| record.requested_model = model);
    }

    /// Whose call it is. The key's tags win over the caller's.
    pub fn caller(&mut self, caller: &Caller) {
        let key = &caller.key.key;
        self.team = caller.key.team.as_ref().map(|team| team.id);
        self.edit(|record| {
            (record.org, record.user, record.key) = (Some(key.org), Some(key.user), Some(key.id));
            record.tags.extend(key.tags.iter().map(|(name, value)| (name.clone(), value.clone())));
        });
    }

    /// What is asked.
    pub fn call(&mut self, call: &Call) {
        let (model, stream) = (call.peek.model.value.clone(), call.peek.stream);
        self.answers = call.peek.n;
        self.edit(|record| (record.requested_model, record.stream) = (Some(model), stream));
    }

    /// Where it will go.
    pub fn plan(&mut self, plan: &Plan) {
        let route = plan.route().map(|route| route.id);
        self.edit(|record| record.route = route);
        if let Some(target) = plan.targets().first() {
            self.target(target);
        }
    }

    /// Where it goes now.
    pub fn target(&mut self, target: &Target) {
        self.card = target.card;
        let provider = target.provider.record.id;
        let model = Some(target.model.clone()).filter(|model| !model.is_empty());
        self.edit(|record| (record.provider, record.model) = (Some(provider), model));
    }

    /// The request goes out now; without evidence, it is one that no provider bills.
    pub fn sent(&mut self, evidence: Option<Evidence>) {
        let now = Instant::now();
        let overhead = micros(now - self.arrived);
        self.evidence = evidence;
        self.sent = Some(now);
        self.edit(|record| record.overhead_us = overhead);
    }

    /// The provider surely bills nothing: it was not reached, or it refused.
    pub fn unbilled(&mut self) {
        self.evidence = None;
    }

    /// Writes down that the call is under way, so that a killed process leaves a trace of it.
    pub fn announce(&mut self) {
        if self.announced {
            return;
        }
        self.announced = true;
        let latency = micros(self.arrived.elapsed());
        self.edit(|record| record.latency_us = latency);
        let Some(mut record) = self.record.clone() else { return };
        if let Some(evidence) = &self.evidence {
            // What stays of it if the process is killed: the prompt will be billed.
            record.usage = estimate::roughly(Usage::default(), evidence, 0, self.card.as_ref());
            record.usage_source = UsageSource::Estimated;
            estimate::price(&mut record, self.card.as_ref(), None);
        }
        self.gateway.ledger().note(record);
    }

    /// The answer will be streamed, perhaps for long.
    pub fn streams(&mut self) {
        if let Some(evidence) = &mut self.evidence {
            evidence.trim();
        }
        self.announce();
    }

    /// One try is over.
    pub fn attempt(&mut self, model: String, http_status: Option<u16>, error: Option<Code>) {
        let latency_us = self.sent.map_or(0, |sent| micros(sent.elapsed()));
        let error = error.map(|code| code.as_str().to_owned());
        self.edit(|record| record.attempts.push(Attempt { model, http_status, error, latency_us }));
    }

    /// What could not be translated.
    pub fn dropped(&mut self, paths: &[String]) {
        self.edit(|record| record.dropped.extend_from_slice(paths));
    }

    /// The notes that the call carries.
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.record.as_ref().map(|record| record.tags.clone()).unwrap_or_default()
    }

    /// What policies came to, one way; a later look takes the place of an earlier one.
    pub fn guarded(&mut self, way: Stage, evaluations: Vec<Evaluation>) {
        self.edit(|record| {
            record.guards.retain(|evaluation| evaluation.stage != way);
            record.guards.extend(evaluations);
        });
    }

    /// The first byte of the answer is there.
    pub fn first_byte(&mut self) {
        let now = micros(self.arrived.elapsed());
        self.edit(|record| record.first_token_us = record.first_token_us.or(Some(now)));
    }

    /// Keeps of the words of a streamed answer what an estimate needs: the memory of a stream has a bound.
    pub fn keep_short(&mut self, said: &mut String) {
        if said.len() > MOST_SAID {
            let cut = (0..=MOST_SAID / 2).rev().find(|at| said.is_char_boundary(*at)).unwrap_or_default();
            self.unkept += said.len() - cut;
            said.truncate(cut);
        }
    }

    /// A whole answer broke off; this is what had come of it.
    pub fn partly(&mut self, bytes: &[u8]) {
        const MOST: usize = 256 * 1024;
        let mut said = partial::words(&bytes[..bytes.len().min(MOST)]);
        self.keep_short(&mut said);
        self.partly = said;
    }

    /// Leaves no record of the call.
    pub fn forget(mut self) {
        self.record = None;
    }

    /// The caller gets a whole answer.
    pub fn answered(&mut self, http_status: u16, sight: Sight) -> Option<Written> {
        self.finish(Ending { status: Status::Ok, http_status, error: None, message: None, sight, whole: true })
    }

    /// The caller gets an error instead of an answer, or at the end of half an answer.
    pub fn complained(&mut self, complaint: &Complaint, sight: Sight) -> Option<Written> {
        let status = if is_refusal(complaint.code) { Status::Refused } else { Status::Error };
        let message = Some(complaint.message.clone().into_owned());
        let error = Some(complaint.code.as_str());
        self.finish(Ending { status, http_status: complaint.status, error, message, sight, whole: false })
    }

    /// The caller hung up.
    pub fn interrupted(&mut self, sight: Sight) {
        let ending = Ending {
            status: Status::Interrupted,
            http_status: CLIENT_CLOSED,
            error: Some("client_closed"),
            message: None,
            sight,
            whole: false,
        };
        self.finish(ending);
    }

    fn finish(&mut self, mut ending: Ending) -> Option<Written> {
        let mut record = self.record.take()?;
        if ending.sight.said.is_empty() {
            ending.sight.said = std::mem::take(&mut self.partly);
        }
        record.status = ending.status;
        record.http_status = ending.http_status;
        record.error = ending.error.map(Into::into);
        record.message.clone_from(&ending.message);
        record.latency_us = micros(self.arrived.elapsed());
        record.finish = ending.sight.finish.clone();
        let mut unsure = self.account(&mut record, &ending);
        self.leave(&record);
        let gateway = self.gateway.clone();
        let closing = gateway.book.closing(record.id);
        let holds = self.cost(&mut record, &ending, unsure.as_mut());
        let charge = record.payer(self.team).map(|payer| {
            let cost = record.cost.unwrap_or_default();
            Charge { call: record.id, payer, cost, is_batch: false }
        });
        let cost = record.cost;
        let refine = unsure.zip(self.evidence.take()).map(|both| (record.clone(), both));
        let ticket = gateway.ledger().write(record);
        self.charge(&holds, charge);
        drop(closing);
        if let Some((record, (unsure, evidence))) = refine {
            self.gateway.estimator().refine(record, evidence, unsure, self.card);
        }
        Some(Written { ticket, cost })
    }

    /// What a carried call says that it consumed; of one that says nothing the cost is not known, unless it is of a kind
    /// that nobody bills by the call.
    fn account_carried(&self, task: Task, record: &mut TraceRecord, ending: &Ending) {
        let reported = ending.sight.usage.as_ref();
        let Some(report) = reported else {
            let free = matches!(task, Task::File | Task::Batch | Task::Other) || record.http_status >= 300;
            record.cost = free.then_some(Money::ZERO);
            if task == Task::Moderation {
                record.usage_source = UsageSource::Reported;
                estimate::price(record, self.card.as_ref(), None);
            }
            return;
        };
        (record.usage, record.usage_source) = (report.usage, UsageSource::Reported);
        record.usage_raw = report.raw.as_ref().map(|raw| raw.get().to_owned());
        estimate::price(record, self.card.as_ref(), report.service_tier.as_deref());
    }

    /// Fills in usage and cost. Gives what must be counted where the provider did not say, or could
    /// not to the end.
    fn account(&self, record: &mut TraceRecord, ending: &Ending) -> Option<Unsure> {
        if let Some(task) = self.carried.filter(|_| self.sent.is_some()) {
            self.account_carried(task, record, ending);
            return None;
        }
        let Some(evidence) = &self.evidence else {
            record.cost = Some(Money::ZERO);
            return None;
        };
        let reported = ending.sight.usage.as_ref();
        let tier = reported.and_then(|report| report.service_tier.as_deref());
        record.usage = reported.map(|report| report.usage).unwrap_or_default();
        record.usage_raw = reported.and_then(|report| report.raw.as_ref()).map(|raw| raw.get().to_owned());
        // What the provider says with the end of its only answer is all, whoever was there to hear it.
        let is_over = ending.whole || (self.answers == 1 && ending.sight.finish.is_some());
        let certain = is_over && reported.is_some();
        record.usage_source = if certain { UsageSource::Reported } else { UsageSource::Estimated };
        if !certain {
            let said = ending.sight.said.len() + self.unkept;
            record.usage = estimate::roughly(record.usage, evidence, said, self.card.as_ref());
        }
        let default = self.hold.as_ref().and_then(Hold::default_price);
        estimate::price_or(record, self.card.as_ref(), tier, default.clone());
        (!certain).then(|| Unsure {
            reported: reported.map(|report| report.usage).unwrap_or_default(),
            said: ending.sight.said.clone(),
            unkept: self.unkept,
            tier: tier.map(str::to_owned),
            is_fixed: false,
            team: self.team,
            default,
        })
    }
}

/// A record that is on its way to the store.
pub(crate) struct Written {
    /// Ready when the record is safe.
    pub ticket: Ticket,
    /// What the call cost, if that is known.
    pub cost: Option<Money>,
}

struct Ending {
    status: Status,
    http_status: u16,
    error: Option<&'static str>,
    message: Option<String>,
    sight: Sight,
    /// Whether the provider came to its end, so that what it reported is all.
    whole: bool,
}

impl Drop for Trace {
    fn drop(&mut self) {
        if self.record.is_some() {
            self.interrupted(Sight::default());
        }
    }
}

/// Whether the gateway itself did not let the call through.
fn is_refusal(code: Code) -> bool {
    match code {
        Code::InvalidApiKey
        | Code::ApiKeyExpired
        | Code::ModelNotAllowed
        | Code::ModelNotFound
        | Code::ModelAmbiguous
        | Code::ProviderDisabled
        | Code::InvalidRequest
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTooLarge
        | Code::RequestTimeout
        | Code::BudgetExceeded
        | Code::PriceUnknown
        | Code::RateLimitExceeded
        | Code::UnsupportedFeature
        | Code::PolicyViolation
        | Code::Overloaded
        | Code::StorageUnavailable => true,
        Code::ProviderError
        | Code::ProviderKeyRejected
        | Code::ProviderUnreachable
        | Code::ProviderMalformed
        | Code::ProviderTimeout
        | Code::Internal => false,
    }
}

fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// A record of which nothing is known.
pub(crate) fn blank(id: TraceId, protocol: Protocol) -> TraceRecord {
    TraceRecord {
        id,
        org: None,
        user: None,
        key: None,
        provider: None,
        task: None,
        protocol,
        model: None,
        requested_model: None,
        route: None,
        status: Status::Running,
        http_status: 0,
        error: None,
        message: None,
        stream: false,
        attempts: Vec::new(),
        usage: Usage::default(),
        usage_source: UsageSource::None,
        usage_raw: None,
        cost: None,
        rates: None,
        latency_us: 0,
        first_token_us: None,
        overhead_us: 0,
        finish: None,
        dropped: Vec::new(),
        tags: Default::default(),
        session: None,
        guards: Vec::new(),
    }
}
