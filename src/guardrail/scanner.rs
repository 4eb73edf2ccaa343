//! All span guardrails compiled into one machine that goes over a text once.
//!
//! One loop over the bytes finds the few places where a fixed rule may match, one automaton finds the fixed texts; small
//! rules decide. A text may come in pieces: what is decided is decided for good, and only what may still become a match
//! waits. A whole text is a text whose only piece is the last one, so that both come to the same.

use super::invisible::LEADS;
use super::keywords::Keywords;
use super::literals::Literals;
use super::patterns::Pattern;
use super::pii::BIRTH;
use super::rule::{Rule, Run, Trigger, is_plain_number};
use super::view::{View, alnum};
use std::ops::Range;

/// No token is longer, as far as rules look.
const LONGEST_TOKEN: usize = 64;

/// What a span guardrail looks for.
#[derive(Default)]
pub struct Spans {
    /// Rules that are built in.
    pub rules: Vec<&'static Rule>,
    /// Words of the administrator.
    pub keywords: Option<Keywords>,
    /// Patterns of the administrator.
    pub patterns: Vec<Pattern>,
}

/// What becomes of what a guardrail finds in one call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Act {
    /// It is counted.
    Flag,
    /// It is masked.
    Redact,
    /// The call is refused.
    Block,
}

/// What becomes of what each guardrail finds, in the scanner's order; none where it does not look.
pub type Acts = [Option<Act>];

/// A match that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<'s> {
    /// Where it stands.
    pub range: Range<usize>,
    /// Which guardrail found it.
    pub guard: usize,
    /// What it is.
    pub label: &'s str,
    /// What becomes of it.
    pub act: Act,
    /// Whether it only goes on with the match before it.
    pub more: bool,
}

/// Many guardrails at once.
pub struct Scanner {
    guards: Vec<Spans>,
    /// What each byte may begin.
    classes: Box<[u8; 256]>,
    rules: Vec<Placed>,
    texts: Option<Literals>,
    /// For each of the texts, the places in `rules` that are asked.
    asked: Vec<Vec<u16>>,
}

/// A rule of a guardrail.
struct Placed {
    guard: usize,
    rule: &'static Rule,
}

const DIGIT: u8 = 1;
const BYTE: u8 = 2;
const INVISIBLE: u8 = 4;

/// What is known of a text beyond its bytes, from pass to pass.
#[derive(Clone, Default)]
pub struct Going {
    /// A match whose end had not come.
    run: Option<(Run, usize, u16)>,
    /// A match of a pattern that was cut at its longest, and where it ended.
    cut: Option<(usize, Which, usize)>,
    /// Matches that are sure and lie where the text still waits.
    pending: Vec<Decided>,
    /// Where the last match that was masked ended.
    masked: usize,
}

impl Going {
    /// The text lost so many bytes at its front.
    pub fn shift(&mut self, by: usize) {
        for hit in &mut self.pending {
            hit.range = hit.range.start.saturating_sub(by)..hit.range.end.saturating_sub(by);
            hit.shown = hit.shown.saturating_sub(by);
        }
        self.masked = self.masked.saturating_sub(by);
        if let Some((_, _, at)) = &mut self.cut {
            *at = at.saturating_sub(by);
        }
    }
}

/// What of a guardrail found something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Place in the scanner's rules.
    Rule(u16),
    Word,
    /// Place in the guardrail's patterns.
    Pattern(usize),
}

/// A match as it was found.
#[derive(Clone)]
struct Decided {
    range: Range<usize>,
    /// Where it was seen that something begins: a name before a value. Within what is masked nothing is seen.
    shown: usize,
    guard: usize,
    which: Which,
    run: Option<Run>,
    act: Act,
}

