//! What `provider test` and `provider models` have in common: a provider, opened, to be asked.

use crate::admin::providers;
use crate::canonical::{Code, Complaint};
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::session::{Opened, Session};
use crate::gateway::{Probe, ProbeError};
use crate::store::ProviderRow;
use std::path::Path;

/// The provider and a way to ask it.
///
/// # Errors
/// There is none of that name; the home cannot be opened.
pub fn probe(session: &Session, name: &str, ca_file: Option<&Path>) -> Outcome<(ProviderRow, Probe)> {
    let Opened { store, sealer, org } = session.open()?;
    let row = providers::find(&store, org.id, name)?;
    let probe = Probe::new(row.clone(), &sealer, ca_file)?;
    Ok((row, probe))
}

/// What a provider complains of, with the command that mends it.
pub fn failed(name: &str, complaint: &Complaint) -> CliError {
    let error = CliError::new(Kind::Provider, format!("provider `{name}`: {}", complaint.message));
    match complaint.code {
        Code::ProviderKeyRejected => {
            error.hint(format!("replace its key: `optscale-ai provider edit {name} --api-key-env VAR`"))
        }
        Code::ProviderUnreachable | Code::ProviderTimeout => error.hint(format!(
            "see its address with `optscale-ai provider show {name}`, change it with `optscale-ai provider edit {name} --base-url URL`"
        )),
        _ => error,
    }
}

impl From<ProbeError> for CliError {
    fn from(error: ProbeError) -> CliError {
        CliError::because(Kind::Failed, &error)
    }
}
