//! A request to whoever listens somewhere, to find out who that is.

use crate::cli::error::{CliError, Kind, Outcome};
use crate::http::{Client, Endpoint, HttpError, Network, Outgoing, Patience, Presented};
use bytes::Bytes;
use http::header::SERVER;
use http::{HeaderMap, Method};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Whoever does not answer within this time does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Enough to see what it is.
const MOST: usize = 64 * 1024;

/// Asks servers.
pub struct Fetcher {
    runtime: Runtime,
    network: Arc<Network>,
    client: Client,
}

/// What a server answered.
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// What it calls itself.
    pub server: Option<String>,
    /// The body, as text.
    pub body: String,
}

/// Who listens at a base URL.
pub enum Listener {
    /// A gateway of this program.
    Gateway,
    /// Something else; what it answered.
    Other(String),
    /// Nobody who could be understood.
    Nobody(HttpError),
}

impl Fetcher {
    /// A way to ask; `ca_file` has more trusted certificate authorities.
    ///
    /// # Errors
    /// The file cannot be used; the system gives no runtime.
    pub fn new(ca_file: Option<&Path>) -> Outcome<Fetcher> {
        let network = Network::new(ca_file).map_err(|error| CliError::because(Kind::Failed, &error))?;
        let network = Arc::new(network);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Fetcher { runtime, client: Client::new(network.clone()), network })
    }

    /// Who listens at a base URL: a gateway refuses a stranger in words of its own.
    pub fn who(&self, base: &Endpoint) -> Listener {
        match self.get(base, &format!("{}/models", base.path().trim_end_matches('/'))) {
            Err(error) => Listener::Nobody(error),
            Ok(answer) if answer.status == 401 && answer.body.contains("sk-osai-") => Listener::Gateway,
            Ok(answer) => {
                let server = answer.server.map(|server| format!(", server `{server}`")).unwrap_or_default();
                Listener::Other(format!("HTTP {}{server}", answer.status))
            }
        }
    }

    /// Asks for a path.
    ///
    /// # Errors
    /// [`HttpError`]: nobody answers in time.
    pub fn get(&self, base: &Endpoint, path: &str) -> Result<Fetched, HttpError> {
        let late = || HttpError::ConnectTimeout { origin: base.origin().to_owned(), after: PATIENCE };
        let exchange =
            async { tokio::time::timeout(PATIENCE, self.exchange(base, path)).await.unwrap_or_else(|_| Err(late())) };
        self.runtime.block_on(exchange)
    }

    /// The certificate that a server shows.
    ///
    /// # Errors
    /// [`HttpError`]: it cannot be reached.
    pub fn certificate(&self, base: &Endpoint) -> Result<Option<Presented>, HttpError> {
        self.runtime.block_on(self.network.look(base, Patience { connect: PATIENCE }))
    }

    async fn exchange(&self, base: &Endpoint, path: &str) -> Result<Fetched, HttpError> {
        // A path that is no path asks for the base URL itself.
        let endpoint = base.with_path(path).unwrap_or_else(|_| base.clone());
        let response = self
            .client
            .send(Outgoing {
                endpoint: &endpoint,
                method: Method::GET,
                headers: HeaderMap::new(),
                body: Bytes::new().into(),
                patience: Patience { connect: PATIENCE },
            })
            .await?;
        let (head, body) = response.into_parts();
        let server = head.headers.get(SERVER).and_then(|server| server.to_str().ok()).map(str::to_owned);
        let body = String::from_utf8_lossy(&body.collect(MOST).await?).into_owned();
        Ok(Fetched { status: head.status.as_u16(), server, body })
    }
}
