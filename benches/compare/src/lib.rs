//! What the programs of the comparison share: command line, clock, marks in chunks, statistics, and the
//! CPU time and memory of a process.
//!
//! The programs are `mock` (a model provider), `load` (the clients), `floor` (the least a gateway can do)
//! and `table` (measurements in, Markdown out). The script `run` beside this package puts them together.
//! They are test equipment: a mistake in their use ends them with a message.

pub mod args;
pub mod clock;
pub mod process;
pub mod statistics;
