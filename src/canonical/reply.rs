//! What a model answered, as a whole: the fold of its events.

use super::event::{Block, BlockKind, Delta, Event, UsageReport};
use super::prompt::{Json, Part};

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// A stop text of the caller came up; which one, where the provider says.
    StopSequence(Option<String>),
    /// The token limit, the caller's or the model's.
    Length,
    /// The model waits for tool results.
    ToolCalls,
    /// The provider's filter cut in.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// The provider paused a long turn; the caller sends it back to go on.
    Pause,
    /// Another reason, in the provider's own word.
    Other(String),
}

impl Finish {
    /// The word stored with a trace.
    pub fn as_str(&self) -> &str {
        match self {
            Finish::Stop => "stop",
            Finish::StopSequence(_) => "stop_sequence",
            Finish::Length => "length",
            Finish::ToolCalls => "tool_calls",
            Finish::ContentFilter => "content_filter",
            Finish::Refusal => "refusal",
            Finish::Pause => "pause",
            Finish::Other(word) => word,
        }
    }
}

/// One of the answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// What was said, in order.
    pub parts: Vec<Part>,
    /// Why it ended; none while it is not known.
    pub finish: Option<Finish>,
    /// Likelihoods, as the provider wrote them.
    pub logprobs: Option<Json>,
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The provider's id for it.
    pub id: String,
    /// The model, as the provider names it.
    pub model: String,
    /// The answers; one unless more were asked for.
    pub choices: Vec<Choice>,
    /// What it consumed; none where the provider did not say.
    pub usage: Option<UsageReport>,
}

impl Reply {
    /// The answer with that index, made if it is not there yet.
    pub fn choice_mut(&mut self, index: u32) -> &mut Choice {
        let index = index as usize;
        if self.choices.len() <= index {
            self.choices.resize_with(index + 1, Choice::default);
        }
        &mut self.choices[index]
    }

    /// The events that fold to this reply, each part in one delta.
    pub fn into_events(self) -> Vec<Event> {
        let mut events = vec![Event::Start { id: self.id, model: self.model }];
        for (index, choice) in self.choices.into_iter().enumerate() {
            choice_events(index as u32, choice, &mut events);
        }
        events.extend(self.usage.map(Event::Usage));
        events
    }
}

fn choice_events(choice: u32, whole: Choice, events: &mut Vec<Event>) {
    for (index, part) in whole.parts.into_iter().enumerate() {
        let block = Block { choice, index: index as u32 };
        let Some((kind, deltas)) = opened(part) else { continue };
        events.push(Event::Open { block, kind });
        events.extend(deltas.into_iter().map(|delta| Event::Delta { block, delta }));
        events.push(Event::Close { block });
    }
    events.extend(whole.logprobs.map(|logprobs| Event::Logprobs { choice, logprobs }));
    events.extend(whole.finish.map(|finish| Event::Finish { choice, finish }));
}

/// How a part is opened and what then comes; none for parts that no answer has.
fn opened(part: Part) -> Option<(BlockKind, Vec<Delta>)> {
    Some(match part {
        Part::Text { text, .. } => (BlockKind::Text, vec![Delta::Text(text)]),
        Part::Refusal { text } => (BlockKind::Refusal, vec![Delta::Text(text)]),
        Part::Thinking { text, signature } => {
            let seal = signature.map(Delta::Signature);
            (BlockKind::Thinking, std::iter::once(Delta::Text(text)).chain(seal).collect())
        }
        Part::ToolCall { id, name, input, .. } => {
            (BlockKind::ToolCall { id, name }, vec![Delta::Input(input.get().to_owned())])
        }
        whole => (BlockKind::whole(whole)?, vec![]),
    })
}

impl FromIterator<Event> for Reply {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Reply {
        let mut fold = Fold::default();
        events.into_iter().for_each(|event| fold.add(event));
        fold.finish()
    }
}

/// A part under way; text and tool input grow until it is closed.
struct Open {
    block: Block,
    kind: BlockKind,
    text: String,
    signature: Option<String>,
}

/// A reply under construction. Feed it events in order; parts appear in the order of opening.
#[derive(Default)]
pub struct Fold {
    reply: Reply,
    open: Vec<Open>,
}

impl Fold {
    /// Takes one event in.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Start { id, model } => (self.reply.id, self.reply.model) = (id, model),
            Event::Open { block, kind } => {
                self.open.push(Open { block, kind, text: String::new(), signature: None });
            }
            Event::Delta { block, delta } => self.grow(block, delta),
            Event::Close { .. } | Event::Failed(_) => {}
            Event::Logprobs { choice, logprobs } => self.reply.choice_mut(choice).logprobs = Some(logprobs),
            Event::Usage(report) => self.reply.usage = Some(report),
            Event::Finish { choice, finish } => self.reply.choice_mut(choice).finish = Some(finish),
        }
    }

    fn grow(&mut self, block: Block, delta: Delta) {
        let Some(open) = self.open.iter_mut().rfind(|open| open.block == block) else { return };
        match delta {
            Delta::Text(more) | Delta::Input(more) => open.text.push_str(&more),
            Delta::Signature(more) => open.signature.get_or_insert_default().push_str(&more),
        }
    }

    /// The reply, with what was still open closed.
    pub fn finish(mut self) -> Reply {
        for open in std::mem::take(&mut self.open) {
            let choice = open.block.choice;
            let part = open.close();
            self.reply.choice_mut(choice).parts.push(part);
        }
        self.reply
    }
}

impl Open {
    fn close(self) -> Part {
        match self.kind {
            BlockKind::Text => Part::text(self.text),
            BlockKind::Refusal => Part::Refusal { text: self.text },
            BlockKind::Thinking => Part::Thinking { text: self.text, signature: self.signature },
            BlockKind::RedactedThinking { data } => Part::RedactedThinking { data },
            BlockKind::ToolCall { id, name } => {
                // A call without arguments may stream no input at all; a cut one streams half.
                let input = Json::parse(self.text).unwrap_or_else(|_| Json::empty_object());
                Part::ToolCall { id, name, input, cache: None }
            }
            BlockKind::Media(media) => Part::Media(media),
            BlockKind::Citation(citation) => Part::Citation(citation),
            BlockKind::Search(search) => Part::Search(search),
            BlockKind::Opaque { from, raw } => Part::Opaque { from, raw },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_folds_from_its_own_events() {
        let tool = Part::ToolCall { id: "call_1".into(), name: "now".into(), input: Json::empty_object(), cache: None };
        let thought = Part::Thinking { text: "hm".into(), signature: Some("seal".into()) };
        let choice =
            Choice { parts: vec![thought, Part::text("hi"), tool], finish: Some(Finish::ToolCalls), logprobs: None };
        let reply = Reply { id: "r1".into(), model: "m".into(), choices: vec![choice], usage: None };
        assert_eq!(reply.clone().into_events().into_iter().collect::<Reply>(), reply);
    }
}
