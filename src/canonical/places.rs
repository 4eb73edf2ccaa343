//! Where the parts of a prompt stood in the caller's list of messages.
//!
//! Readers join messages (instructions, results of tools) that the canonical model has as one. Writers name what they
//! leave out as the prompt has it, `system[PART]` and `messages[TURN].content[PART]`; here that becomes the caller's path.

use super::Complaint;

/// The messages from which parts were read, in order. Empty where prompt and messages are laid out alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<Origin>);

/// A message of the caller's, and where its parts begin in the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// None in the instructions before the conversation.
    turn: Option<usize>,
    part: usize,
    message: usize,
}

impl Places {
    /// The parts of a message begin there; without a turn, in the instructions before the conversation.
    pub fn note(&mut self, turn: Option<usize>, part: usize, message: usize) {
        self.0.push(Origin { turn, part, message });
    }

    /// The caller's path of what stands at this path of the prompt.
    pub fn callers_path(&self, path: &str) -> String {
        self.moved(path).unwrap_or_else(|| path.to_owned())
    }

    /// The same complaint, about the caller's path.
    pub fn correct(&self, complaint: Complaint) -> Complaint {
        let Some((path, moved)) =
            complaint.param.as_deref().and_then(|path| Some((path.to_owned(), self.moved(path)?)))
        else {
            return complaint;
        };
        let message = complaint.message.replace(&format!("`{path}`"), &format!("`{moved}`")).into();
        Complaint { param: Some(moved), message, ..complaint }
    }

    fn moved(&self, path: &str) -> Option<String> {
        let (turn, rest) = match path.strip_prefix("messages") {
            Some(behind) => {
                let (turn, rest) = index(behind)?;
                (Some(turn), rest)
            }
            None => (None, path.strip_prefix("system").filter(|rest| rest.starts_with('['))?),
        };
        let inside = if turn.is_some() { rest.strip_prefix(".content").unwrap_or(rest) } else { rest };
        let (part, behind) = index(inside).map_or((None, rest), |(part, behind)| (Some(part), behind));
        let of_turn = self.0.iter().filter(|origin| origin.turn == turn);
        let origin = of_turn.take_while(|origin| origin.part <= part.unwrap_or(0)).last()?;
        let content = part.map(|part| format!(".content[{}]", part - origin.part)).unwrap_or_default();
        Some(format!("messages[{}]{content}{behind}", origin.message))
    }
}

/// The number in the brackets that a path begins with, and what is behind them.
fn index(path: &str) -> Option<(usize, &str)> {
    let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Code;

    /// Two messages of instructions, one of the user, one of the model, two results of tools, one of the user.
    fn places() -> Places {
        let mut places = Places::default();
        for (turn, part, message) in [
            (None, 0, 0),
            (None, 1, 1),
            (Some(0), 0, 2),
            (Some(1), 0, 3),
            (Some(2), 0, 4),
            (Some(2), 1, 5),
            (Some(3), 0, 6),
        ] {
            places.note(turn, part, message);
        }
        places
    }

    #[test]
    fn paths_are_the_callers() {
        for (path, callers) in [
            ("system[0].cache_control", "messages[0].content[0].cache_control"),
            ("system[1]", "messages[1].content[0]"),
            ("messages[0].name", "messages[2].name"),
            ("messages[1].content[2].thinking", "messages[3].content[2].thinking"),
            ("messages[2].content[0].is_error", "messages[4].content[0].is_error"),
            ("messages[2].content[1].content[3]", "messages[5].content[0].content[3]"),
            ("messages[3].content[1]", "messages[6].content[1]"),
            ("messages[9].content[1]", "messages[9].content[1]"),
            ("tools[0].strict", "tools[0].strict"),
            ("system_fingerprint", "system_fingerprint"),
            ("messages", "messages"),
        ] {
            assert_eq!(places().callers_path(path), callers);
            assert_eq!(Places::default().callers_path(path), path);
        }
    }

    #[test]
    fn complaints_name_the_callers_path() {
        let complaint = Complaint {
            param: Some("messages[3].content[0]".into()),
            ..Complaint::new(Code::UnsupportedFeature, "`messages[3].content[0]`: no")
        };
        let corrected = places().correct(complaint);
        assert_eq!(corrected.param.as_deref(), Some("messages[6].content[0]"));
        assert_eq!(corrected.message, "`messages[6].content[0]`: no");
    }
}
