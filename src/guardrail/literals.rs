//! Many fixed texts looked for at once, ASCII letters of either case; also whether the end of a text may be the begin
//! of one.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

/// Texts that are looked for.
pub struct Literals {
    machine: AhoCorasick,
    /// In lower case, sorted.
    sorted: Vec<Vec<u8>>,
    longest: usize,
}

impl Literals {
    /// Looks for these texts; each match says the place in the list.
    ///
    /// # Errors
    /// There are too many.
    pub fn new<T: AsRef<[u8]>>(texts: &[T]) -> Result<Literals, String> {
        let machine = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(texts)
            .map_err(|error| error.to_string())?;
        let mut sorted: Vec<Vec<u8>> = texts.iter().map(|text| text.as_ref().to_ascii_lowercase()).collect();
        sorted.sort();
        let longest = sorted.iter().map(Vec::len).max().unwrap_or_default();
        Ok(Literals { machine, sorted, longest })
    }

    /// Every match from `from` on, overlapping ones too: begin, end, which.
    pub fn find(&self, text: &[u8], from: usize, mut found: impl FnMut(usize, usize, usize)) {
        let rest = text.get(from..).unwrap_or_default();
        for hit in self.machine.find_overlapping_iter(rest) {
            found(from + hit.start(), from + hit.end(), hit.pattern().as_usize());
        }
    }

    /// Where the end of the text begins that may become one of them; the length of the text where none may.
    pub fn tail(&self, text: &[u8], from: usize) -> usize {
        let first = from.max((text.len() + 1).saturating_sub(self.longest));
        (first..text.len()).find(|at| self.begins(&text[*at..])).unwrap_or(text.len())
    }

    fn begins(&self, with: &[u8]) -> bool {
        let with = with.to_ascii_lowercase();
        let at = self.sorted.partition_point(|text| text < &with);
        self.sorted
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take(2)
            .any(|text| text.len() > with.len() && text.starts_with(&with))
    }
}
