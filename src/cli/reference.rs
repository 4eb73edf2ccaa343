//! What is generated from the command definitions: `docs/cli.md`, completions, manual pages.
//!
//! `tests/generated.rs` compares the files with this and rewrites them when told.

use super::completions::{Shell, script};
use super::{PROGRAM, definition};
use crate::{config, provider};
use clap::Command;
use clap_mangen::Man;
use std::fmt::Write as _;
use std::io;

/// The reference of all commands, as Markdown.
pub fn markdown() -> String {
    let mut root = without_global_options(built());
    let mut text = String::from(
        "# Command line\n\n<!-- Generated from the command definitions; do not edit. \
         UPDATE_GENERATED=1 cargo test --test generated rewrites it. -->\n\n",
    );
    for (title, help) in helps(&mut root) {
        let level = if title == PROGRAM { "##" } else { "###" };
        let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        let _ = write!(text, "{level} {title}\n\n```text\n{}\n```\n\n", help.join("\n"));
    }
    text.trim_end().to_owned() + "\n"
}

/// Every environment variable that the program reads, as Markdown.
pub fn environment() -> String {
    let mut text = String::from(
        "# Environment variables\n\n<!-- Generated from src/config/environment.rs and src/provider/; do not edit. \
         UPDATE_GENERATED=1 cargo test --test generated rewrites it. -->\n\n| variable | what it does |\n|---|---|\n",
    );
    for variable in config::ENVIRONMENT {
        let _ = writeln!(text, "| `{}` | {} |", variable.name, variable.help);
    }
    text.push_str(
        "\n## Keys of providers\n\n`up` and `init` look here for keys; `provider add KIND` takes the kind's without an option. \
         What was found is stored sealed: the gateway does not read it again.\n\n| kind | variables, the first that is set |\n|---|---|\n",
    );
    for kind in provider::kinds().iter().filter(|kind| !kind.api_key_env.is_empty()) {
        let _ = writeln!(text, "| `{}` | `{}` |", kind.name, kind.api_key_env.join("`, `"));
    }
    text
}

/// Completion scripts by file name.
///
/// # Errors
/// None in practice: the shells are known.
pub fn completion_scripts() -> io::Result<Vec<(String, String)>> {
    let named = |(shell, ending): (Shell, &str)| {
        let text = script(shell).map_err(|error| io::Error::other(error.to_string()))?;
        Ok((format!("{PROGRAM}.{ending}"), text))
    };
    [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")].into_iter().map(named).collect()
}

/// Manual pages by file name, the program's own first.
///
/// # Errors
/// None in practice: pages are written to memory.
pub fn man_pages() -> io::Result<Vec<(String, String)>> {
    let root = built();
    let mut pages = Vec::new();
    pages_below(&root, PROGRAM, &mut pages)?;
    Ok(pages)
}

fn pages_below(command: &Command, name: &str, pages: &mut Vec<(String, String)>) -> io::Result<()> {
    let mut text = Vec::new();
    // A page's name is the whole command, as `man optscale-ai-key-create` asks for it.
    Man::new(command.clone().name(name.to_owned()).display_name(name)).render(&mut text)?;
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&text).into_owned()));
    for below in documented(command) {
        pages_below(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}

/// The global options stand once, at the program itself.
fn without_global_options(root: Command) -> Command {
    fn hide(command: Command) -> Command {
        let hide_global = |arg: clap::Arg| if arg.is_global_set() { arg.hide(true) } else { arg };
        command.mut_args(hide_global).mut_subcommands(hide)
    }
    root.mut_subcommands(hide)
}

/// Every command with its long help, depth first.
fn helps(root: &mut Command) -> Vec<(String, String)> {
    let title = root.get_bin_name().unwrap_or(PROGRAM).to_owned();
    let mut all = vec![(title, root.render_long_help().to_string())];
    let names: Vec<String> = documented(root).map(|command| command.get_name().to_owned()).collect();
    for name in names {
        if let Some(below) = root.find_subcommand_mut(&name) {
            all.extend(helps(below));
        }
    }
    all
}

fn documented(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
}

/// The definition with everything filled in, at a fixed width.
fn built() -> Command {
    let mut root = definition().term_width(100).color(clap::ColorChoice::Never);
    root.build();
    root
}
