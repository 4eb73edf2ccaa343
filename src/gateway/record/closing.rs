//! What a trace does with money and rates: it takes holds along, and closes them when it is written.

use super::{Ending, Trace, micros};
use crate::budget::{HoldId, Pass, Standing};
use crate::gateway::estimate::Unsure;
use crate::gateway::hold::Hold;
use crate::records::{Charge, Payer, TraceRecord, UsageSource};
use crate::store::Ticket;
use crate::types::{Money, Time, Usage};

impl Trace {
    /// Whom the call is charged to, once that is known.
    pub fn payer(&self) -> Option<Payer> {
        self.record.as_ref().and_then(|record| record.payer(self.team))
    }

    /// Another attempt will be made: what was held for one that nobody bills is given back.
    pub fn next_attempt(&mut self) {
        let hold = self.hold.take();
        if self.evidence.take().is_some() {
            self.earlier.extend(hold);
        }
    }

    /// What is held for the attempt that goes out now.
    pub fn held(&mut self, hold: Hold) {
        self.hold = Some(hold);
    }

    /// Writes down that the call is under way and may cost so much; the ticket says when that is safe.
    pub fn announce_held(&mut self, amount: Money, input: u64) -> Option<Ticket> {
        self.announced = true;
        let earlier: Money = self.earlier.iter().filter_map(Hold::amount).sum();
        let mut record = self.record.clone()?;
        record.latency_us = micros(self.arrived.elapsed());
        record.usage = Usage { input, ..Usage::default() };
        record.usage_source = UsageSource::Estimated;
        record.cost = Some(amount.saturating_add(earlier));
        Some(self.gateway.ledger().announce(record))
    }

    /// The call is let in by the limits on rates.
    pub fn entered(&mut self, pass: Pass) {
        self.standing = Some(pass.standing);
        self.pass = Some(pass);
    }

    /// The call is not let in.
    pub fn limited(&mut self, standing: Standing) {
        self.standing = Some(standing);
    }

    /// How the limits on rates stand, where there are any.
    pub fn standing(&self) -> Option<Standing> {
        self.standing
    }

    /// The call is over, and this is what it consumed.
    pub(super) fn leave(&mut self, record: &TraceRecord) {
        if let Some(mut pass) = self.pass.take() {
            pass.consumed(record.usage.total());
        }
    }

    /// What the call cost. Of one that broke off nobody knows: under a hard budget that is the most that it can be. Gives
    /// the holds whose place the cost takes.
    pub(super) fn cost(
        &mut self,
        record: &mut TraceRecord,
        ending: &Ending,
        unsure: Option<&mut Unsure>,
    ) -> Vec<HoldId> {
        let (hold, earlier) = (self.hold.take(), std::mem::take(&mut self.earlier));
        if self.evidence.is_some()
            && (unsure.is_some() || record.cost.is_none())
            && let Some(most) = hold.as_ref().and_then(|h| h.narrowed(ending.sight.usage.as_ref().map(|r| &r.usage)))
        {
            (record.cost, record.rates, record.usage_source) = (Some(most), None, UsageSource::Estimated);
            if let Some(unsure) = unsure {
                unsure.is_fixed = true;
            }
        }
        let before: Money = earlier.iter().filter_map(Hold::amount).sum();
        if before > Money::ZERO {
            record.cost = record.cost.map(|cost| cost.saturating_add(before));
            record.usage_source = UsageSource::Estimated;
        }
        hold.into_iter().chain(earlier).filter_map(Hold::into_id).collect()
    }

    pub(super) fn charge(&self, holds: &[HoldId], charge: Option<Charge>) {
        let book = &self.gateway.book;
        let Some(charge) = charge.filter(|charge| !holds.is_empty() || (book.is_used() && charge.cost > Money::ZERO))
        else {
            return;
        };
        book.close(holds, &charge, Time::now()).into_iter().for_each(|event| self.gateway.ledger().tell(event));
    }
}
