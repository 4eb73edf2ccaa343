//! `completions`: the shell's side of completion, which asks this program for live names.

use super::PROGRAM;
use super::error::{CliError, Kind, Outcome};
use super::session::Session;
use clap_complete::env::Shells;

/// Print the completion script for a shell
///
/// The script asks optscale-ai while you type, so names of providers, keys and models are complete too.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  echo 'source <(optscale-ai completions bash)' >> ~/.bashrc
  echo 'source <(optscale-ai completions zsh)' >> ~/.zshrc
  optscale-ai completions fish > ~/.config/fish/completions/optscale-ai.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// A shell that can complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Shell {
    /// Bash 4 and later.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
    /// Elvish.
    Elvish,
    /// PowerShell.
    Powershell,
}

impl Shell {
    fn as_str(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Elvish => "elvish",
            Shell::Powershell => "powershell",
        }
    }
}

impl Completions {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.ui.data(&script(self.shell)?)
    }
}

/// The script for a shell; it finds the program through `PATH`.
///
/// # Errors
/// None is known for it.
pub fn script(shell: Shell) -> Outcome<String> {
    let shells = Shells::builtins();
    let unknown = || CliError::new(Kind::Failed, format!("no completion is known for {}", shell.as_str()));
    let mut script = Vec::new();
    let shell = shells.completer(shell.as_str()).ok_or_else(unknown)?;
    shell.write_registration("COMPLETE", PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}
