//! Cohere's own protocol, version 2: `v2/chat`, `v2/embed`. Only providers speak it.
//!
//! Source of the formats: <https://docs.cohere.com/reference/chat> and the types of Cohere's own client libraries.

mod answer;
mod complaint;
mod embedding;
mod evidence;
mod read_stream;
mod write_message;
mod write_prompt;

#[cfg(test)]
mod tests;

use super::sse::Frame;
use super::{Delivery, Pass, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, Written};
use crate::body::Body;
use crate::canonical::{Code, Complaint, Delta, EmbeddingRequest, Embeddings, Event, Prompt, Reply};
use crate::types::{Protocol, Task};
use serde::Deserialize;
use std::time::Duration;

/// The side that faces providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provider;

impl ProviderDialect for Provider {
    fn protocol(&self) -> Protocol {
        Protocol::Cohere
    }

    fn path(&self, task: Task, _: Delivery) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/v2/chat"),
            Task::Embedding => Some("/v2/embed"),
            Task::Rerank => Some("/v2/rerank"),
            _ => None,
        }
    }

    fn models_path(&self) -> &'static str {
        "/v1/models?page_size=1000"
    }

    fn read_model_ids(&self, body: &[u8]) -> Result<Vec<String>, Complaint> {
        #[derive(Deserialize)]
        struct List {
            models: Vec<Model>,
        }
        #[derive(Deserialize)]
        struct Model {
            name: String,
        }
        let list: List =
            serde_json::from_slice(body).map_err(|error| complaint::malformed("list of models", &error))?;
        Ok(list.models.into_iter().map(|model| model.name).collect())
    }

    fn splice(&self, _: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
        if peek.model.value != target.model {
            body.replace(peek.model.span.clone(), super::json::to_vec(&target.model));
        }
    }

    fn write_prompt(&self, _: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
        write_prompt::write(prompt, target)
    }

    fn write_embedding(&self, request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
        embedding::write_request(request, target)
    }

    fn read_embeddings(&self, body: &[u8]) -> Result<Embeddings, Complaint> {
        embedding::read_answer(body)
    }

    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint> {
        if task == Task::Embedding {
            return Ok(Sight { usage: embedding::read_answer(body)?.usage, ..Sight::default() });
        }
        let mut sight = Sight::default();
        read_stream::whole(body)?.into_events().iter().for_each(|event| note(event, &mut sight));
        Ok(sight)
    }

    fn read_reply(&self, _: Task, body: &[u8]) -> Result<Reply, Complaint> {
        read_stream::whole(body)
    }

    fn tap(&self, _: Task, _: bool) -> Box<dyn Tap> {
        Box::new(Watch::default())
    }

    fn stream_reader(&self, _: Task) -> Box<dyn ReadStream> {
        Box::new(read_stream::Reader::default())
    }

    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
        complaint::read(status, retry_after, body)
    }
}

/// The watcher of a stream: its reader, since no caller speaks this protocol and speed is no matter.
#[derive(Default)]
struct Watch(read_stream::Reader);

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let mut events = Vec::new();
        if let Err(complaint) = self.0.frame(frame, &mut events) {
            return Pass::Broken(complaint);
        }
        for event in events {
            if let Event::Failed(complaint) = event {
                return Pass::Failed(complaint);
            }
            note(&event, sight);
        }
        if self.0.is_over() { Pass::Last } else { Pass::Forward }
    }
}

fn note(event: &Event, sight: &mut Sight) {
    match event {
        Event::Usage(report) => sight.usage = Some(report.clone()),
        Event::Finish { finish, .. } => sight.finish = Some(finish.as_str().to_owned().into()),
        Event::Delta { delta: Delta::Text(more) | Delta::Input(more), .. } => sight.said.push_str(more),
        _ => {}
    }
}

/// A request has what the protocol takes no form of.
fn unsupported(path: &str, what: &str) -> Complaint {
    let message = format!("`{path}`: the provider speaks the Cohere protocol, which does not take {what}");
    Complaint { param: Some(path.to_owned()), ..Complaint::new(Code::UnsupportedFeature, message) }
}
