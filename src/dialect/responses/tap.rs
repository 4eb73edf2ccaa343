//! Watching answers of the same protocol that go on as they are: whole ones and streams.

use super::output::{Item, Response, Seen, failure, unexplained};
use super::wire::Str;
use crate::canonical::{Code, Complaint};
use crate::dialect::sse::Frame;
use crate::dialect::{Pass, Sight, Tap};
use crate::types::Task;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a trace needs of a whole answer.
pub(super) fn glance(task: Task, body: &[u8]) -> Result<Sight, Complaint> {
    if task == Task::CountTokens {
        return counted(body).map(|_| Sight::default());
    }
    let response = whole(body)?;
    let mut sight = sight_of(&response);
    if sight.usage.is_none() {
        response.output.iter().flatten().filter_map(|raw| Item::read(raw)).for_each(|item| item.say(&mut sight.said));
    }
    Ok(sight)
}

/// Reads a whole answer and checks that it is one.
pub(super) fn whole(body: &[u8]) -> Result<Response<'_>, Complaint> {
    let response: Response<'_> = serde_json::from_slice(body).map_err(|error| malformed("answer", body, &error))?;
    match (&response.output, response.error()) {
        (Some(_), _) => Ok(response),
        (None, Some(error)) => Err(failure(error)),
        (None, None) => Err(Complaint::new(Code::ProviderMalformed, "the provider's answer has no `output`")),
    }
}

/// Reads a token count.
pub(super) fn counted(body: &[u8]) -> Result<u64, Complaint> {
    #[derive(Deserialize)]
    struct Count {
        input_tokens: u64,
    }
    let count: Count = serde_json::from_slice(body).map_err(|error| malformed("token count", body, &error))?;
    Ok(count.input_tokens)
}

pub(super) fn malformed(what: &str, bytes: &[u8], error: &serde_json::Error) -> Complaint {
    super::complaint::malformed(&format!("Responses {what}"), bytes, error)
}

fn sight_of(response: &Response<'_>) -> Sight {
    let running = matches!(response.status(), "queued" | "in_progress");
    Sight {
        usage: response.usage(),
        finish: Some(if running { response.status().to_owned().into() } else { response.word() }),
        ..Sight::default()
    }
}

/// Watches one stream.
#[derive(Default)]
pub(super) struct Watch {
    whole: Option<Bytes>,
}

/// A piece of words: most of all frames.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(rename = "type", borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    delta: Str<'a>,
}

impl Watch {
    fn told(&mut self, seen: &Seen<'_>, frame: &Frame, sight: &mut Sight) -> Pass {
        let kind = match &seen.kind {
            Some(Str(kind)) => kind.as_bytes(),
            None => frame.event(),
        };
        match kind {
            b"response.completed" | b"response.incomplete" => {
                let Some(response) = seen.response() else { return broken("its last event holds no response") };
                let said = std::mem::take(&mut sight.said);
                *sight = Sight { said, ..sight_of(&response) };
                self.whole = seen.response.map(copied);
                Pass::Last
            }
            b"response.failed" | b"response.cancelled" => {
                let complaint = seen.response().and_then(|response| {
                    sight.usage = response.usage().or(sight.usage.take());
                    response.failure()
                });
                Pass::Failed(complaint.unwrap_or_else(unexplained))
            }
            // Its flat form has the members of the error beside the type.
            b"error" => match seen.error.filter(|error| error.get() != "null") {
                Some(error) => Pass::Failed(failure(error)),
                None => Pass::Failed(flat(frame)),
            },
            b"" if seen.error.is_some() => Pass::Failed(seen.error.map_or_else(unexplained, failure)),
            b"" => broken("a frame of it has no type"),
            _ => Pass::Forward,
        }
    }
}

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let Some(data) = frame.data() else { return Pass::Forward };
        let data = data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Pass::Forward;
        }
        if let Ok(piece) = serde_json::from_slice::<Piece<'_>>(data) {
            if piece.kind.0.ends_with(".delta") && !piece.kind.0.contains("audio") {
                sight.said.push_str(&piece.delta.0);
            }
            return Pass::Forward;
        }
        match serde_json::from_slice::<Seen<'_>>(data) {
            Ok(seen) => self.told(&seen, frame, sight),
            Err(error) => Pass::Broken(malformed("stream frame", data, &error)),
        }
    }

    fn whole(&self) -> Option<Bytes> {
        self.whole.clone()
    }
}

/// The complaint of an `error` event whose members stand beside its type.
pub(super) fn flat(frame: &Frame) -> Complaint {
    let data = frame.data();
    let raw = data.as_deref().and_then(|data| serde_json::from_slice::<&RawValue>(data).ok());
    raw.map_or_else(unexplained, failure)
}

fn copied(raw: &RawValue) -> Bytes {
    Bytes::copy_from_slice(raw.get().as_bytes())
}

fn broken(why: &str) -> Pass {
    Pass::Broken(Complaint::new(Code::ProviderMalformed, format!("the provider's stream cannot be read: {why}")))
}
