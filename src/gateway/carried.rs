//! Endpoints whose requests and answers are only carried: which URLs they have, and what they are for.

use super::call::Outcome;
use crate::canonical::{Code, Complaint};
use crate::types::Task;
use http::{Method, Uri};
use percent_encoding::percent_decode_str;

/// Endpoints that name a model in their body.
const OF_MODELS: [(&str, Task); 7] = [
    ("images/generations", Task::Image),
    ("images/edits", Task::ImageEdit),
    ("audio/speech", Task::Speech),
    ("audio/transcriptions", Task::Transcription),
    ("audio/translations", Task::Translation),
    ("moderations", Task::Moderation),
    ("rerank", Task::Rerank),
];

/// Endpoints that belong to a provider, with all that stands below them.
const OF_PROVIDERS: [(&str, Task); 10] = [
    ("files", Task::File),
    ("uploads", Task::File),
    ("batches", Task::Batch),
    ("messages/batches", Task::Batch),
    ("fine_tuning", Task::Other),
    ("vector_stores", Task::Other),
    ("containers", Task::Other),
    ("assistants", Task::Other),
    ("threads", Task::Other),
    ("evals", Task::Other),
];

/// A request that is only carried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Carried {
    pub task: Task,
    /// Below the version segment, without a slash at the beginning, as the caller wrote it.
    pub path: String,
    pub method: Method,
    /// Without the caller's key.
    pub query: Option<String>,
}

impl Carried {
    /// Whether the body names a model.
    pub fn has_model(&self) -> bool {
        OF_MODELS.iter().any(|(_, task)| *task == self.task)
    }

    /// Whether it costs nothing by itself: looking and taking away, keeping files, calling something off.
    pub fn is_free(&self) -> bool {
        self.method != Method::POST
            || matches!(self.task, Task::File | Task::Moderation)
            || self.path.ends_with("/cancel")
    }
}

/// What a path below the version segment stands for, if it is carried.
pub(crate) fn look_up(rest: &str, method: &Method, uri: &Uri) -> Option<Carried> {
    let own = rest.strip_prefix("v2/").unwrap_or(rest);
    let below = |base: &str| own == base || own.strip_prefix(base).is_some_and(|more| more.starts_with('/'));
    let model = OF_MODELS.iter().find(|(path, _)| *path == own);
    let (_, task) = model.or_else(|| OF_PROVIDERS.iter().find(|(base, _)| below(base)))?;
    let climbs = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "." | "..");
    if own.split('/').any(climbs) {
        return None;
    }
    let kept: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("key=")).collect();
    let query = Some(kept.join("&")).filter(|query| !query.is_empty());
    Some(Carried { task: *task, path: own.to_owned(), method: method.clone(), query })
}

/// Refuses what an endpoint does not take: one with a model takes requests only, others whatever the provider takes.
pub(crate) fn check_method(carried: &Carried) -> Outcome<()> {
    let taken: &[Method] =
        if carried.has_model() { &[Method::POST] } else { &[Method::GET, Method::POST, Method::DELETE] };
    if taken.contains(&carried.method) {
        return Ok(());
    }
    let names: Vec<&str> = taken.iter().map(Method::as_str).collect();
    let message = format!("/v1/{} takes {}, not {}", carried.path, names.join(", "), carried.method);
    Err(Complaint::new(Code::MethodNotAllowed, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries() {
        let found = |rest: &str, uri: &str| look_up(rest, &Method::GET, &uri.parse().unwrap());
        let file = found("files/file-1/content", "/v1/files/file-1/content?key=sk-1&limit=2").unwrap();
        assert_eq!((file.task, file.query.as_deref()), (Task::File, Some("limit=2")));
        assert_eq!(found("v2/rerank", "/v2/rerank").unwrap().path, "rerank");
        assert_eq!(found("messages/batches", "/v1/messages/batches").unwrap().task, Task::Batch);
        for nothing in ["filesystem", "images", "images/generations/x", "files/../keys", "files/%2e%2E/keys"] {
            assert_eq!(found(nothing, "/"), None, "{nothing}");
        }
        assert!(check_method(&file).is_ok());
        let speech = look_up("audio/speech", &Method::GET, &"/".parse().unwrap()).unwrap();
        assert_eq!(check_method(&speech).unwrap_err().code, Code::MethodNotAllowed);
    }
}
