//! `regex`: patterns as the administrator writes them, in linear time whatever they are.

use super::scanner::Spans;
use super::settings::{SettingError, Settings};
use super::view::View;
use super::{Check, Family, Kind, Setting};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, meta};
use regex_syntax::hir::{Hir, HirKind};
use std::ops::Range;

/// The type.
pub const KIND: Kind = Kind {
    name: "regex",
    about: "patterns of your own",
    how: "Looks for each pattern (the syntax of Rust's regex crate: no look-around, no back-references, so the time is \
          linear in the text). The name of a setting is the label: --set ORDER='ORD-[0-9]{6}' masks as <ORDER_1>. A match \
          is at most max-length bytes long; a longer run is masked as a whole. Decides for certain; there is no score.",
    family: Family::Span,
    scores: false,
    threshold: 0.5,
    settings: &[
        Setting { name: "LABEL", default: "", about: "a pattern; LABEL is any name, and there may be several" },
        Setting { name: "max-length", default: "256", about: "the longest match in bytes, at most 8192" },
    ],
    build,
};

const MOST_PATTERNS: usize = 64;
const LONGEST_SOURCE: usize = 4096;
const MACHINE_LIMIT: usize = 4 * 1024 * 1024;
/// Patterns are searched in steps of this many bytes.
const STEP: usize = 4096;

/// One pattern of a guardrail.
pub struct Pattern {
    pub(super) label: String,
    machine: meta::Regex,
    /// Says whether a begun match can still become one; none where that machine would be too large.
    alive: Option<dense::DFA<Vec<u32>>>,
    most: usize,
}

fn build(settings: &Settings) -> Result<Check, SettingError> {
    let most = settings.number("max-length")?;
    if !(1..=8192).contains(&most) {
        return Err(SettingError::new("max-length", "it is 1 to 8192 bytes"));
    }
    let named: Vec<(&str, &str)> = settings.others(&["max-length", "LABEL"]).collect();
    if named.is_empty() {
        return Err(SettingError::new("LABEL", "name at least one pattern: --set ORDER='ORD-[0-9]{6}'"));
    }
    if named.len() > MOST_PATTERNS {
        return Err(SettingError::new(
            "LABEL",
            format!("{} patterns are too many; at most {MOST_PATTERNS}", named.len()),
        ));
    }
    let patterns = named.into_iter().map(|(name, source)| Pattern::new(name, source, most as usize));
    Ok(Check::Span(Spans { patterns: patterns.collect::<Result<_, _>>()?, ..Spans::default() }))
}

impl Pattern {
    fn new(name: &str, source: &str, most: usize) -> Result<Pattern, SettingError> {
        let wrong = |why: String| SettingError::new(name, why);
        if source.len() > LONGEST_SOURCE {
            return Err(wrong(format!("the pattern is longer than {LONGEST_SOURCE} bytes")));
        }
        let hir = regex_syntax::parse(source).map_err(|error| wrong(place(&error)))?;
        if hir.properties().minimum_len().is_none_or(|least| least == 0) {
            return Err(wrong(
                "the pattern matches nothing at all, which is everywhere; let it need a character".into(),
            ));
        }
        let config = meta::Config::new().nfa_size_limit(Some(MACHINE_LIMIT)).onepass(false);
        let machine = meta::Builder::new().configure(config).build_from_hir(&hir);
        let machine = machine.map_err(|_| wrong("the pattern is too large; make its repetitions shorter".into()))?;
        let label = super::settings::label_of(name).map_err(wrong)?;
        Ok(Pattern { label, machine, alive: liveness(&hir), most })
    }

    /// The first match at or behind a place.
    pub(super) fn next(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let mut base = from;
        while base < text.len() {
            let end = (base + self.most + STEP).min(text.len());
            let Some(hit) = self.machine.search(&Input::new(text).span(base..end)) else {
                base = if end == text.len() { end } else { end - self.most };
                continue;
            };
            if hit.start() + self.most > end && end < text.len() {
                base = hit.start();
                continue;
            }
            if hit.len() <= self.most {
                return Some(hit.range());
            }
            let cut = floor(text, hit.start() + self.most);
            let short = Input::new(text).span(hit.start()..cut).anchored(Anchored::Yes);
            match self.machine.search(&short) {
                Some(hit) => return Some(hit.range()),
                None => base = ceil(text, hit.start() + 1),
            }
        }
        None
    }

    /// Whether a match of that length was cut, so that what follows belongs to it.
    pub(super) fn is_cut(&self, text: &str, hit: &Range<usize>) -> bool {
        floor(text, hit.start + self.most) == hit.end && hit.end < text.len()
    }

    /// Where text begins that may yet become a match.
    pub(super) fn tail(&self, view: &View<'_>, from: usize) -> usize {
        let text = view.bytes();
        let first = from.max(text.len().saturating_sub(self.most));
        let begins = |at: &usize| text[*at] & 0xC0 != 0x80;
        let lives = |at: &usize| self.alive.as_ref().is_none_or(|alive| lives(alive, text, *at));
        (first..text.len()).filter(begins).find(lives).unwrap_or(text.len())
    }
}

/// Whether the text from there on may be the begin of a match.
fn lives(machine: &dense::DFA<Vec<u32>>, text: &[u8], at: usize) -> bool {
    let input = Input::new(text).span(at..text.len()).anchored(Anchored::Yes);
    let Ok(mut state) = machine.start_state_forward(&input) else { return true };
    for byte in &text[at..] {
        state = machine.next_state(state, *byte);
        if machine.is_special_state(state) {
            if machine.is_dead_state(state) {
                return false;
            }
            if machine.is_quit_state(state) {
                return true;
            }
        }
    }
    true
}

/// A machine that says whether a begun match can still become one. It heeds no look to either side, which only makes it
/// wait longer.
fn liveness(hir: &Hir) -> Option<dense::DFA<Vec<u32>>> {
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(MACHINE_LIMIT))
        .determinize_size_limit(Some(MACHINE_LIMIT));
    let nfa = thompson::Compiler::new().build_from_hir(&blind(hir)).ok()?;
    dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()
}

/// The same without what looks around.
fn blind(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Repetition(repetition) => Hir::repetition(repetition.with(blind(&repetition.sub))),
        HirKind::Capture(capture) => blind(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(blind).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(blind).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn ceil(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// What is wrong with a pattern, and where.
fn place(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => format!("{} at character {}", error.kind(), error.span().start.column),
        regex_syntax::Error::Translate(error) => format!("{} at character {}", error.kind(), error.span().start.column),
        other => other.to_string(),
    }
}