impl Scanner {
    /// A scanner of these, in this order.
    ///
    /// # Errors
    /// There are more texts than fit in memory.
    pub fn new(guards: Vec<Spans>) -> Result<Scanner, String> {
        let all = guards.iter().enumerate();
        let rules: Vec<Placed> =
            all.flat_map(|(guard, spans)| spans.rules.iter().map(move |rule| Placed { guard, rule })).collect();
        let (mut texts, mut asked): (Vec<&str>, Vec<Vec<u16>>) = (Vec::new(), Vec::new());
        let mut classes = Box::new([0u8; 256]);
        for (place, placed) in rules.iter().enumerate() {
            match placed.rule.trigger {
                Trigger::Token => (b'0'..=b'9').for_each(|byte| classes[usize::from(byte)] |= DIGIT),
                Trigger::Byte(byte) => classes[usize::from(byte)] |= BYTE,
                Trigger::Invisible => LEADS.iter().for_each(|byte| classes[usize::from(*byte)] |= INVISIBLE),
                Trigger::Texts(all) => all.iter().for_each(|text| {
                    let at = texts.iter().position(|other| other == text).unwrap_or_else(|| {
                        texts.push(text);
                        asked.push(Vec::new());
                        texts.len() - 1
                    });
                    asked[at].push(place as u16);
                }),
            }
        }
        let texts = if texts.is_empty() { None } else { Some(Literals::new(&texts)?) };
        Ok(Scanner { guards, classes, rules, texts, asked })
    }

    /// How many guardrails there are.
    pub fn len(&self) -> usize {
        self.guards.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.guards.is_empty()
    }

    /// Goes over a text from `from` on and says how far it is decided. What stands before that is final; what stands
    /// behind it comes again with more. `last`: nothing more comes.
    pub fn pass<'s>(
        &'s self,
        (text, from, last): (&str, usize, bool),
        acts: &Acts,
        going: &mut Going,
        found: &mut Vec<Found<'s>>,
    ) -> usize {
        let view = View::new(text, last);
        let mut at = from;
        if !self.go_on(&view, &mut at, acts, (going, found)) {
            return at;
        }
        let hits = std::mem::take(&mut going.pending);
        let mut pass = Pass { scanner: self, view: &view, acts, hits, waits: Vec::new() };
        pass.look(at);
        let Pass { mut hits, mut waits, .. } = pass;
        let start = |hit: &Decided| hit.range.start;
        hits.sort_by(|a, b| start(a).cmp(&start(b)).then(b.range.end.cmp(&a.range.end)));
        hits.dedup_by(|a, b| (&a.range, a.guard, a.which) == (&b.range, b.guard, b.which));
        waits.sort_unstable();
        let patterns = Patterns::new(self, acts);
        Resolve { scanner: self, view: &view, text, acts, hits, waits, patterns }.run(at, going, found)
    }

    /// Goes on with a match whose end had not come. False where it has not come now either.
    fn go_on<'s>(
        &'s self,
        view: &View<'_>,
        at: &mut usize,
        acts: &Acts,
        (going, found): (&mut Going, &mut Vec<Found<'s>>),
    ) -> bool {
        let Some((run, guard, rule)) = going.run else { return true };
        view.start(*at);
        let end = run(view, *at);
        let act = acts.get(guard).copied().flatten().unwrap_or(Act::Flag);
        if end > *at {
            let label = self.rules[usize::from(rule)].rule.label;
            found.push(Found { range: *at..end, guard, label, act, more: true });
            (*at, going.masked) = (end, end);
        }
        if view.is_short() {
            return false;
        }
        going.run = None;
        true
    }

    fn found(&self, hit: &Decided, more: bool) -> Found<'_> {
        let label = match hit.which {
            Which::Rule(place) => self.rules[usize::from(place)].rule.label,
            Which::Word => self.guards[hit.guard].keywords.as_ref().map_or("", |words| &words.label),
            Which::Pattern(place) => &self.guards[hit.guard].patterns[place].label,
        };
        Found { range: hit.range.clone(), guard: hit.guard, label, act: hit.act, more }
    }
}

/// All that is found in a pass, before it is said what counts.
struct Pass<'p> {
    scanner: &'p Scanner,
    view: &'p View<'p>,
    acts: &'p Acts,
    hits: Vec<Decided>,
    waits: Vec<usize>,
}

