//! Features of a text: sequences of words, each from a set, near one another. One look-up a word finds them all.
//!
//! A feature is written as `ignore|disregard .. previous|prior .. instructions|rules`: alternatives with `|`, words side by side
//! with a space, at most four words between with `..`. Texts behind a `=`, kept apart by `¦`, are looked for as they stand,
//! for languages that write no gaps and for signs.

use super::literals::Literals;
use super::prepared::{ByWord, Prepared, hash};

/// A feature: its name, how much it tells (0 to 1), and what it looks like.
pub type Feature = (&'static str, f64, &'static str);

/// Words that may stand between two steps of a feature with `..`.
const GAP: usize = 5;

/// A step of a feature that a word takes.
struct Step {
    feature: u16,
    step: u8,
    /// How far behind the step before.
    far: u8,
    /// Its place among all steps.
    place: usize,
}

/// Features, made ready.
pub struct Lexicon {
    features: Vec<(String, f64, usize)>,
    /// For each word, the steps that it takes.
    steps: ByWord<Vec<Step>>,
    /// How many steps there are.
    count: usize,
    texts: Option<(Literals, Vec<u16>)>,
}

/// What was found in a text.
pub struct Score {
    /// 0 to 1.
    pub score: f64,
    /// The names of the features that made it up, the weightiest first.
    pub features: Vec<String>,
}

impl Lexicon {
    /// Makes features ready.
    ///
    /// # Errors
    /// There are too many.
    pub fn new<'f>(all: impl IntoIterator<Item = (&'f str, f64, &'f str)>) -> Result<Lexicon, String> {
        let mut lexicon = Lexicon { features: Vec::new(), steps: ByWord::default(), count: 0, texts: None };
        let (mut texts, mut whose) = (Vec::new(), Vec::new());
        for (name, weight, pattern) in all {
            let feature = lexicon.features.len() as u16;
            if let Some(text) = pattern.strip_prefix('=') {
                lexicon.features.push((name.to_owned(), weight, 0));
                texts.extend(text.split('¦').map(str::to_owned));
                whose.resize(texts.len(), feature);
                continue;
            }
            let count = lexicon.add(feature, pattern);
            lexicon.features.push((name.to_owned(), weight, count));
        }
        if !texts.is_empty() {
            lexicon.texts = Some((Literals::new(&texts)?, whose));
        }
        Ok(lexicon)
    }

    fn add(&mut self, feature: u16, pattern: &str) -> usize {
        let (mut step, mut far) = (0u8, 0u8);
        for part in pattern.split_whitespace() {
            if part == ".." {
                far = GAP as u8;
                continue;
            }
            for word in part.split('|') {
                let (far, place) = (far.max(1), self.count + usize::from(step));
                self.steps.entry(hash(word.as_bytes())).or_default().push(Step { feature, step, far, place });
            }
            (step, far) = (step + 1, 0);
        }
        // The last steps first: a word takes one step of a feature at a time.
        self.steps.values_mut().for_each(|uses| uses.sort_by_key(|step| (step.feature, std::cmp::Reverse(step.step))));
        self.count += usize::from(step);
        usize::from(step)
    }

    /// What a text has of them: each feature counts once.
    pub fn score(&self, text: &Prepared<'_>) -> Score {
        let hits = self.hits(text);
        let mut found: Vec<(f64, &str)> = Vec::new();
        for ((name, weight, _), _) in self.features.iter().zip(&hits).filter(|(_, hits)| **hits > 0) {
            found.push((*weight, name));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let rest = found.iter().fold(1.0, |rest, (weight, _)| rest * (1.0 - weight));
        let mut features: Vec<String> = found.into_iter().map(|(_, name)| name.to_owned()).collect();
        features.dedup();
        Score { score: 1.0 - rest, features }
    }

    /// How often a text has each of them.
    pub fn hits(&self, text: &Prepared<'_>) -> Vec<u32> {
        let mut hits = vec![0u32; self.features.len()];
        if let Some((literals, whose)) = &self.texts {
            literals.find(text.folded().as_bytes(), 0, |_, _, which| hits[usize::from(whose[which])] += 1);
        }
        // For each step, the place of the word that took it last.
        let mut taken: Vec<Option<usize>> = vec![None; self.count];
        for (place, word) in text.hashes().enumerate() {
            let Some(uses) = self.steps.get(&word) else { continue };
            for step in uses {
                let follows = step.step == 0
                    || taken[step.place - 1].is_some_and(|at| place > at && place - at <= usize::from(step.far));
                if !follows {
                    continue;
                }
                if usize::from(step.step) + 1 == self.features[usize::from(step.feature)].2 {
                    hits[usize::from(step.feature)] += 1;
                }
                taken[step.place] = Some(place);
            }
        }
        hits
    }
}
