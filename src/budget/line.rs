//! The waiting line: calls that only other calls' holds keep out, in order of arrival.

use super::account::AccountId;
use super::book::{Book, HoldId, Question};
use crate::records::Budget;
use crate::types::{Money, Time};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Why a call does not get its hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The budget that it does not fit into.
    pub budget: Arc<Budget>,
    /// That budget in words: `key:ci`.
    pub label: String,
    /// The limit that applies now.
    pub limit: Money,
    /// What is spent of it.
    pub spent: Money,
    /// What is held of it for other calls.
    pub held: Money,
    /// What the call can cost.
    pub amount: Money,
    /// When the budget is full again; none for never.
    pub resets: Option<Time>,
    /// Whether it waited for other calls in vain.
    pub has_waited: bool,
}

impl Refusal {
    /// What is left of the limit when all holds are given back.
    pub fn left(&self) -> Money {
        Money::from_pico(self.limit.pico().saturating_sub(self.spent.pico()).max(0))
    }
}

/// A call in the line.
pub(super) struct Waiter {
    pub number: u64,
    pub question: Question,
    /// The hard accounts that it needs.
    pub accounts: Vec<AccountId>,
    pub answer: oneshot::Sender<Result<HoldId, Refusal>>,
}

/// A place in the line. Dropped, it is given up, and so is a hold that came too late.
pub struct Waiting<'b> {
    pub(super) book: &'b Book,
    pub(super) number: u64,
    pub(super) answer: oneshot::Receiver<Result<HoldId, Refusal>>,
    pub(super) question: Question,
}

impl Waiting<'_> {
    /// Waits for the hold, at most so long.
    ///
    /// # Errors
    /// The time is over, or other calls turned out to cost what was left.
    pub async fn wait(mut self, patience: Duration) -> Result<HoldId, Refusal> {
        let asked = tokio::time::timeout(patience, &mut self.answer).await;
        match asked {
            Ok(Ok(answer)) => answer,
            // The time is over; but the answer may have come just now.
            _ => match self.answer.try_recv() {
                Ok(answer) => answer,
                Err(_) => self.book.leave(self.number, &self.question),
            },
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.book.give_up(self.number);
        if let Ok(Ok(hold)) = self.answer.try_recv() {
            self.book.release(hold);
        }
    }
}
