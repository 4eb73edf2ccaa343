//! What a model can do, found out by asking: the call for each feature.

use super::judge;
use super::{Heard, LONG_QUESTION, Probe, QUESTION, malformed, prompt, tool_prompt};
use crate::canonical::{
    Code, Complaint, Effort, Event, Format, Json, Media, MediaKind, Part, Prompt, Reasoning, Source,
};
use crate::catalogue::Capabilities;
use crate::dialect::sse;
use crate::records::{Feature, Finding, Status, Verdict};
use crate::types::Task;
use std::time::Duration;

/// 32 by 32 pixels, all of them red.
const RED: &str = "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAJ0lEQVR42u3NsQkAAAjAsP7/tF7hIASyp6lTCQQCgUAgEAgEgi/BAjLD/C5w/SM9AAAAAElFTkSuQmCC";
const COLOUR_QUESTION: &str = "Which colour does this picture have? Answer with one word.";
const SEVERAL_QUESTION: &str =
    "What is the weather in Paris, and what is it in Rome? Call the tool for both in parallel, now.";
const SCHEMA: &str = r#"{"type":"object","properties":{"city":{"type":"string"},"country":{"type":"string"}},"required":["city","country"],"additionalProperties":false}"#;
const SCHEMA_QUESTION: &str = "Where is the Eiffel Tower? Name city and country.";
const PUZZLE: &str = "A bat and a ball cost 1.10 together, and the bat costs 1.00 more than the ball. What does the ball cost? \
    Answer with the number alone.";
/// Room to think and to answer.
const THINKING_TOKENS: u64 = 4096;
const STOP_QUESTION: &str = "Repeat these words exactly: alpha bravo charlie delta";
/// The text that ends the answer to it.
const STOP: &str = "charlie";
/// So many tokens end the answer to [`ENDLESS_QUESTION`] early.
pub(super) const FEW_TOKENS: u64 = 16;
/// A connection that was let go of is closed within this time.
const CLOSING: Duration = Duration::from_millis(100);
const ENDLESS_QUESTION: &str = "Count from 1 to 200. Write only the numbers, in digits, separated by single spaces, and do \
    not stop before 200.";

/// What is looked at, and what is known of it.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The model, as it is called here.
    pub model: &'a str,
    /// What the catalogue knows of it.
    pub known: Option<&'a Capabilities>,
    /// How a call with that trace ended; none where nobody can tell.
    pub ended: &'a dyn Fn(&str) -> Option<Status>,
    /// The provider itself, and its own name of the model: it is asked for what a gateway refuses by what it knows.
    pub past: Option<(&'a Probe, &'a str)>,
}

impl Probe {
    /// Finds out about one feature. It takes one or two calls.
    pub fn find(&self, feature: Feature, look: &Look<'_>) -> Finding {
        let is_ours =
            |complaint: &Complaint| complaint.provider_code.as_deref() == Some(Code::UnsupportedFeature.as_str());
        let judged = match (self.verdict(feature, look), look.past) {
            // What is known may be wrong.
            (Err(complaint), Some((provider, model))) if is_ours(&complaint) => {
                provider.verdict(feature, &Look { model, past: None, ..*look })
            }
            (judged, _) => judged,
        };
        let (verdict, reason) = judged.unwrap_or_else(|complaint| judge::refused(&complaint));
        Finding { feature, protocol: self.protocol(), verdict, reason }
    }

    fn verdict(&self, feature: Feature, look: &Look<'_>) -> Result<(Verdict, Option<String>), Complaint> {
        let model = look.model;
        let ask = |question| Prompt { ..prompt(model, question) };
        let heard = match feature {
            Feature::Audio => return Ok((Verdict::Unknown, Some("it is not tried".to_owned()))),
            Feature::HangUp => return self.hang_up(look),
            Feature::Usage => {
                let whole = self.exchange(&ask(QUESTION))?;
                let stream = self.exchange(&streamed(ask(QUESTION)))?;
                return Ok(judge::usage(&whole, &stream));
            }
            Feature::Plain => self.exchange(&ask(QUESTION))?,
            Feature::Stream => self.exchange(&streamed(ask(LONG_QUESTION)))?,
            Feature::Tools => self.exchange_or_milder(tool_prompt(model))?,
            Feature::ParallelTools => {
                let forced = tool_prompt(model);
                let question = prompt(model, SEVERAL_QUESTION).turns;
                self.exchange_or_milder(Prompt { turns: question, parallel_tools: Some(true), ..forced })?
            }
            Feature::Images => self.exchange(&with_picture(ask(COLOUR_QUESTION)))?,
            Feature::StructuredOutput => self.exchange(&with_schema(ask(SCHEMA_QUESTION)))?,
            Feature::Thinking => self.exchange(&thinking(ask(PUZZLE)))?,
            Feature::StopSequence => self.exchange(&Prompt { stop: vec![STOP.to_owned()], ..ask(STOP_QUESTION) })?,
            Feature::MaxTokens => {
                self.exchange(&Prompt { max_output_tokens: Some(FEW_TOKENS), ..ask(ENDLESS_QUESTION) })?
            }
        };
        Ok(judge::heard(feature, &heard, look.known))
    }

