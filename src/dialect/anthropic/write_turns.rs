//! A conversation as Anthropic takes it: instructions apart, then user and assistant in turn.
//!
//! Consecutive turns of one side become one message, the results of tools first in it, as Anthropic
//! wants them right behind the calls. Instructions in the middle of a conversation move to the
//! front, and that is named. A conversation that does not begin with the user gets a first turn: the
//! instructions themselves if there is nothing else, else one dot.

use super::wire::{At, Object, array};
use super::write_blocks::{Block, Place, block_list, blocks, text_block};
use crate::canonical::{Complaint, Part, Prompt, Role, Turn};

/// What stands for a user who has said nothing; Anthropic takes no empty text.
const SILENCE: &str = ".";

/// Instructions and messages.
#[derive(Default)]
pub(super) struct Conversation {
    system: Vec<Block>,
    messages: Vec<Message>,
}

struct Message {
    role: Role,
    blocks: Vec<Block>,
    results: usize,
}

impl Conversation {
    /// Lays out a prompt.
    pub(super) fn of(prompt: &Prompt, dropped: &mut Vec<String>) -> Result<Conversation, Complaint> {
        let system = blocks(&prompt.system, Place::System, &At::Top.member("system"), dropped)?;
        let mut conversation = Conversation { system, messages: Vec::new() };
        let messages = &At::Top.member("messages");
        let last = prompt.turns.len().saturating_sub(1);
        for (index, turn) in prompt.turns.iter().enumerate() {
            let at = &messages.item(index);
            match turn.role {
                Role::Assistant if index == last => conversation.add(&without_end_space(turn), at, dropped)?,
                _ => conversation.add(turn, at, dropped)?,
            }
        }
        conversation.begin_with_user();
        Ok(conversation)
    }

    /// Adds words to the instructions.
    pub(super) fn instruct(&mut self, words: &str) {
        self.system.push(Block::Known(text_block(words)));
    }

    fn add(&mut self, turn: &Turn, at: &At<'_>, dropped: &mut Vec<String>) -> Result<(), Complaint> {
        if turn.name.is_some() {
            dropped.push(at.member("name").to_string());
        }
        let place = match turn.role {
            Role::System => Place::System,
            Role::User => Place::User,
            Role::Assistant => Place::Assistant,
        };
        if turn.role == Role::System {
            dropped.push(at.member("role").to_string());
            self.system.extend(blocks(&turn.parts, place, &at.member("content"), dropped)?);
            return Ok(());
        }
        let all = blocks(&turn.parts, place, &at.member("content"), dropped)?;
        let (results, rest) = all.into_iter().partition(Block::is_tool_result);
        self.merge(turn.role, results, rest);
        Ok(())
    }

    fn merge(&mut self, role: Role, results: Vec<Block>, rest: Vec<Block>) {
        if results.is_empty() && rest.is_empty() {
            return;
        }
        if self.messages.last().is_none_or(|last| last.role != role) {
            self.messages.push(Message { role, blocks: Vec::new(), results: 0 });
        }
        let Some(last) = self.messages.last_mut() else { return };
        let place = last.results;
        last.results += results.len();
        last.blocks.splice(place..place, results);
        last.blocks.extend(rest);
    }

    fn begin_with_user(&mut self) {
        if self.messages.first().is_some_and(|first| first.role == Role::User) {
            return;
        }
        let alone = self.messages.is_empty() && !self.system.is_empty();
        let blocks = if alone { std::mem::take(&mut self.system) } else { vec![Block::Known(text_block(SILENCE))] };
        self.messages.insert(0, Message { role: Role::User, blocks, results: 0 });
    }

    /// The same body with `system` and `messages`.
    pub(super) fn put(&self, body: Object) -> Object {
        let body = if self.system.is_empty() { body } else { body.raw("system", block_list(&self.system)) };
        let messages: Vec<String> = self.messages.iter().map(Message::finish).collect();
        body.raw("messages", array(&messages))
    }
}

impl Message {
    fn finish(&self) -> String {
        let role = if self.role == Role::Assistant { "assistant" } else { "user" };
        Object::default().put("role", role).raw("content", block_list(&self.blocks)).finish()
    }
}

/// Anthropic refuses a last assistant turn, which the answer goes on from, with space at its end.
fn without_end_space(turn: &Turn) -> Turn {
    let mut turn = turn.clone();
    if let Some(Part::Text { text, .. }) = turn.parts.last_mut() {
        text.truncate(text.trim_end().len());
    }
    turn
}
