//! Commands in a hermetic home, and everything that they print, with what changes from run to run made plain.
#![allow(dead_code, reason = "every test crate uses another part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "part of tests")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder with a home in it, and a shell that knows nothing else.
pub struct Shell {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Shell {
    /// A shell without a home yet.
    pub fn empty() -> Shell {
        Shell { folder: TempDir::new().unwrap(), variables: Vec::new() }
    }

    /// A shell with the organisation `acme`, owned by `ana`.
    pub fn new() -> Shell {
        let shell = Shell::empty();
        shell.ok("init acme --owner ana");
        shell
    }

    /// The same with the provider `sandbox`.
    pub fn with_sandbox() -> Shell {
        let shell = Shell::new();
        shell.ok("provider add sandbox");
        shell
    }

    /// Sets an environment variable for all commands to come.
    pub fn set(mut self, name: &str, value: &str) -> Shell {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the words of a line.
    pub fn run(&self, line: &str) -> Run {
        self.run_with(line, "")
    }

    /// Runs the words of a line with something on standard input.
    pub fn run_with(&self, line: &str, input: &str) -> Run {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = self.command(&words).spawn().unwrap();
        // A command that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a line that must succeed; what it printed on stdout.
    pub fn ok(&self, line: &str) -> String {
        let run = self.run(line);
        assert_eq!(run.code, 0, "{line}: {run:?}");
        run.out
    }

    /// Runs a line and compares everything that it prints, made plain.
    pub fn expect(&self, line: &str, code: i32, out: &str, err: &str) {
        let run = self.run(line);
        let plain = Run { code: run.code, out: self.plain(&run.out), err: self.plain(&run.err) };
        let wanted = Run { code, out: out.to_owned(), err: err.to_owned() };
        assert!(
            plain == wanted,
            "optscale-ai {line}\n--- got {}\n{}{}--- wanted {}\n{}{}",
            plain.code,
            plain.out,
            plain.err,
            wanted.code,
            wanted.out,
            wanted.err
        );
    }

    /// A line that says nothing on stderr and ends well.
    pub fn shows(&self, line: &str, out: &str) {
        self.expect(line, 0, out, "");
    }

    /// A line that fails without a word on stdout.
    pub fn fails(&self, line: &str, code: i32, err: &str) {
        self.expect(line, code, "", err);
    }

    /// Starts the words of a line and lets them run.
    pub fn start(&self, line: &str) -> std::process::Child {
        self.command(&line.split_whitespace().collect::<Vec<_>>()).spawn().unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_optscale-ai"));
        command.env_clear().env("OPTSCALE_AI_HOME", self.home()).env("HOME", self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).args(words);
        command.current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The text with paths, keys, ids and times replaced by words of the same kind.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(self.folder.path().to_str().unwrap(), "DIR");
        let text = replace_words(&text, "sk-osai-KEY", |word| word.starts_with("sk-osai-") && word.len() == 47);
        let text = replace_words(&text, "UUID", is_uuid);
        let text = replace_words(&text, "TIME", |word| word.len() == 24 && is_time(word));
        replace_clock(&text)
    }
}

/// Replaces every run of letters, digits, `-`, `:` and `.` that `is_it` knows.
fn replace_words(text: &str, with: &str, is_it: impl Fn(&str) -> bool) -> String {
    let part = |letter: char| letter.is_ascii_alphanumeric() || "-:.".contains(letter);
    let mut done = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(part) {
        let end = rest[begin..].find(|letter| !part(letter)).map_or(rest.len(), |length| begin + length);
        done.push_str(&rest[..begin]);
        done.push_str(if is_it(&rest[begin..end]) { with } else { &rest[begin..end] });
        rest = &rest[end..];
    }
    done + rest
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

fn is_time(word: &str) -> bool {
    word.as_bytes()[4] == b'-' && word.as_bytes()[10] == b'T' && word.ends_with('Z')
}

/// `2026-01-31 10:00:00Z`, as people read it, becomes `DAY CLOCK`.
fn replace_clock(text: &str) -> String {
    let day = |word: &str| word.len() == 10 && word.split('-').map(str::len).eq([4, 2, 2]) && word.starts_with("20");
    let clock = |word: &str| word.len() == 9 && word.ends_with('Z') && word.split(':').count() == 3;
    replace_words(&replace_words(text, "CLOCK", clock), "DAY", day)
}

/// Makes a file that is no database of this program.
pub fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