    /// Some models call tools and cannot be forced to.
    fn exchange_or_milder(&self, forced: Prompt) -> Result<Heard, Complaint> {
        match self.exchange(&forced) {
            Err(complaint) if complaint.status == 400 => {
                self.exchange(&Prompt { tool_choice: None, parallel_tools: None, ..forced })
            }
            heard => heard,
        }
    }

    /// Hangs up on a stream in its midst, and looks what became of the call.
    fn hang_up(&self, look: &Look<'_>) -> Result<(Verdict, Option<String>), Complaint> {
        let trace = self.in_time(self.begin_and_drop(&streamed(prompt(look.model, ENDLESS_QUESTION))))?;
        Ok(judge::hang_up(trace.and_then(|trace| (look.ended)(&trace))))
    }

    /// Reads a stream up to its first words, and lets go of it. Gives the id of its trace, from a gateway.
    async fn begin_and_drop(&self, prompt: &Prompt) -> Result<Option<String>, Complaint> {
        let upstream = self.send_prompt(prompt).await?;
        let trace = upstream.headers.get("x-optscale-trace-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let dialect = self.provider.main().dialect;
        let mut reader = dialect.stream_reader(Task::Chat);
        let (mut splitter, mut source) = (sse::Splitter::new(dialect.framing()), upstream.body);
        let mut events = Vec::new();
        while let Some(bytes) = std::future::poll_fn(|cx| source.poll_bytes(cx)).await {
            splitter.push(bytes?);
            while let Some(frame) = splitter.next_frame().map_err(|error| malformed(&error.to_string()))? {
                reader.frame(&frame, &mut events)?;
            }
            if events.iter().any(|event| matches!(event, Event::Delta { .. })) {
                break;
            }
        }
        drop(source);
        // The connection is closed by a task of its own, which runs only while this runtime does.
        tokio::time::sleep(CLOSING).await;
        Ok(trace)
    }
}

fn streamed(prompt: Prompt) -> Prompt {
    Prompt { stream: true, include_usage: true, ..prompt }
}

fn with_picture(mut prompt: Prompt) -> Prompt {
    let picture = Media {
        kind: MediaKind::Image,
        mime: Some("image/png".to_owned()),
        source: Source::Base64(RED.to_owned()),
        name: None,
        detail: None,
        cache: None,
    };
    if let Some(turn) = prompt.turns.first_mut() {
        turn.parts.insert(0, Part::Media(picture));
    }
    prompt
}

fn with_schema(prompt: Prompt) -> Prompt {
    let Ok(schema) = Json::parse(SCHEMA.to_owned()) else { return prompt };
    let format = Format::Schema { name: "place".to_owned(), description: None, schema, strict: Some(true) };
    Prompt { format, ..prompt }
}

fn thinking(prompt: Prompt) -> Prompt {
    let reasoning = Reasoning { effort: Some(Effort::Low), ..Reasoning::default() };
    Prompt { reasoning, max_output_tokens: Some(THINKING_TOKENS), ..prompt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    #[test]
    fn the_picture_is_a_small_png() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(RED).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() < 128);
    }

    #[test]
    fn a_question_does_not_hold_its_own_answer() {
        assert!(!COLOUR_QUESTION.contains("red"));
        assert!(with_picture(prompt("m", COLOUR_QUESTION)).turns[0].parts.len() == 2);
        assert!(matches!(with_schema(prompt("m", SCHEMA_QUESTION)).format, Format::Schema { .. }));
    }
}
