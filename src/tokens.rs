//! How many tokens a text has, for estimates: counts before a call, and usage that nobody reported.
//!
//! Two vocabularies of OpenAI are built in; other vendors' models are counted with the newer one,
//! which is near (mostly within a fifth) and never exact. It knows no message format: what a vendor
//! adds around each message is the caller's concern.

use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

/// The longest stretch without a change between space and not-space that is read as a whole, in characters.
///
/// The tokenizer's pattern backtracks over long stretches and gives up beyond a limit with a panic; and
/// what it does not know as one token it merges pair by pair. Cut, its work is linear in the text. A cut
/// adds at most a token or so, and no language has words of that length.
const STRETCH: usize = 512;

/// How many tokens `text` has for `model`; the name may have a provider in front, `openai/gpt-4o`.
///
/// The first call builds the vocabulary: up to half a second and 40 MB, which stay. Later ones read
/// four megabytes a second or more, whatever the text. Both block: call it on a blocking thread.
pub fn count(model: &str, text: &str) -> u64 {
    let vocabulary = vocabulary(model);
    let tokens: usize = pieces(text).map(|piece| vocabulary.count_ordinary(piece)).sum();
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

/// OpenAI's newer vocabulary, but for GPT-3.5, GPT-4 before 4o, and the embedding models.
fn vocabulary(model: &str) -> &'static CoreBPE {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let is_gpt_4 = name == "gpt-4" || name.starts_with("gpt-4-");
    let is_older = is_gpt_4 || ["gpt-3.5", "gpt-35", "text-embedding-"].iter().any(|start| name.starts_with(start));
    if is_older { cl100k_base_singleton() } else { o200k_base_singleton() }
}

/// The text in pieces, none of which has a longer stretch than [`STRETCH`].
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, left) = rest.split_at(first_cut(rest));
        rest = left;
        Some(piece)
    })
}

/// Where the first stretch that is too long has to be cut; the end of the text where none is.
fn first_cut(text: &str) -> usize {
    let (mut length, mut in_space) = (0, None);
    for (at, character) in text.char_indices() {
        let is_space = Some(character.is_whitespace());
        length = if is_space == in_space { length + 1 } else { 1 };
        in_space = is_space;
        if length > STRETCH {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_texts_have_known_counts() {
        // From the worked examples in OpenAI's cookbook, "How to count tokens with tiktoken".
        assert_eq!(count("gpt-4", "antidisestablishmentarianism"), 6);
        assert_eq!(count("gpt-4o", "antidisestablishmentarianism"), 6);
        assert_eq!(count("gpt-4", "2 + 2 = 4"), 7);
        assert_eq!(count("gpt-4o", "2 + 2 = 4"), 7);
        assert_eq!(count("gpt-4", "お誕生日おめでとう"), 9);
        assert_eq!(count("gpt-4o", "お誕生日おめでとう"), 8);
        assert_eq!(count("gpt-4o", ""), 0);
    }

    #[test]
    fn the_name_of_the_model_picks_the_vocabulary() {
        let text = "お誕生日おめでとう";
        for model in ["gpt-4-turbo", "openai/gpt-4", "gpt-3.5-turbo-0125", "ft:gpt-3.5-turbo:acme::1"] {
            assert_eq!(count(model, text), 9, "{model}");
        }
        for model in ["gpt-4.1", "gpt-4o-mini", "o3", "claude-sonnet-4-5", "", "/"] {
            assert_eq!(count(model, text), 8, "{model}");
        }
    }

    #[test]
    fn long_runs_of_anything_are_counted_without_panic() {
        let length = 100_000;
        for unit in ["a", "A", " ", "\n", " \t", "é", "字", "!", "9", "\u{301}", "A\u{301}", "👩‍👩‍👧"] {
            let text = format!("{}x", unit.repeat(length / unit.len()));
            for model in ["gpt-4", "gpt-4o"] {
                let counted = count(model, &text);
                assert!(counted > 0 && counted <= text.len() as u64, "{unit:?} {counted}");
            }
        }
    }

    #[test]
    fn cutting_leaves_ordinary_text_as_it_is() {
        let text = "The quick brown fox jumps over the lazy dog.\n".repeat(100);
        assert_eq!(pieces(&text).count(), 1);
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "[a ]{0,2000}|\\PC{0,600}") {
            prop_assert_eq!(pieces(&text).collect::<String>(), text.clone());
        }
    }
}
