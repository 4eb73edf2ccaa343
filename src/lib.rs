//! optscale-ai: an AI gateway in one binary with one SQLite file.
//!
//! This page is the map. Imports go down only, from the first group to the last, and the modules of
//! the third group do not know one another: `tests/architecture.rs` holds both.
//!
//! **Words in, words out**
//! - [`cli`]: commands, tables, errors for people; the only place that prints.
//!
//! **What happens**
//! - [`gateway`]: the path of one call, a file a stage. Start at `gateway/mod.rs`.
//! - [`admin`]: one function an administrative act; the only writer of configuration.
//!
//! **What is known** (strangers to one another)
//! - [`dialect`]: wire protocols, one folder each, behind two traits.
//! - [`provider`]: where to send and how to sign; vendors are data files.
//! - [`catalogue`]: models, capabilities and dated prices.
//! - [`guardrail`]: checks of what is said, one file a type; in streams, too.
//! - [`policy`]: which policies apply, and what they come to.
//! - [`connect`]: what a client needs to be pointed here, one file a client.
//! - [`secrets`]: the master key, sealing and opening, the text of virtual keys.
//! - [`budget`]: what is spent and held, who waits, what a call can cost at most.
//! - [`store`]: the only place that knows SQL; its writer thread is the ledger, with a journal before it.
//! - [`config`]: home directory and environment variables.
//!
//! **Shared shapes**
//! - [`canonical`]: prompts, replies, events and complaints in no dialect's words.
//! - [`records`]: what is configured, and what is written down of a call.
//! - [`condition`]: conditions in CEL, compiled once.
//! - [`price`]: rates, and the arithmetic of a cost.
//! - [`tokens`]: how many tokens a text has, where nobody reported it.
//! - [`scan`]: JSON in one pass, for the few members that matter.
//! - [`body`]: bytes as they arrived, plus edits.
//! - [`http`]: the only HTTP client.
//! - [`types`]: ids, money, usage, time, secrets.

pub mod admin;
pub mod body;
pub mod budget;
pub mod canonical;
pub mod catalogue;
pub mod cli;
pub mod condition;
pub mod config;
pub mod connect;
pub mod dialect;
pub mod gateway;
pub mod guardrail;
pub mod http;
pub mod policy;
pub mod price;
pub mod provider;
pub mod records;
pub mod scan;
pub mod secrets;
pub mod store;
pub mod tokens;
pub mod types;
