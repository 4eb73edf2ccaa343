//! Long lists on a terminal go through the pager that the user chose, else `less`.

use super::error::Outcome;
use crate::config;
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

/// Every terminal shows so many lines at once.
const SHORT: usize = 20;
/// `less` ends by itself where all fits, shows colours, and leaves the text on the screen.
const LESS: &str = "FRX";

/// Shows a text with the pager; whether it did. It does not where nobody sits at a terminal, the text is short, or no
/// pager starts.
///
/// # Errors
/// The pager cannot be waited for.
pub fn page(text: &str) -> Outcome<bool> {
    if text.lines().count() <= SHORT || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Ok(false);
    }
    let chosen = config::variable_or_empty(config::PAGER).or_else(|| config::variable_or_empty("PAGER"));
    let Some((program, arguments)) = command(chosen.as_deref()) else { return Ok(false) };
    let mut pager = Command::new(program);
    pager.args(arguments).stdin(Stdio::piped());
    if config::variable("LESS").is_none() {
        pager.env("LESS", LESS);
    }
    let Ok(mut child) = pager.spawn() else { return Ok(false) };
    if let Some(mut input) = child.stdin.take() {
        // A reader who leaves before the end has read enough.
        let _ = input.write_all(coloured(text).as_bytes());
    }
    child.wait()?;
    Ok(true)
}

/// The program and its arguments; none where the user wants no pager.
fn command(chosen: Option<&str>) -> Option<(String, Vec<String>)> {
    let mut words = chosen.unwrap_or("less").split_whitespace().map(str::to_owned);
    let program = words.next().filter(|program| program != "cat")?;
    Some((program, words.collect()))
}

/// With colour where stdout itself would have it.
fn coloured(text: &str) -> String {
    match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pager_is_the_users_choice() {
        let words = |chosen| command(chosen).map(|(program, arguments)| (program, arguments.join(" ")));
        assert_eq!(words(None), Some(("less".into(), String::new())));
        assert_eq!(words(Some("more -d  -p")), Some(("more".into(), "-d -p".into())));
        assert_eq!(words(Some("cat")), None);
        assert_eq!(words(Some(" ")), None);
    }

    #[test]
    fn nothing_is_paged_without_a_terminal() {
        assert!(!page("short").unwrap());
    }
}
