//! A command line of `--name value` pairs, and of words after a lone `--`.

use std::collections::HashMap;
use std::fmt::Debug;
use std::str::FromStr;

/// The words of a command line.
pub struct Args {
    options: HashMap<String, String>,
    /// What follows `--`: another program's command line.
    pub command: Vec<String>,
}

impl Args {
    /// Reads `words`, the program's name and mode already taken off.
    pub fn read(mut words: impl Iterator<Item = String>) -> Self {
        let mut options = HashMap::new();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            let name = word.strip_prefix("--").unwrap_or_else(|| panic!("an option begins with `--`: {word}"));
            let value = words.next().unwrap_or_else(|| panic!("--{name} needs a value"));
            options.insert(name.to_owned(), value);
        }
        Self { options, command: words.collect() }
    }

    /// The text of an option that must be there.
    pub fn text(&self, name: &str) -> &str {
        self.options.get(name).unwrap_or_else(|| panic!("--{name} is missing"))
    }

    /// The value of an option, or `default` where it is not given.
    pub fn value<T: FromStr<Err: Debug>>(&self, name: &str, default: T) -> T {
        self.options.get(name).map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("--{name} {text}: {e:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_a_command_are_told_apart() {
        let args = Args::read(["--url", "x", "--times", "3", "--", "serve", "--listen"].map(String::from).into_iter());
        assert_eq!(args.text("url"), "x");
        assert_eq!(args.value("times", 0), 3);
        assert_eq!(args.value("seconds", 7), 7);
        assert_eq!(args.command, ["serve", "--listen"]);
    }
}
