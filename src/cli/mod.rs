//! Words in, words out: the command line. A folder a noun, a file a verb; the only place that prints.
//!
//! The definitions here feed the parser, the help, the manual pages, `docs/cli.md` and the completions.
//! What commands do is in `admin`, `store` and `gateway`; here is how it is asked for and shown.

mod audit;
mod budget;
mod complete;
mod completions;
mod connect;
mod cost;
mod db;
mod detect;
mod doctor;
mod error;
mod event;
mod file;
mod guardrail;
mod import;
mod init;
mod key;
mod limit;
mod man;
mod model;
mod org;
mod pager;
mod policy;
mod provider;
pub mod reference;
mod route;
mod secret_input;
mod secrets;
mod serve;
mod session;
mod shape;
mod table;
mod target;
mod team;
mod trace;
mod ui;
mod up;
mod user;
mod when;
mod words;

use clap::{CommandFactory, Parser, Subcommand};
use error::Outcome;
use session::Session;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use table::Format;
use ui::{Color, Talk};

/// The name of the program, as people type it.
pub const PROGRAM: &str = "optscale-ai";

/// An AI gateway in one binary: virtual keys, access, routing, traces and exact costs in front of every model provider
///
/// Applications keep their OpenAI or Anthropic SDK and change only base URL and API key. Start with `optscale-ai up`.
#[derive(Parser)]
#[command(name = PROGRAM, version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  optscale-ai up                                  set up and serve, in one go
  optscale-ai provider add openai --api-key-env OPENAI_API_KEY
  optscale-ai key create my-app --expires 30d     a virtual key; it is shown once
  optscale-ai traces --since 1h                   what was called
  optscale-ai costs by model --since 30d          what it cost

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused,
5 provider or network failed, 6 differences found.";

#[derive(clap::Args)]
struct Global {
    /// Directory that holds the database and the master key [env: OPTSCALE_AI_HOME] [default: the platform's data directory]
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath, help_heading = "Global options")]
    home: Option<PathBuf>,
    /// Organisation to work on [env: OPTSCALE_AI_ORG] [default: the one selected with `org use`]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options", add = complete::orgs())]
    org: Option<String>,
    /// How to write what is asked for: table, json, jsonl or csv
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        help_heading = "Global options",
        hide_possible_values = true
    )]
    output: Format,
    /// Say nothing but errors on stderr
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,
    /// Ask nothing: agree to every question
    #[arg(short, long, global = true, help_heading = "Global options")]
    yes: bool,
    /// When to use colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Global options"
    )]
    color: Color,
    /// Show long lists without a pager
    #[arg(long, global = true, help_heading = "Global options")]
    no_pager: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Global options")]
    verbose: bool,
}

impl Global {
    fn talk(&self) -> Talk {
        match (self.quiet, self.verbose) {
            (true, _) => Talk::Quiet,
            (_, true) => Talk::Verbose,
            _ => Talk::Normal,
        }
    }
}

/// Every command, in the order of the help.
#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Up(up::Up),
    Serve(serve::Serve),
    #[command(visible_alias = "orgs")]
    Org(org::Noun),
    #[command(visible_alias = "providers")]
    Provider(provider::Noun),
    #[command(visible_alias = "models")]
    Model(model::Noun),
    #[command(visible_alias = "users")]
    User(user::Noun),
    #[command(visible_alias = "teams")]
    Team(team::Noun),
    #[command(visible_alias = "keys")]
    Key(key::Noun),
    #[command(visible_alias = "budgets")]
    Budget(budget::Noun),
    #[command(visible_alias = "limits")]
    Limit(limit::Noun),
    #[command(visible_alias = "routes")]
    Route(route::Noun),
    #[command(visible_alias = "guardrails")]
    Guardrail(guardrail::Noun),
    #[command(visible_alias = "policies")]
    Policy(policy::Noun),
    #[command(name = "traces", visible_alias = "trace")]
    Traces(trace::Noun),
    #[command(name = "costs", visible_alias = "cost")]
    Costs(cost::Noun),
    #[command(visible_alias = "events")]
    Event(event::Noun),
    Export(file::export::Export),
    Plan(file::plan::Plan),
    Apply(file::apply::Apply),
    Rollback(file::rollback::Rollback),
    Import(import::Import),
    Db(db::Noun),
    Secrets(secrets::Noun),
    Audit(audit::Noun),
    Connect(connect::Connect),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    fn run(self, session: &Session) -> Outcome {
        match self {
            Command::Init(command) => command.run(session),
            Command::Up(command) => command.run(session),
            Command::Serve(command) => command.run(session),
            Command::Org(noun) => noun.run(session),
            Command::Provider(noun) => noun.run(session),
            Command::Model(noun) => noun.run(session),
            Command::User(noun) => noun.run(session),
            Command::Team(noun) => noun.run(session),
            Command::Key(noun) => noun.run(session),
            Command::Budget(noun) => noun.run(session),
            Command::Limit(noun) => noun.run(session),
            Command::Route(noun) => noun.run(session),
            Command::Guardrail(noun) => noun.run(session),
            Command::Policy(noun) => noun.run(session),
            Command::Traces(noun) => noun.run(session),
            Command::Costs(noun) => noun.run(session),
            Command::Event(noun) => noun.run(session),
            Command::Export(command) => command.run(session),
            Command::Plan(command) => command.run(session),
            Command::Apply(command) => command.run(session),
            Command::Rollback(command) => command.run(session),
            Command::Import(command) => command.run(session),
            Command::Db(noun) => noun.run(session),
            Command::Secrets(noun) => noun.run(session),
            Command::Audit(noun) => noun.run(session),
            Command::Connect(command) => command.run(session),
            Command::Doctor(command) => command.run(session),
            Command::Completions(command) => command.run(session),
            Command::Man(command) => command.run(session),
        }
    }
}

/// The definition that everything is made from.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Answers a shell that asks for completions, and ends the process then; else does nothing.
pub fn complete_for_shell() {
    clap_complete::CompleteEnv::with_factory(definition).complete();
}

/// Runs one command line.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return explain_usage(&error),
    };
    let session = Session::new(cli.global);
    session.use_newer_catalogue();
    match cli.command.run(&session) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(&session.ui),
    }
}

/// Help and version go to stdout and are no failure; the rest is wrong usage. A closed pipe is ignored.
fn explain_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
