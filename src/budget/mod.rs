//! Money and rates as limits on calls: what is spent, what is held, who waits.
//!
//! The [`Book`] knows the budgets and every call that is under way with them. A call holds a price that it cannot exceed
//! ([`Bound`]) in all budgets that apply to it, or in none; when it is over, its true cost takes the hold's place.
//! So the sum of what is spent and what is held stays within every hard limit.
//!
//! It knows no request, no provider and no table: who calls whom, what a request can cost at most and what is written
//! down is said elsewhere. The clock is the caller's, too.

mod account;
mod book;
mod bound;
mod index;
mod line;
mod news;
mod period;
mod rate;
mod state;
#[cfg(test)]
mod tests;

pub use account::Balance;
pub use book::{Asked, Book, Found, HoldId, Question};
pub use bound::{Bound, Kinds, Most};
pub use line::{Refusal, Waiting};
pub use period::{Span, is_zone, span};
pub use rate::{Gate, Kind, Left, Limited, Pass, Standing};
