//! Reads a stream, or a whole answer as a stream of one chunk, into events.

use super::answer::Answer;
use super::frame::{Parsed, parse};
use super::lane::{Lane, Scope};
use super::usage;
use crate::canonical::{Complaint, Event};
use crate::dialect::ReadStream;
use crate::dialect::sse::Frame;

/// The reader of one stream.
#[derive(Default)]
pub(super) struct Reader {
    id: String,
    started: bool,
    lanes: Vec<Lane>,
    tier: Option<String>,
    done: bool,
}

impl Reader {
    /// Takes a chunk in.
    pub(super) fn chunk(&mut self, answer: &Answer<'_>, events: &mut Vec<Event>) {
        let choices = answer.choices.as_deref().unwrap_or_default();
        self.start(answer, !choices.is_empty(), events);
        for choice in choices {
            let index = choice.index();
            let Some(lane) = lane(&mut self.lanes, index) else { continue };
            lane.take(choice);
            answer.others().filter(|_| index == 0).for_each(|(name, raw)| lane.found(name, raw.get()));
            let scope = Scope { reply: &self.id, choice: index };
            if choice.finish_reason.is_empty() {
                lane.flush(scope, events);
            } else {
                lane.finish(&choice.finish_reason.joined(), scope, events);
            }
        }
        self.tier = answer.tier().or_else(|| self.tier.take());
        let report = answer.usage().and_then(|raw| usage::read(raw, self.tier.clone()));
        events.extend(report.map(Event::Usage));
    }

    /// The first chunk of some vendors (Azure's filter results) has neither id nor model nor words.
    fn start(&mut self, answer: &Answer<'_>, has_choices: bool, events: &mut Vec<Event>) {
        let named = !answer.id.is_empty() || !answer.model.is_empty();
        if self.started || !named && !has_choices {
            return;
        }
        self.started = true;
        self.id = answer.id.joined().into_owned();
        events.push(Event::Start { id: self.id.clone(), model: answer.model.joined().into_owned() });
    }

    /// Ends the answers that the provider ended without a reason.
    pub(super) fn end(&mut self, events: &mut Vec<Event>) {
        self.done = true;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            lane.finish("stop", Scope { reply: &self.id, choice: index as u32 }, events);
        }
    }
}

/// Nobody asks for more answers than this; a larger index is nonsense that must not cost memory.
const MAX_CHOICES: u32 = 256;

fn lane(lanes: &mut Vec<Lane>, index: u32) -> Option<&mut Lane> {
    if index >= MAX_CHOICES {
        return None;
    }
    let index = index as usize;
    if lanes.len() <= index {
        lanes.resize_with(index + 1, Lane::default);
    }
    lanes.get_mut(index)
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(data) = frame.data() else { return Ok(()) };
        match parse(frame, data.trim_ascii()) {
            Parsed::Nothing => {}
            Parsed::Answer(answer) => self.chunk(&answer, events),
            Parsed::Done => self.end(events),
            Parsed::Failed(complaint) => events.push(Event::Failed(complaint)),
            Parsed::Broken(complaint) => return Err(complaint),
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.done || !self.lanes.is_empty() && self.lanes.iter().all(Lane::is_finished)
    }

    fn is_over(&self) -> bool {
        self.done
    }
}
