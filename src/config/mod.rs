//! Where this program keeps its files, and which environment variables it reads.
//!
//! It knows paths, modes and locks, and nothing of what the files hold.

mod environment;
mod home;
mod lock;

pub use environment::{
    ENVIRONMENT, EnvironmentVariable, HOME, MASTER_KEY, MASTER_KEY_SOURCE, ORG, PAGER, variable, variable_or_empty,
};
pub use home::{Home, HomeError};
pub use lock::{LockError, Serving, ServingLock};
