//! The words of a model name that say how to answer.

use std::time::Duration;

/// How to answer a request, read from its model name: `cN` chunks in a stream, `dMS` milliseconds between
/// chunks, `pN` bytes of text in a whole answer or in each chunk; all else in the name is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Chunks of text in a stream.
    pub chunks: u32,
    /// Time from one chunk to the next.
    pub delay: Duration,
    /// Bytes of text, where the name says so.
    pub payload: Option<usize>,
}

impl Words {
    /// Reads a name such as `mock/bench-c50-d20`.
    pub fn read(model: &str) -> Self {
        let mut words = Self { chunks: 20, delay: Duration::ZERO, payload: None };
        for word in model.split(['-', '/']) {
            let Some((kind, number)) = word.split_at_checked(1) else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            match kind {
                "c" => words.chunks = number.clamp(1, 100_000),
                "d" => words.delay = Duration::from_millis(number.into()),
                "p" => words.payload = Some(number.min(4 << 20) as usize),
                _ => {}
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_from_any_place_of_the_name() {
        let words = Words::read("mock/bench-c50-d20-p9");
        assert_eq!(words, Words { chunks: 50, delay: Duration::from_millis(20), payload: Some(9) });
        assert_eq!(Words::read("bench"), Words { chunks: 20, delay: Duration::ZERO, payload: None });
    }
}
