//! The models, and how their answers travel.

use http::StatusCode;
use std::time::Duration;

/// Between two chunks of the slow model.
pub(super) const SLOW_CHUNK: Duration = Duration::from_millis(50);
/// How many words the slow model says, so that it takes about two seconds.
pub(super) const SLOW_WORDS: usize = 40;

/// What a model does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Model {
    /// Repeats the last user message.
    Echo,
    /// Says one sentence.
    Fixed,
    /// Calls tools.
    Tools,
    /// Counts slowly.
    Slow,
    /// Breaks off.
    Cut,
    /// Fails with this status.
    Error(StatusCode),
}

impl Model {
    /// The model of that name.
    pub fn parse(name: &str) -> Option<Model> {
        Some(match name {
            "echo" => Model::Echo,
            "fixed" => Model::Fixed,
            "tools" => Model::Tools,
            "slow" => Model::Slow,
            "cut" => Model::Cut,
            _ => Model::Error(status(name.strip_prefix("error-")?)?),
        })
    }

    /// How long it waits between two chunks.
    pub fn pace(self) -> Duration {
        if self == Model::Slow { SLOW_CHUNK } else { Duration::ZERO }
    }
}

/// A status of three digits that says failure.
fn status(digits: &str) -> Option<StatusCode> {
    let status = StatusCode::from_bytes(digits.as_bytes()).ok()?;
    (status.is_client_error() || status.is_server_error()).then_some(status)
}
