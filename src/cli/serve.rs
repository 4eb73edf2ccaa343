//! `serve`: the gateway itself, until a signal.

use super::error::{CliError, Outcome};
use super::session::Session;
use super::table::Column;
use super::target::{DEFAULT_LISTEN, url_of};
use super::ui::Ui;
use super::when::duration;
use crate::admin;
use crate::config::Home;
use crate::gateway::{self, Limits, Notice, Ready, ServeOptions};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Serve the gateway until Ctrl-C or SIGTERM
///
/// Prints one line when calls are taken. Changes that other commands make are in force within a second.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai serve
  optscale-ai serve --listen 127.0.0.1:9000
  optscale-ai serve --listen 0.0.0.0:8642 --plain-http     behind a proxy that ends TLS")]
pub struct Serve {
    #[command(flatten)]
    how: How,
}

/// Where and how to serve.
#[derive(clap::Args)]
pub struct How {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Allow an address that others can reach, although calls are not encrypted: a proxy before it ends TLS
    #[arg(long)]
    plain_http: bool,
    /// More trusted certificate authorities for providers, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
    /// Until there is a connection to a provider [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Limits")]
    connect_timeout: Option<Duration>,
    /// Until the first byte of an answer [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Limits")]
    first_byte_timeout: Option<Duration>,
    /// Between two pieces of a streamed answer [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Limits")]
    idle_timeout: Option<Duration>,
    /// Until the end of an answer [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Limits")]
    total_timeout: Option<Duration>,
    /// The largest request body, in MiB [default: 32]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Limits")]
    max_body: Option<u16>,
}

#[derive(Serialize)]
struct Record<'a> {
    listen: String,
    base_url: &'a str,
}

const COLUMNS: &[Column] = &[Column::new("listen", "LISTEN"), Column::new("base_url", "BASE URL")];

impl Serve {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let home = session.home()?;
        // The master key is checked before the address is taken.
        drop(admin::open(&home)?);
        let options = self.how.options(home)?;
        serve(session, options, &mut |ui, base_url, ready| {
            if !ui.is_table() {
                return ui.record(COLUMNS, &Record { listen: ready.listen.to_string(), base_url });
            }
            ui.data(&format!("serving on {base_url}\n"))
        })
    }
}

impl How {
    /// As the gateway takes it.
    ///
    /// # Errors
    /// Others could reach the address, and `--plain-http` was not given.
    pub fn options(self, home: Home) -> Outcome<ServeOptions> {
        if !self.listen.ip().is_loopback() && !self.plain_http {
            let message = format!("others can reach {}, and calls to it would not be encrypted", self.listen);
            return Err(CliError::usage(message)
                .hint(format!("listen on 127.0.0.1:{} for this machine alone", self.listen.port()))
                .hint("or add --plain-http where a proxy before it ends TLS"));
        }
        let usual = Limits::default();
        let limits = Limits {
            connect: self.connect_timeout.unwrap_or(usual.connect),
            first_byte: self.first_byte_timeout.unwrap_or(usual.first_byte),
            idle: self.idle_timeout.unwrap_or(usual.idle),
            total: self.total_timeout.unwrap_or(usual.total),
            max_body: self.max_body.map_or(usual.max_body, |mib| usize::from(mib) * 1024 * 1024),
        };
        Ok(ServeOptions { home, listen: self.listen, ca_file: self.ca_file, limits })
    }
}

/// What is said when calls are taken, given the base URL.
pub(super) type Announce<'a> = dyn FnMut(&Ui, &str, &Ready) -> Outcome + 'a;

/// Serves until a signal. A reader of stdout that goes away does not stop the gateway.
pub(super) fn serve(session: &Session, options: ServeOptions, announce: &mut Announce<'_>) -> Outcome {
    gateway::serve(options, &mut |notice| match notice {
        Notice::Ready(ready) => {
            let base_url = url_of(&ready.listen.to_string());
            ready.faults.iter().for_each(|fault| session.ui.warn(fault));
            let _ = announce(&session.ui, &base_url, ready);
        }
        Notice::Warning(words) => session.ui.warn(words),
    })?;
    session.ui.say("stopped");
    Ok(())
}
