//! Batches cost when they have ended: whoever looks at one then has it booked, once.
//!
//! The row of a batch has an id that is made of the provider and the batch: looked at again, the same row is written
//! again. OpenAI says what a batch consumed in the batch itself (`usage`, `model`), and bills half of the usual price,
//! which the catalogue has as the variant `batch`.

use super::call::Caller;
use super::estimate;
use super::record::blank;
use super::snapshot::ProviderState;
use super::{Worker, metering};
use crate::records::{Status, UsageSource};
use crate::types::{Task, Time, TraceId};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::sync::Arc;

#[derive(Deserialize)]
struct Batch<'a> {
    id: String,
    object: String,
    status: String,
    #[serde(default)]
    model: Option<String>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(default)]
    created_at: Option<i64>,
    #[serde(default)]
    completed_at: Option<i64>,
    #[serde(default)]
    cancelled_at: Option<i64>,
    #[serde(default)]
    expired_at: Option<i64>,
}

/// Books a batch, or each batch of a list, if it has ended and says what it consumed.
pub(crate) fn batch(worker: &Worker, caller: &Caller, provider: &Arc<ProviderState>, bytes: &[u8]) {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
    }
    let one: Option<&RawValue> = serde_json::from_slice(bytes).ok();
    let list: Option<List<'_>> = serde_json::from_slice(bytes).ok();
    let all = list.map(|list| list.data).or(one.map(|one| vec![one])).unwrap_or_default();
    for raw in all {
        if let Ok(batch) = serde_json::from_str::<Batch<'_>>(raw.get()) {
            book(worker, caller, provider, &batch);
        }
    }
}

fn book(worker: &Worker, caller: &Caller, provider: &Arc<ProviderState>, batch: &Batch<'_>) {
    let ended = matches!(batch.status.as_str(), "completed" | "cancelled" | "expired" | "failed");
    let report = batch.usage.and_then(|raw| metering::report(Task::Batch, raw));
    let Some(report) = report.filter(|report| ended && batch.object == "batch" && report.usage.total() > 0) else {
        return;
    };
    let when = batch.completed_at.or(batch.cancelled_at).or(batch.expired_at).or(batch.created_at);
    let gateway = worker.gateway();
    let id = row_id(provider.record.id.0, &batch.id, when.unwrap_or_default());
    let mut record = blank(id, provider.main().dialect.protocol());
    let key = &caller.key.key;
    (record.org, record.user, record.key) = (Some(key.org), Some(key.user), Some(key.id));
    record.tags = key.tags.clone();
    record.tags.insert("batch".to_owned(), batch.id.clone());
    record.provider = Some(provider.record.id);
    (record.task, record.model) = (Some(Task::Batch), batch.model.clone());
    (record.status, record.http_status) = (Status::Ok, 200);
    (record.usage, record.usage_source) = (report.usage, UsageSource::Reported);
    record.usage_raw = report.raw.map(|raw| raw.get().to_owned());
    let card = batch.model.as_deref().and_then(|model| gateway.cards.find(provider, model));
    estimate::price(&mut record, card.as_ref(), Some("batch"));
    let closing = gateway.book.closing(id);
    let charge = record.charge(caller.key.team.as_ref().map(|team| team.id)).filter(|_| gateway.book.is_used());
    gateway.ledger().note(Box::new(record));
    if let Some(charge) = charge {
        let events = gateway.book.close(&[], &charge, crate::types::Time::now());
        events.into_iter().for_each(|event| gateway.ledger().tell(event));
    }
    drop(closing);
}

/// The id of the row of a batch: the second in which it ended, and the rest made of its name, so that it is the same
/// whenever somebody looks.
fn row_id(provider: i64, batch: &str, ended_s: i64) -> TraceId {
    let digest = Sha256::digest(format!("{provider}/{batch}").as_bytes());
    let mut eight = [0u8; 8];
    eight.copy_from_slice(&digest[..8]);
    let hash = u64::from_be_bytes(eight);
    // A batch says seconds: the millisecond is free, too.
    let time = Time::from_millis(ended_s.saturating_mul(1000).saturating_add((hash % 1000) as i64));
    let within = (hash / 1000) as i64 & (TraceId::WITHIN_A_MILLISECOND - 1);
    TraceId(TraceId::first_at(time).0 | within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_same_row_whenever_it_is_looked_at() {
        let id = row_id(1, "batch_1", 1_760_000_000);
        assert_eq!(id, row_id(1, "batch_1", 1_760_000_000));
        assert_ne!(id, row_id(2, "batch_1", 1_760_000_000));
        assert_eq!(id.time().millis() / 1000, 1_760_000_000);
    }
}