impl Pass<'_> {
    fn look(&mut self, from: usize) {
        self.bytes(from);
        let scanner = self.scanner;
        if let Some(texts) = &scanner.texts {
            let text = self.view.bytes();
            texts.find(text, from, |at, _, which| {
                scanner.asked[which].iter().for_each(|place| self.ask(*place, at));
            });
            if !self.view.is_last() {
                self.waits.push(texts.tail(text, from));
            }
        }
        for (guard, spans) in scanner.guards.iter().enumerate() {
            if let (Some(words), Some(act)) = (&spans.keywords, self.act(guard)) {
                let mut ranges = Vec::new();
                words.find(self.view, from, &mut ranges, &mut self.waits);
                let hit = |range: Range<usize>| Decided {
                    shown: range.start,
                    range,
                    guard,
                    which: Which::Word,
                    run: None,
                    act,
                };
                self.hits.extend(ranges.into_iter().map(hit));
            }
        }
        if !self.view.is_last() {
            self.tails(from);
        }
    }

    /// The places that single bytes show.
    fn bytes(&mut self, from: usize) {
        let (text, classes) = (self.view.bytes(), &self.scanner.classes);
        let mut at = from;
        while let Some(byte) = text.get(at) {
            let class = classes[usize::from(*byte)];
            if class == 0 {
                at += 1;
            } else if class & DIGIT != 0 {
                at = self.token(from, at);
            } else {
                let trigger = if class & BYTE != 0 { Trigger::Byte(*byte) } else { Trigger::Invisible };
                self.ask_all(trigger, at);
                at += 1;
            }
        }
    }

    /// A token with a digit at `at`; where it ends.
    fn token(&mut self, from: usize, at: usize) -> usize {
        let text = self.view.bytes();
        let begin = self.view.back(at, LONGEST_TOKEN, alnum);
        let end = text[at..].iter().position(|byte| !alnum(*byte)).map_or(text.len(), |length| at + length);
        if begin >= from && at - begin < LONGEST_TOKEN {
            if begin == at && is_plain_number(text, begin, end) {
                self.ask_dates(begin);
            } else {
                self.ask_all(Trigger::Token, begin);
            }
        }
        end
    }

    /// The rules for dates alone, which may begin with a small number.
    fn ask_dates(&mut self, at: usize) {
        for place in 0..self.scanner.rules.len() {
            let rule = self.scanner.rules[place].rule;
            if rule.trigger == Trigger::Token && rule.label == BIRTH {
                self.ask(place as u16, at);
            }
        }
    }

    fn ask_all(&mut self, trigger: Trigger, at: usize) {
        for place in 0..self.scanner.rules.len() {
            if self.scanner.rules[place].rule.trigger == trigger {
                self.ask(place as u16, at);
            }
        }
    }

    fn act(&self, guard: usize) -> Option<Act> {
        self.acts.get(guard).copied().flatten()
    }

    fn ask(&mut self, place: u16, at: usize) {
        let Placed { guard, rule } = self.scanner.rules[usize::from(place)];
        let Some(act) = self.act(guard) else { return };
        self.view.start(at);
        let hit = (rule.find)(self.view, at);
        if let Some(wait) = self.view.waits() {
            self.waits.push(wait);
        } else if let Some(hit) = hit {
            let (shown, which) = (at.min(hit.range.start), Which::Rule(place));
            self.hits.push(Decided { range: hit.range, shown, guard, which, run: hit.run, act });
        }
    }

    /// The end of the text may be the begin of a token, or of what a rule looks back at.
    fn tails(&mut self, from: usize) {
        let text = self.view.bytes();
        let active = |placed: &&Placed| self.acts.get(placed.guard).copied().flatten().is_some();
        let mut tokens = false;
        let mut tails: Vec<usize> = Vec::new();
        for placed in self.scanner.rules.iter().filter(active) {
            tokens |= placed.rule.trigger == Trigger::Token;
            tails.extend(placed.rule.tail.map(|tail| tail(text)));
        }
        if tokens {
            let begin = self.view.back(text.len(), LONGEST_TOKEN, alnum);
            tails.push(if text.len() - begin < LONGEST_TOKEN { begin } else { text.len() });
        }
        self.waits.extend(tails.into_iter().map(|tail| tail.max(from)));
    }
}

/// The patterns of all guardrails that look, each with its next match.
struct Patterns<'p> {
    all: Vec<Next<'p>>,
}

struct Next<'p> {
    guard: usize,
    place: usize,
    pattern: &'p Pattern,
    act: Act,
    /// Where it is looked for next.
    from: usize,
    /// What was found from there on; none where it was not looked for yet.
    hit: Option<Option<Range<usize>>>,
}

