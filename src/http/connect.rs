//! From an origin to a connection: name, TCP, proxy, TLS, protocol.

use super::Payload;
use super::lease::{Form, Http1, Http2, Wire};
use super::pool::Load;
use super::tls::{TrustError, client_config, explain, read_certificates, roots, verified_config};
use super::{Endpoint, Origin, chain};
use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper::client::conn::{http1, http2};
use hyper::rt::{Executor, Read, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioTimer;
use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use std::future::poll_fn;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Stands for the number of streams before the server has said one: no server says this.
const UNKNOWN: usize = usize::MAX - 1;

/// What the server may send ahead of a caller who reads slowly.
const STREAM_WINDOW: u32 = 512 * 1024;

/// Wider than all streams together: one caller who does not read must not hold up the others. The h2 crate
/// also takes half of it as the number of bytes that small frames may cost before it ends the connection
/// (`too_many_data_frames`), and the frames of streamed answers are small.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// How the outside is reached: trust roots and proxies. Shared by all clients.
pub struct Network {
    extra_roots: Vec<CertificateDer<'static>>,
    tls: OnceLock<Arc<ClientConfig>>,
    proxies: Matcher,
}

impl Network {
    /// The system's trust roots and those of `ca_file`; proxies from `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY`, in upper or lower case.
    ///
    /// # Errors
    /// [`TrustError`] where `ca_file` cannot be read or has no certificate.
    pub fn new(ca_file: Option<&Path>) -> Result<Network, TrustError> {
        let extra_roots = ca_file.map(read_certificates).transpose()?.unwrap_or_default();
        Ok(Network { extra_roots, tls: OnceLock::new(), proxies: Matcher::from_env() })
    }

    /// Opens a connection; nothing of a request has been sent when this fails.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<Wire, BoxError> {
        match self.proxy_for(&origin.uri) {
            None => self.direct(origin).await,
            Some(proxy) => self.through(origin, &proxy).await.map_err(|error| {
                // The address has no user name and password any more.
                format!("through the proxy {}: {error}", proxy.uri().to_string().trim_end_matches('/')).into()
            }),
        }
    }

    /// The same network, but TLS is checked by `verifier`.
    pub(super) fn verified_by(&self, verifier: Arc<dyn ServerCertVerifier>) -> Network {
        let tls = OnceLock::from(Arc::new(verified_config(verifier)));
        Network { extra_roots: self.extra_roots.clone(), tls, proxies: Matcher::from_env() }
    }

    /// Everything that is trusted.
    pub(super) fn roots(&self) -> RootCertStore {
        roots(&self.extra_roots)
    }

    /// The proxy through which an address is reached, without user name and password; none where there is none.
    pub fn proxy(&self, endpoint: &Endpoint) -> Option<String> {
        let proxy = self.proxy_for(&endpoint.origin.uri)?;
        let (scheme, host) = (proxy.uri().scheme_str()?, proxy.uri().host()?);
        let port = proxy.uri().port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{scheme}://{host}{port}"))
    }

    fn proxy_for(&self, uri: &Uri) -> Option<Intercept> {
        if is_loopback(uri) { None } else { self.proxies.intercept(uri) }
    }

    async fn direct(&self, origin: &Origin) -> Result<Wire, BoxError> {
        if origin.scheme == Scheme::HTTPS {
            return self.secured(connector(), origin).await;
        }
        let stream = connector().call(origin.uri.clone()).await.map_err(|error| chain(&error))?;
        plain(stream, Form::Origin, None).await
    }

    async fn through(&self, origin: &Origin, proxy: &Intercept) -> Result<Wire, BoxError> {
        let address = proxy.uri().clone();
        match (address.scheme_str(), origin.scheme == Scheme::HTTPS) {
            (Some("socks5" | "socks5h"), true) => self.secured(socks(address, proxy), origin).await,
            (Some("socks5" | "socks5h"), false) => {
                let stream = socks(address, proxy).call(origin.uri.clone()).await.map_err(|error| chain(&error))?;
                plain(stream, Form::Origin, None).await
            }
            (Some("http"), true) => {
                let tunnel = Tunnel::new(address, connector());
                let tunnel = match proxy.basic_auth() {
                    Some(value) => tunnel.with_auth(value.clone()),
                    None => tunnel,
                };
                self.secured(tunnel, origin).await
            }
            (Some("http"), false) => {
                let stream = connector().call(address).await.map_err(|error| chain(&error))?;
                plain(stream, Form::Absolute, proxy.basic_auth().cloned()).await
            }
            (scheme, _) => {
                Err(format!("the scheme `{}` is not supported; use http or socks5", scheme.unwrap_or("")).into())
            }
        }
    }

    async fn secured<C>(&self, transport: C, origin: &Origin) -> Result<Wire, BoxError>
    where
        C: Service<Uri>,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Future: Send + 'static,
        C::Error: Into<BoxError>,
    {
        let mut connector = HttpsConnector::from((transport, self.tls()));
        let stream = connector.call(origin.uri.clone()).await.map_err(|error| explain(&*error, origin))?;
        if stream.connected().is_negotiated_h2() {
            multiplexed(stream).await
        } else {
            plain(stream, Form::Origin, None).await
        }
    }

    /// Built when it is first needed: reading the system's roots takes tens of milliseconds.
    fn tls(&self) -> Arc<ClientConfig> {
        self.tls.get_or_init(|| Arc::new(client_config(&self.extra_roots))).clone()
    }
}

