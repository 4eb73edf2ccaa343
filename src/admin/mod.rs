//! One function an administrative act: check, store, raise the configuration's version in the same transaction.
//! Nothing else writes configuration.
//!
//! It knows no command line, no table and no page; what it refuses, it refuses with a reason that a person can act on.

mod access;
pub mod budgets;
pub mod care;
pub mod contracts;
mod error;
pub mod file;
pub mod guardrails;
pub mod import;
mod init;
pub mod keys;
pub mod limits;
mod names;
pub mod orgs;
pub mod policies;
pub mod providers;
pub mod rekey;
pub mod routes;
pub mod sheets;
pub mod teams;
pub mod users;
mod vendor;

pub use error::AdminError;
pub use init::{Init, Initialised, Made, init, login_name, master_key_source, open, open_sealer};

#[cfg(test)]
mod tests;
