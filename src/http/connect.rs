//! From an origin to a connection: name, TCP, proxy, TLS, protocol.

use super::pool::{Form, Lease, Wire};
use super::{Origin, chain};
use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderValue, Uri};
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How the outside is reached: trust roots and proxies. Shared by all clients.
pub struct Network {
    extra_roots: Vec<CertificateDer<'static>>,
    tls: OnceLock<Arc<ClientConfig>>,
    proxies: Matcher,
}

/// A file of trusted certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read certificates from {}: {reason}; give a PEM file with the authority's certificate", .path.display())]
pub struct TrustError {
    path: PathBuf,
    reason: String,
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
    pub(crate) async fn connect(&self, origin: &Arc<Origin>) -> Result<Lease, BoxError> {
        match self.proxies.intercept(&origin.uri).filter(|_| !is_loopback(&origin.uri)) {
            None => self.direct(origin).await,
            Some(proxy) => self.through(origin, &proxy).await,
        }
    }

    async fn direct(&self, origin: &Arc<Origin>) -> Result<Lease, BoxError> {
        if origin.scheme == Scheme::HTTP {
            let stream = connector().call(origin.uri.clone()).await.map_err(|error| chain(&error))?;
            return plain(stream, origin, Form::Origin, None).await;
        }
        self.secured(connector(), origin).await
    }

    async fn through(&self, origin: &Arc<Origin>, proxy: &Intercept) -> Result<Lease, BoxError> {
        let address = proxy.uri().clone();
        match (address.scheme_str(), origin.scheme == Scheme::HTTPS) {
            (Some("socks5" | "socks5h"), true) => self.secured(socks(address, proxy), origin).await,
            (Some("socks5" | "socks5h"), false) => {
                let stream = socks(address, proxy).call(origin.uri.clone()).await.map_err(|error| chain(&error))?;
                plain(stream, origin, Form::Origin, None).await
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
                plain(stream, origin, Form::Absolute, proxy.basic_auth().cloned()).await
            }
            (scheme, _) => {
                Err(format!("proxy scheme `{}` is not supported; use http or socks5", scheme.unwrap_or("")).into())
            }
        }
    }

    async fn secured<C>(&self, transport: C, origin: &Arc<Origin>) -> Result<Lease, BoxError>
    where
        C: Service<Uri>,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Future: Send + 'static,
        C::Error: Into<BoxError>,
    {
        let mut connector = HttpsConnector::from((transport, self.tls()));
        let stream = connector.call(origin.uri.clone()).await.map_err(|error| chain(&*error))?;
        if !stream.connected().is_negotiated_h2() {
            return plain(stream, origin, Form::Origin, None).await;
        }
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(15))
            .adaptive_window(true)
            .handshake::<_, Full<Bytes>>(stream)
            .await?;
        tokio::spawn(connection);
        Ok(Lease::new(Wire::Two(sender), origin.clone()))
    }

    /// Built when it is first needed: reading the system's roots takes tens of milliseconds.
    fn tls(&self) -> Arc<ClientConfig> {
        self.tls.get_or_init(|| Arc::new(client_config(&self.extra_roots))).clone()
    }
}

async fn plain<S>(stream: S, origin: &Arc<Origin>, form: Form, auth: Option<HeaderValue>) -> Result<Lease, BoxError>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new().handshake::<_, Full<Bytes>>(stream).await?;
    tokio::spawn(connection);
    Ok(Lease::new(Wire::One(sender, form, auth), origin.clone()))
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

fn client_config(extra: &[CertificateDer<'static>]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs().certs;
    roots.add_parsable_certificates(system);
    if roots.is_empty() {
        // A container without certificates still reaches the public providers.
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots.add_parsable_certificates(extra.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = match versions {
        Ok(builder) => builder,
        // Ring knows the default versions; the other constructor asks the same provider.
        Err(_) => ClientConfig::builder(),
    };
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let wrong = |reason: String| TrustError { path: path.to_owned(), reason };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let certificates: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("the file has no certificate".to_owned()));
    }
    Ok(certificates)
}
