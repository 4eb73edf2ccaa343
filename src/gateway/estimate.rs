//! What a call consumed when the provider did not say: a rough count at once, so that the row has a
//! cost from the first moment, and a tokenizer's count a little later, off the path of calls.

use crate::budget::Book;
use crate::catalogue::Model;
use crate::dialect::CallerDialect;
use crate::price::Rates;
use crate::records::{TraceRecord, UsageSource};
use crate::store::Ledger;
use crate::tokens;
use crate::types::{Money, Task, TeamId, Usage};
use bytes::Bytes;
use std::sync::{Arc, mpsc};

/// Of a longer request only so much is kept while its answer streams; the rest is scaled.
const KEPT: usize = 64 * 1024;
/// English text and JSON have about four bytes a token.
const BYTES_PER_TOKEN: u64 = 4;
/// More than this many answers waiting for their count keep the rough one.
const WAITING: usize = 1024;

/// What remains of a request for an estimate.
pub(crate) struct Evidence {
    dialect: &'static dyn CallerDialect,
    task: Task,
    body: Bytes,
    full_length: usize,
}

impl Evidence {
    /// Keeps the body, without a copy.
    pub fn new(dialect: &'static dyn CallerDialect, task: Task, body: &Bytes) -> Evidence {
        Evidence { dialect, task, body: body.clone(), full_length: body.len() }
    }

    /// Keeps of a long body the beginning only, for the time of a streamed answer.
    pub fn trim(&mut self) {
        if self.body.len() > KEPT {
            // A slice would keep the whole buffer alive.
            self.body = Bytes::copy_from_slice(&self.body[..KEPT]);
        }
    }

    fn prompt_tokens(&self, model: &str) -> u64 {
        let whole = self.body.len() == self.full_length;
        let texts = std::str::from_utf8(&self.body).ok().filter(|_| whole);
        match texts.and_then(|body| self.dialect.texts(self.task, body).ok()) {
            Some(texts) => texts.iter().map(|text| tokens::count(model, &text.value)).sum(),
            None => {
                let counted = tokens::count(model, &String::from_utf8_lossy(&self.body));
                let (part, full) = (self.body.len().max(1) as u64, self.full_length as u64);
                counted.saturating_mul(full) / part
            }
        }
    }
}

/// Counts by bytes what the provider did not report. Images in base 64 have many bytes and few tokens: no
/// estimate is larger than what the model can take in.
pub(crate) fn roughly(reported: Usage, evidence: &Evidence, said: usize, card: Option<&Model>) -> Usage {
    let tokens = |bytes: usize| (bytes as u64).div_ceil(BYTES_PER_TOKEN);
    complete(reported, within_window(tokens(evidence.full_length), card), tokens(said))
}

fn within_window(tokens: u64, card: Option<&Model>) -> u64 {
    tokens.min(card.and_then(|card| card.context_window).unwrap_or(u64::MAX))
}

/// A provider that broke off may have reported its input, and only a part of its output.
fn complete(reported: Usage, prompt: u64, said: u64) -> Usage {
    Usage {
        input: if reported.input > 0 { reported.input } else { prompt },
        output: reported.output.max(said),
        ..reported
    }
}

/// Fills in what a usage costs, by the prices at the time of the call.
pub(crate) fn price(record: &mut TraceRecord, card: Option<&Model>, tier: Option<&str>) {
    let rates = card.and_then(|card| card.rates(record.id.time(), &record.usage, tier));
    record.cost = rates.as_ref().and_then(|rates| rates.cost(&record.usage));
    record.rates = rates.map(Arc::new);
    if record.usage == Usage::default() && record.usage_source == UsageSource::Reported {
        record.cost = record.cost.or(Some(Money::ZERO));
    }
}

/// The same, by another price where the model has none.
pub(crate) fn price_or(
    record: &mut TraceRecord,
    card: Option<&Model>,
    tier: Option<&str>,
    default: Option<Arc<Rates>>,
) {
    price(record, card, tier);
    if record.cost.is_none()
        && let Some(rates) = default
    {
        record.cost = rates.cost(&record.usage);
        record.rates = Some(rates);
    }
}

/// An answer whose usage is not, or not wholly, known.
pub(crate) struct Unsure {
    /// What the provider said of it.
    pub reported: Usage,
    /// Its words, or the first of them.
    pub said: String,
    /// How many bytes of words there were besides.
    pub unkept: usize,
    /// The class of service, where the provider named it.
    pub tier: Option<String>,
    /// Whether the cost is what a budget held for the call, which stays.
    pub is_fixed: bool,
    /// The price of a model that has none of its own.
    pub default: Option<Arc<Rates>>,
    /// The team that the caller was in.
    pub team: Option<TeamId>,
}

struct Job {
    record: Box<TraceRecord>,
    evidence: Evidence,
    unsure: Unsure,
    card: Option<Model>,
}

/// A thread that counts tokens; it sleeps until something is uncertain.
pub(crate) struct Estimator(mpsc::SyncSender<Job>);

impl Estimator {
    /// Starts the thread; it ends with the last handle.
    pub fn start(ledger: Arc<Ledger>, book: Arc<Book>) -> std::io::Result<Estimator> {
        let (sender, jobs) = mpsc::sync_channel::<Job>(WAITING);
        std::thread::Builder::new().name("estimator".into()).spawn(move || {
            for job in jobs {
                let before = job.record.cost.unwrap_or_default();
                let team = job.unsure.team;
                let record = refined(job);
                if let Some(charge) = record.charge(team).filter(|charge| charge.cost != before) {
                    book.correct(&charge, before);
                }
                ledger.correct(record);
            }
        })?;
        Ok(Estimator(sender))
    }

    /// Counts again, with a tokenizer, and corrects the row.
    pub fn refine(&self, record: Box<TraceRecord>, evidence: Evidence, unsure: Unsure, card: Option<Model>) {
        // Where too many wait, the rough count stays: it is marked as an estimate all the same.
        let _ = self.0.try_send(Job { record, evidence, unsure, card });
    }
}

/// The count of a text of which only these bytes were counted, and the rest is like them.
fn scaled(counted: u64, kept: usize, unkept: usize) -> u64 {
    counted.saturating_mul((kept + unkept) as u64) / kept.max(1) as u64
}

fn refined(job: Job) -> Box<TraceRecord> {
    let Job { mut record, evidence, unsure, card } = job;
    let model = record.model.clone().unwrap_or_default();
    // Media and token numbers are no text: what counts no token keeps the rough figure.
    let prompt = match evidence.prompt_tokens(&model) {
        _ if unsure.reported.input > 0 => 0,
        0 => record.usage.input,
        counted => within_window(counted, card.as_ref()),
    };
    let said = scaled(tokens::count(&model, &unsure.said), unsure.said.len(), unsure.unkept);
    record.usage = complete(unsure.reported, prompt, said);
    if !unsure.is_fixed {
        price_or(&mut record, card.as_ref(), unsure.tier.as_deref(), unsure.default);
    }
    record
}
