//! Traces: one narrow row a call, written by one thread, read by whoever asks.

mod filter;
mod read;
mod row;
mod write;

pub use filter::TraceFilter;
pub(super) use filter::{Bound, filter_sql};
pub use read::Found;
pub use row::{TraceDetail, TraceRow};
pub use write::Writer;

#[cfg(test)]
pub(super) mod tests;
