//! Texts as literals of the languages that snippets are written in.

use serde_json::Value;

/// A literal in double quotes that Python and JavaScript read alike: JSON's, whose escapes both know.
pub(super) fn string(text: &str) -> String {
    Value::from(text).to_string()
}

/// A word for a POSIX shell, in single quotes: within them nothing is special but the quote itself.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_end_a_literal() {
        assert_eq!(string("a\"b\\c\n'"), r#""a\"b\\c\n'""#);
        assert_eq!(shell("it's $HOME"), r"'it'\''s $HOME'");
    }
}
