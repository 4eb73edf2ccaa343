//! stdout is data, stderr is talk: the only place that prints.
//!
//! Colour follows `--color`, `NO_COLOR` and what the stream is. A reader that goes away ends the
//! command quietly.

use super::error::Outcome;
use super::table::{self, Column, Format, Room};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// When colour is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said on stderr.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Talk {
    /// Errors only.
    Quiet,
    /// What was done, and what to do next.
    Normal,
    /// Also how.
    Verbose,
}

/// Where words go.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    /// How records are written.
    pub format: Format,
    talk: Talk,
}

impl Ui {
    /// Words in this format, in colour when `color` says so.
    pub fn new(format: Format, color: Color, talk: Talk) -> Ui {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Ui { format, talk }
    }

    /// Whether records are for people and not for a program.
    pub fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// Writes data as it is.
    ///
    /// # Errors
    /// The reader went away; the disk is full.
    pub fn data(&self, text: &str) -> Outcome {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Writes a list; where there is nothing, says `empty` on stderr to who reads a table.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn list(&self, columns: &[Column], records: &[impl Serialize], empty: &str) -> Outcome {
        if records.is_empty() && self.is_table() {
            self.say(empty);
        }
        self.data(&table::list(self.format, columns, records, room())?)
    }

    /// Writes one record.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn record(&self, columns: &[Column], record: &impl Serialize) -> Outcome {
        self.data(&table::one(self.format, columns, record)?)
    }

    /// Writes what was made or changed, for programs only: people have read it on stderr.
    ///
    /// # Errors
    /// As [`Ui::data`].
    pub fn changed(&self, columns: &[Column], record: &impl Serialize) -> Outcome {
        if self.is_table() { Ok(()) } else { self.record(columns, record) }
    }

    /// Says what was done, or what to do next.
    pub fn say(&self, words: impl Display) {
        if self.talk >= Talk::Normal {
            speak(format_args!("{words}\n"));
        }
    }

    /// Says what may matter although the command goes on.
    pub fn warn(&self, words: impl Display) {
        if self.talk >= Talk::Normal {
            let style = Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold();
            speak(format_args!("{style}warning:{style:#} {words}\n"));
        }
    }

    /// Says what is being done now, on a terminal, in a line that the next one replaces; nothing clears it.
    pub fn progress(&self, words: &str) {
        if self.talk >= Talk::Normal && io::stderr().is_terminal() {
            speak(format_args!("\r\u{1b}[2K{words}"));
        }
    }

    /// Says how something is done.
    pub fn detail(&self, words: impl Display) {
        if self.talk >= Talk::Verbose {
            speak(format_args!("{words}\n"));
        }
    }

    /// Says what went wrong, and what to type next.
    pub fn complain(&self, message: &str, hints: &[String]) {
        let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        speak(format_args!("{style}error:{style:#} {message}\n"));
        let style = Style::new().fg_color(Some(AnsiColor::Cyan.into())).bold();
        for hint in hints {
            speak(format_args!("{style}hint:{style:#} {hint}\n"));
        }
    }

    /// Whether a person sits there: prompts make sense only then.
    pub fn is_conversation(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

/// Nobody can be told that stderr is gone.
fn speak(words: std::fmt::Arguments<'_>) {
    let _ = anstream::stderr().lock().write_fmt(words);
}

/// The room on stdout: a terminal's width, 80 columns where it does not say.
fn room() -> Room {
    if !io::stdout().is_terminal() {
        return Room::Endless;
    }
    Room::Terminal(comfy_table::Table::new().width().unwrap_or(80).max(20))
}
