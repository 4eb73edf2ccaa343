//! A conversation as Gemini takes it: instructions apart, then `user` and `model` in turn.
//!
//! Consecutive turns of one side become one content, since the results of parallel calls must stand together.
//! Instructions in the middle of a conversation move to the front, and that is named. A conversation that does not
//! begin with the user gets a first turn: the instructions themselves if there is nothing else, else one dot.

use super::wire::{At, Object, array};
use super::write_parts::Scribe;
use crate::canonical::{Complaint, Prompt, Role, Turn};

/// What stands for a user who has said nothing.
const SILENCE: &str = ".";

/// Instructions and contents.
#[derive(Default)]
pub(super) struct Conversation {
    system: Vec<String>,
    contents: Vec<(Role, Vec<String>)>,
}

impl Conversation {
    /// Lays out a prompt.
    pub(super) fn of(prompt: &Prompt, scribe: &mut Scribe<'_>) -> Result<Conversation, Complaint> {
        let mut conversation =
            Conversation { system: scribe.parts(&prompt.system, &At::Top.member("system"))?, contents: Vec::new() };
        let messages = &At::Top.member("messages");
        for (index, turn) in prompt.turns.iter().enumerate() {
            conversation.add(turn, &messages.item(index), scribe)?;
        }
        conversation.begin_with_user();
        Ok(conversation)
    }

    /// Adds words to the instructions.
    pub(super) fn instruct(&mut self, words: &str) {
        self.system.push(Object::default().put("text", words).finish());
    }

    fn add(&mut self, turn: &Turn, at: &At<'_>, scribe: &mut Scribe<'_>) -> Result<(), Complaint> {
        if turn.name.is_some() {
            scribe.dropped.push(at.member("name").to_string());
        }
        let parts = scribe.parts(&turn.parts, &at.member("content"))?;
        if turn.role == Role::System {
            scribe.dropped.push(at.member("role").to_string());
            self.system.extend(parts);
            return Ok(());
        }
        match self.contents.last_mut() {
            _ if parts.is_empty() => {}
            Some((role, last)) if *role == turn.role => last.extend(parts),
            _ => self.contents.push((turn.role, parts)),
        }
        Ok(())
    }

    fn begin_with_user(&mut self) {
        if self.contents.first().is_some_and(|(role, _)| *role == Role::User) {
            return;
        }
        let alone = self.contents.is_empty() && !self.system.is_empty();
        let silence = || vec![Object::default().put("text", SILENCE).finish()];
        let parts = if alone { std::mem::take(&mut self.system) } else { silence() };
        self.contents.insert(0, (Role::User, parts));
    }

    /// The same body with `systemInstruction` and `contents`.
    pub(super) fn put(&self, body: Object) -> Object {
        let content = |role: Option<&str>, parts: &[String]| {
            let content = Object::default().put_some("role", role.as_ref());
            content.raw("parts", array(parts)).finish()
        };
        let body = match self.system.as_slice() {
            [] => body,
            system => body.raw("systemInstruction", content(None, system)),
        };
        let contents: Vec<String> = self
            .contents
            .iter()
            .map(|(role, parts)| content(Some(if *role == Role::Assistant { "model" } else { "user" }), parts))
            .collect();
        body.raw("contents", array(&contents))
    }
}