impl<'p> Patterns<'p> {
    fn new(scanner: &'p Scanner, acts: &Acts) -> Patterns<'p> {
        let mut all = Vec::new();
        for (guard, spans) in scanner.guards.iter().enumerate() {
            let Some(act) = acts.get(guard).copied().flatten() else { continue };
            let of = |(place, pattern)| Next { guard, place, pattern, act, from: 0, hit: None };
            all.extend(spans.patterns.iter().enumerate().map(of));
        }
        Patterns { all }
    }

    /// The first match at or behind a place.
    fn first(&mut self, text: &str, at: usize) -> Option<Decided> {
        let mut first: Option<Decided> = None;
        for next in &mut self.all {
            if next.hit.as_ref().is_none_or(|hit| hit.as_ref().is_some_and(|range| range.start < at.max(next.from))) {
                next.from = next.from.max(at);
                next.hit = Some(next.pattern.next(text, next.from));
            }
            let Some(Some(range)) = next.hit.clone() else { continue };
            let which = Which::Pattern(next.place);
            let shown = range.start;
            let hit = Decided { range, shown, guard: next.guard, which, run: None, act: next.act };
            if first.as_ref().is_none_or(|other| precedes(&hit, other)) {
                first = Some(hit);
            }
        }
        first
    }

    /// A match was counted, and others of its pattern come behind it.
    fn passed(&mut self, hit: &Decided) {
        let own = |next: &&mut Next<'_>| Which::Pattern(next.place) == hit.which && next.guard == hit.guard;
        if let Some(next) = self.all.iter_mut().find(own) {
            next.from = hit.range.end;
        }
    }

    /// Where text must wait because it may become a match.
    fn wait(&self, view: &View<'_>, at: usize) -> usize {
        let end = view.bytes().len();
        if view.is_last() {
            return end;
        }
        self.all.iter().map(|next| next.pattern.tail(view, at)).min().unwrap_or(end)
    }
}

/// The leftmost and longest of overlapping matches count, up to a place that must wait.
struct Resolve<'s, 'p> {
    scanner: &'s Scanner,
    view: &'p View<'p>,
    text: &'p str,
    acts: &'p Acts,
    /// By begin.
    hits: Vec<Decided>,
    waits: Vec<usize>,
    patterns: Patterns<'s>,
}

impl<'s> Resolve<'s, '_> {
    fn run(mut self, from: usize, going: &mut Going, found: &mut Vec<Found<'s>>) -> usize {
        let (mut at, mut next) = (from, 0);
        loop {
            let over = |hit: &&Decided| hit.range.start < at || hit.shown < going.masked;
            while let Some(hit) = self.hits.get(next).filter(over) {
                // One that is only counted is so wherever it lies.
                found.extend((hit.act != Act::Redact).then(|| self.scanner.found(hit, false)));
                next += 1;
            }
            let wait = self.wait(at);
            let Some((hit, is_pattern)) = self.first(next, at).filter(|(hit, _)| hit.range.start < wait) else {
                going.pending = self.hits.split_off(next.min(self.hits.len()));
                return wait.max(at);
            };
            next += usize::from(!is_pattern);
            if hit.act != Act::Redact {
                found.push(self.scanner.found(&hit, false));
                self.patterns.passed(&hit);
                continue;
            }
            let more = is_pattern && going.cut == Some((hit.guard, hit.which, hit.range.start));
            found.push(self.scanner.found(&hit, more));
            at = hit.range.end;
            going.masked = at;
            going.cut = self.is_cut(&hit).then_some((hit.guard, hit.which, at));
            if let (Some(run), Which::Rule(rule)) = (hit.run, hit.which) {
                going.run = Some((run, hit.guard, rule));
                if !self.scanner.go_on(self.view, &mut at, self.acts, (going, found)) {
                    going.pending = self.hits.split_off(next.min(self.hits.len()));
                    return at;
                }
            }
        }
    }

    fn wait(&self, at: usize) -> usize {
        let fixed = self.waits.iter().find(|wait| **wait >= at).copied().unwrap_or(self.text.len());
        fixed.min(self.patterns.wait(self.view, at))
    }

    /// The next match, and whether it is one of a pattern.
    fn first(&mut self, next: usize, at: usize) -> Option<(Decided, bool)> {
        let own = self.patterns.first(self.text, at);
        match (self.hits.get(next), own) {
            (Some(hit), Some(own)) if precedes(&own, hit) => Some((own, true)),
            (Some(hit), _) => Some((hit.clone(), false)),
            (None, own) => own.map(|own| (own, true)),
        }
    }

    fn is_cut(&self, hit: &Decided) -> bool {
        let Which::Pattern(place) = hit.which else { return false };
        self.scanner.guards[hit.guard].patterns[place].is_cut(self.text, &hit.range)
    }
}

fn precedes(one: &Decided, other: &Decided) -> bool {
    let key = |hit: &Decided| (hit.range.start, std::cmp::Reverse(hit.range.end));
    key(one) < key(other)
}
