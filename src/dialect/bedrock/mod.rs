//! AWS Bedrock's Converse and ConverseStream. Only providers speak it.
//!
//! Anthropic's models at Bedrock are spoken to in their own protocol besides; that is another dialect. Source:
//! docs.aws.amazon.com, "Amazon Bedrock API Reference: Converse, ConverseStream".

mod answer;
mod complaint;
mod evidence;
mod media;
mod read_stream;
mod thinking;
mod write_message;
mod write_prompt;

#[cfg(test)]
mod tests;

use super::sse::{Frame, Framing};
use super::{Delivery, Pass, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, Written};
use crate::body::Body;
use crate::canonical::{Code, Complaint, Delta, Event, Prompt, Reply};
use crate::types::{Protocol, Task};
use serde::Deserialize;
use std::time::Duration;

/// The side that faces providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provider;

impl ProviderDialect for Provider {
    fn protocol(&self) -> Protocol {
        Protocol::Bedrock
    }

    fn path(&self, task: Task, delivery: Delivery) -> Option<&'static str> {
        match (task, delivery) {
            (Task::Chat, Delivery::Whole) => Some("/model/{model_segment}/converse"),
            (Task::Chat, Delivery::Streamed) => Some("/model/{model_segment}/converse-stream"),
            _ => None,
        }
    }

    fn framing(&self) -> Framing {
        Framing::Amazon
    }

    fn models_path(&self) -> &'static str {
        "/foundation-models"
    }

    fn read_model_ids(&self, body: &[u8]) -> Result<Vec<String>, Complaint> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct List {
            model_summaries: Vec<Model>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Model {
            model_id: String,
        }
        let list: List =
            serde_json::from_slice(body).map_err(|error| complaint::malformed("list of models", &error))?;
        Ok(list.model_summaries.into_iter().map(|model| model.model_id).collect())
    }

    /// No caller speaks this protocol, and the URL names the model.
    fn splice(&self, _: Task, _: &mut Body, _: &Peek, _: &Target<'_>) {}

    fn write_prompt(&self, _: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
        write_prompt::write(prompt, target)
    }

    fn glance(&self, _: Task, body: &[u8]) -> Result<Sight, Complaint> {
        let mut sight = Sight::default();
        answer::whole(body)?.into_events().iter().for_each(|event| note(event, &mut sight));
        Ok(sight)
    }

    fn read_reply(&self, _: Task, body: &[u8]) -> Result<Reply, Complaint> {
        answer::whole(body)
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
    let message = format!("`{path}`: the provider speaks the Bedrock protocol, which does not take {what}");
    Complaint { param: Some(path.to_owned()), ..Complaint::new(Code::UnsupportedFeature, message) }
}
