//! `team edit`.

use super::record::{COLUMNS, Record};
use crate::admin::teams::{self, EditTeam};
use crate::cli::complete;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;

/// Change a team: its name, what its members may call, who they are
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai team edit core --join eva@example.com
  optscale-ai team edit core --allow anthropic --deny openai
  optscale-ai team edit core --leave bob@example.com --name kernel")]
pub struct Edit {
    /// The team
    #[arg(value_name = "NAME", add = complete::teams())]
    team: String,
    /// Its new name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Provider, or provider/model, that its members may call as well; may be repeated
    #[arg(long, value_name = "PROVIDER", value_delimiter = ',', add = complete::assignable())]
    allow: Vec<String>,
    /// Provider, or provider/model, that they may call no more; may be repeated
    #[arg(long, value_name = "PROVIDER", value_delimiter = ',', add = complete::assignable())]
    deny: Vec<String>,
    /// User who joins it, out of another team if need be; may be repeated
    #[arg(long, value_name = "EMAIL", value_delimiter = ',', add = complete::users())]
    join: Vec<String>,
    /// Member who leaves it; may be repeated
    #[arg(long, value_name = "EMAIL", value_delimiter = ',', add = complete::users())]
    leave: Vec<String>,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let Edit { team, name, allow, deny, join, leave } = self;
        if name.is_none() && [&allow, &deny, &join, &leave].iter().all(|list| list.is_empty()) {
            return Err(CliError::usage("nothing to change was named")
                .hint("name what is to change, for example --join EMAIL; see `optscale-ai team edit --help`"));
        }
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let team = teams::edit(&store, org.id, &team, &EditTeam { name, allow, deny, join, leave })?;
        session.ui.say(format_args!("changed team `{}`", team.name));
        session.ui.changed(COLUMNS, &Record::new(&store, team)?)
    }
}
