//! What a record of the journal says, and how it stands in bytes.
//!
//! A version, then one [`Entry`] in `postcard`'s format. Kinds are only ever added at the end; a field that is added
//! to one of them needs a new version, and the old one is still read.

use crate::price::Rates;
use crate::records::{Attempt, Evaluation, Status, TraceRecord};
use crate::store::column::{USAGE_SOURCES, at, place};
use crate::types::{KeyId, Money, OrgId, Protocol, ProviderId, RouteId, Task, TraceId, Usage, UserId};
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is written.
const VERSION: u8 = 2;
/// As [`VERSION`], without what policies came to, which stands behind the rest.
const WITHOUT_GUARDS: u8 = 1;

/// How much a row knows of its call. A later stage takes the place of an earlier one, never the other way round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::store) enum Stage {
    /// It is under way.
    Running,
    /// It is over.
    Finished,
    /// It is over, and its tokens were counted again.
    Corrected,
}

#[derive(Serialize, Deserialize)]
enum Entry<'a> {
    #[serde(borrow)]
    Running(Row<'a>),
    Finished(Row<'a>),
    Corrected(Row<'a>),
}

/// A trace's row. Names of columns, and numbers as they stand there.
#[derive(Serialize, Deserialize)]
struct Row<'a> {
    id: i64,
    org: Option<i64>,
    user: Option<i64>,
    key: Option<i64>,
    provider: Option<i64>,
    route: Option<i64>,
    task: Option<i64>,
    protocol: i64,
    status: i64,
    http_status: u16,
    stream: bool,
    model: Option<&'a str>,
    requested_model: Option<&'a str>,
    error: Option<&'a str>,
    message: Option<&'a str>,
    attempts: Cow<'a, [Attempt]>,
    usage: Usage,
    usage_source: i64,
    usage_raw: Option<&'a str>,
    cost: Option<i64>,
    rates: Option<Cow<'a, Rates>>,
    latency_us: u64,
    first_token_us: Option<u64>,
    overhead_us: u64,
    finish: Option<&'a str>,
    dropped: Cow<'a, [String]>,
    tags: Cow<'a, BTreeMap<String, String>>,
    session: Option<&'a str>,
}

/// Writes an entry into `space` and says how many bytes it took; none where it does not fit.
pub(super) fn encode(stage: Stage, record: &TraceRecord, space: &mut [u8]) -> Option<usize> {
    let (version, rest) = space.split_first_mut()?;
    *version = VERSION;
    let row = Row::of(record);
    let entry = match stage {
        Stage::Running => Entry::Running(row),
        Stage::Finished => Entry::Finished(row),
        Stage::Corrected => Entry::Corrected(row),
    };
    let both = (entry, record.guards.as_slice());
    Some(1 + postcard::serialize_with_flavor(&both, Space { bytes: rest, end: 0 }).ok()?)
}

/// Reads an entry; none where this version of the program does not know what it says.
pub(super) fn decode(bytes: &[u8]) -> Option<(Stage, TraceRecord)> {
    let (version, rest) = bytes.split_first()?;
    let (entry, rest) = postcard::take_from_bytes(rest).ok()?;
    let guards: Vec<Evaluation> = match *version {
        VERSION => postcard::from_bytes(rest).ok()?,
        WITHOUT_GUARDS => Vec::new(),
        _ => return None,
    };
    let (stage, row) = match entry {
        Entry::Running(row) => (Stage::Running, row),
        Entry::Finished(row) => (Stage::Finished, row),
        Entry::Corrected(row) => (Stage::Corrected, row),
    };
    Some((stage, TraceRecord { guards, ..row.record()? }))
}

/// Where an entry is written. Nearly all of its parts are one byte, which needs no copying.
struct Space<'s> {
    bytes: &'s mut [u8],
    end: usize,
}

impl Flavor for Space<'_> {
    type Output = usize;

    #[inline(always)]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        *self.bytes.get_mut(self.end).ok_or(postcard::Error::SerializeBufferFull)? = byte;
        self.end += 1;
        Ok(())
    }

    #[inline(always)]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        if let [byte] = bytes {
            return self.try_push(*byte);
        }
        let end = self.end + bytes.len();
        let space = self.bytes.get_mut(self.end..end).ok_or(postcard::Error::SerializeBufferFull)?;
        space.copy_from_slice(bytes);
        self.end = end;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<usize> {
        Ok(self.end)
    }
}

impl<'a> Row<'a> {
    fn of(record: &'a TraceRecord) -> Row<'a> {
        Row {
            id: record.id.0,
            org: record.org.map(|id| id.0),
            user: record.user.map(|id| id.0),
            key: record.key.map(|id| id.0),
            provider: record.provider.map(|id| id.0),
            route: record.route.map(|id| id.0),
            task: record.task.map(|task| place(&Task::ALL, task)),
            protocol: place(&Protocol::ALL, record.protocol),
            status: place(&Status::ALL, record.status),
            http_status: record.http_status,
            stream: record.stream,
            model: record.model.as_deref(),
            requested_model: record.requested_model.as_deref(),
            error: record.error.as_deref(),
            message: record.message.as_deref(),
            attempts: Cow::Borrowed(&record.attempts),
            usage: record.usage,
            usage_source: place(&USAGE_SOURCES, record.usage_source),
            usage_raw: record.usage_raw.as_deref(),
            cost: record.cost.map(Money::pico),
            rates: record.rates.as_deref().map(Cow::Borrowed),
            latency_us: record.latency_us,
            first_token_us: record.first_token_us,
            overhead_us: record.overhead_us,
            finish: record.finish.as_deref(),
            dropped: Cow::Borrowed(&record.dropped),
            tags: Cow::Borrowed(&record.tags),
            session: record.session.as_deref(),
        }
    }

    fn record(self) -> Option<TraceRecord> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Some(TraceRecord {
            id: TraceId(self.id),
            org: self.org.map(OrgId),
            user: self.user.map(UserId),
            key: self.key.map(KeyId),
            provider: self.provider.map(ProviderId),
            task: self.task.and_then(|n| at(&Task::ALL, n)),
            protocol: at(&Protocol::ALL, self.protocol)?,
            model: text(self.model),
            requested_model: text(self.requested_model),
            route: self.route.map(RouteId),
            status: at(&Status::ALL, self.status)?,
            http_status: self.http_status,
            error: text(self.error).map(Cow::Owned),
            message: text(self.message),
            stream: self.stream,
            attempts: self.attempts.into_owned(),
            usage: self.usage,
            usage_source: at(&USAGE_SOURCES, self.usage_source)?,
            usage_raw: text(self.usage_raw),
            cost: self.cost.map(Money::from_pico),
            rates: self.rates.map(|rates| Arc::new(rates.into_owned())),
            latency_us: self.latency_us,
            first_token_us: self.first_token_us,
            overhead_us: self.overhead_us,
            finish: text(self.finish).map(Cow::Owned),
            dropped: self.dropped.into_owned(),
            tags: self.tags.into_owned(),
            session: text(self.session),
            guards: Vec::new(),
        })
    }
}