async fn plain<S>(stream: S, form: Form, proxy_auth: Option<HeaderValue>) -> Result<Wire, BoxError>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new().handshake::<_, Payload>(stream).await?;
    tokio::spawn(connection);
    Ok(Wire::One(Http1 { sender, form, proxy_auth }))
}

async fn multiplexed<S>(stream: S) -> Result<Wire, BoxError>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let load = Load::new();
    let (sender, mut connection) = http2::Builder::new(Tasks(load.clone()))
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(15))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(UNKNOWN)
        .handshake::<_, Payload>(stream)
        .await?;
    let told = load.clone();
    tokio::spawn(poll_fn(move |cx| {
        let ended = Pin::new(&mut connection).poll(cx);
        match connection.current_max_send_streams() {
            _ if ended.is_ready() => told.allow(0),
            UNKNOWN => told.watch(cx.waker()),
            most => told.allow(most),
        }
        ended.map(drop)
    }));
    Ok(Wire::Two(Http2 { sender, load }))
}

/// Runs the tasks of a connection of HTTP/2. One of them reads what the server says of itself, and tells nobody.
#[derive(Clone)]
struct Tasks(Arc<Load>);

impl<T> Executor<T> for Tasks
where
    T: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: T) {
        if self.0.is_known() {
            tokio::spawn(task);
            return;
        }
        let load = self.0.clone();
        tokio::spawn(async move {
            let mut task = pin!(task);
            poll_fn(|cx| {
                let ended = task.as_mut().poll(cx);
                load.look();
                ended
            })
            .await
        });
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(Duration::from_secs(60)));
    connector
}

fn socks(address: Uri, proxy: &Intercept) -> SocksV5<HttpConnector> {
    let socks = SocksV5::new(address, connector());
    match proxy.raw_auth() {
        Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
        None => socks,
    }
}

/// A server on this machine is never reached through a proxy: the proxy would look for it on its own.
fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(proxies: Matcher) -> Network {
        Network { extra_roots: Vec::new(), tls: OnceLock::new(), proxies }
    }

    fn proxy(network: &Network, uri: &str) -> Option<String> {
        network.proxy_for(&uri.parse().unwrap()).map(|proxy| proxy.uri().to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_some_hosts_have_none() {
        let matcher = Matcher::builder().http("http://u:p@one.test:1").https("socks5://two.test:2");
        let network = network(matcher.no("inside.test,10.0.0.0/8").build());
        assert_eq!(proxy(&network, "http://out.test/").as_deref(), Some("http://one.test:1/"));
        assert_eq!(proxy(&network, "https://out.test/").as_deref(), Some("socks5://two.test:2/"));
        for near in ["https://inside.test/", "https://a.inside.test/", "http://10.1.2.3:80/"] {
            assert_eq!(proxy(&network, near), None, "{near}");
        }
    }

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        let network = network(Matcher::builder().all("http://one.test:1").build());
        for here in ["http://127.0.0.1:11434/", "http://[::1]:1/", "https://localhost/", "http://127.8.8.8/"] {
            assert_eq!(proxy(&network, here), None, "{here}");
        }
        assert!(proxy(&network, "http://localhost.example/").is_some());
    }
}
