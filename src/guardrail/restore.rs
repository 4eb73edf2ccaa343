//! Placeholders that a model wrote, found again in its answer: in any case, within markup, escaped for Markdown or HTML.

use super::masker::Masker;
use super::scanner::Act;
use super::window::Piece;

/// An answer under way in which placeholders are looked for.
#[derive(Clone, Default)]
pub struct Restorer {
    /// What may be the begin of a placeholder.
    held: String,
}

/// How a placeholder begins and ends, in the ways that models write it.
const OPENS: [&str; 3] = ["<", "\\<", "&lt;"];
const CLOSES: [&str; 3] = [">", "\\>", "&gt;"];

enum At {
    /// A placeholder of so many bytes.
    Placeholder(usize),
    /// None.
    Nothing,
    /// More must come before that is known.
    Unknown,
}

impl Restorer {
    /// Takes more of the answer in, and gives what is decided: a placeholder is a piece that is found, all else is kept.
    pub fn step(&mut self, masker: &Masker, (more, last): (&str, bool), out: &mut dyn FnMut(Piece<'_>)) {
        self.held.push_str(more);
        let text = std::mem::take(&mut self.held);
        let (mut kept, mut at) = (0, 0);
        while let Some(next) = text[at..].find(['<', '\\', '&']).map(|next| at + next) {
            match look(masker, &text[next..]) {
                At::Unknown if !last => {
                    keep(&text[kept..next], out);
                    self.held = text[next..].to_owned();
                    return;
                }
                At::Placeholder(length) => {
                    keep(&text[kept..next], out);
                    let text = &text[next..next + length];
                    out(Piece::Found { guard: usize::MAX, label: "", act: Act::Redact, text, more: false });
                    at = next + length;
                    kept = at;
                }
                At::Nothing | At::Unknown => at = next + 1,
            }
        }
        keep(&text[kept..], out);
    }
}

fn look(masker: &Masker, text: &str) -> At {
    let mut unknown = false;
    for open in OPENS {
        let Some(rest) = after(text, open) else {
            unknown |= open.starts_with(text);
            continue;
        };
        for name in masker.names() {
            let Some(rest) = after(rest, name) else {
                unknown |=
                    rest.len() < name.len() && name.as_bytes()[..rest.len()].eq_ignore_ascii_case(rest.as_bytes());
                continue;
            };
            let closing = CLOSES.iter().find(|close| rest.starts_with(**close));
            if let Some(close) = closing {
                return At::Placeholder(open.len() + name.len() + close.len());
            }
            unknown |= CLOSES.iter().any(|close| close.starts_with(rest));
        }
    }
    if unknown { At::Unknown } else { At::Nothing }
}

/// What follows a beginning, letters in either case.
fn after<'t>(text: &'t str, begin: &str) -> Option<&'t str> {
    let head = text.as_bytes().get(..begin.len())?;
    if head.eq_ignore_ascii_case(begin.as_bytes()) { text.get(begin.len()..) } else { None }
}

fn keep(text: &str, out: &mut dyn FnMut(Piece<'_>)) {
    if !text.is_empty() {
        out(Piece::Keep(text));
    }
}
