//! TLS to providers: whom to trust, and what a failed handshake means in words that help.

use super::{Origin, chain};
use jiff::Timestamp;
use rustls::client::WantsClientCert;
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, ClientConfig, ConfigBuilder, Error as TlsError, RootCertStore, WantsVerifier};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of trusted certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read certificates from {}: {reason}; give a PEM file with the authority's certificate", .path.display())]
pub struct TrustError {
    path: PathBuf,
    reason: String,
}

/// A set-up that trusts the system's roots and `extra`, and offers HTTP/2 before HTTP/1.1.
pub(super) fn client_config(extra: &[CertificateDer<'static>]) -> ClientConfig {
    finished(builder().with_root_certificates(roots(extra)))
}

/// The same, but what a server shows is checked by `verifier`.
pub(super) fn verified_config(verifier: Arc<dyn ServerCertVerifier>) -> ClientConfig {
    finished(builder().dangerous().with_custom_certificate_verifier(verifier))
}

/// The system's roots and `extra`.
pub(super) fn roots(extra: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs().certs;
    roots.add_parsable_certificates(system);
    if roots.is_empty() {
        // A container without certificates still reaches the public providers.
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots.add_parsable_certificates(extra.iter().cloned());
    roots
}

fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    match versions {
        Ok(builder) => builder,
        // Ring knows the default versions; the other constructor asks the same provider.
        Err(_) => ClientConfig::builder(),
    }
}

fn finished(builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> ClientConfig {
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`TrustError`] where it cannot be read or has none.
pub(super) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let wrong = |reason: String| TrustError { path: path.to_owned(), reason };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let certificates: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("the file has no certificate".to_owned()));
    }
    Ok(certificates)
}

/// Why a connection failed; for a failure of TLS, with what to do about it.
pub(super) fn explain(error: &(dyn Error + 'static), origin: &Origin) -> String {
    let host = origin.authority.host();
    match tls_error(error) {
        Some(TlsError::InvalidCertificate(fault)) => certificate_fault(fault, host),
        Some(TlsError::InvalidMessage(_)) => {
            format!("{host} does not speak TLS there: check the port, or write http:// where it has none")
        }
        Some(other) => format!("TLS failed: {other}"),
        None => chain(error),
    }
}

/// What the TLS library said. An [`io::Error`] does not name the error inside it as its source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inside.map(|inside| inside as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

fn certificate_fault(fault: &CertificateError, host: &str) -> String {
    use CertificateError as Fault;
    match fault {
        Fault::UnknownIssuer => format!(
            "the certificate of {host} comes from an authority that is not trusted (unknown issuer); if it is your \
             own, give its certificate with `--ca-file FILE`"
        ),
        Fault::Expired => expired(host, "some time ago"),
        Fault::ExpiredContext { not_after, .. } => expired(host, &day(*not_after)),
        Fault::NotValidYet => not_yet(host, "some time later"),
        Fault::NotValidYetContext { not_before, .. } => not_yet(host, &day(*not_before)),
        Fault::NotValidForName => wrong_name(host, "another host"),
        Fault::NotValidForNameContext { presented, .. } => wrong_name(host, &names(presented)),
        other if other.to_string().contains("CaUsedAsEndEntity") => format!(
            "the certificate of {host} is an authority's own (CA:TRUE) and cannot name a server; make one with \
             CA:FALSE, signed by it"
        ),
        other => format!("the certificate of {host} is not valid: {other}"),
    }
}

fn expired(host: &str, when: &str) -> String {
    format!("the certificate of {host} expired {when}; the server needs a new one, or the clock here is wrong")
}

fn not_yet(host: &str, when: &str) -> String {
    format!("the certificate of {host} is valid from {when}; the clock here may be wrong")
}

fn wrong_name(host: &str, names: &str) -> String {
    format!("the certificate is for {names} and not for {host}; use a name that the certificate has in the base URL")
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    seconds
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or("at an unknown time".to_owned(), |time| format!("{}", time.strftime("%Y-%m-%d %H:%M UTC")))
}

/// The names as the certificate has them: the library says `DnsName("a.test")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    match presented {
        [] => "no name at all".to_owned(),
        some => some.iter().map(bare).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Endpoint;

    fn explained(error: impl Error + Send + Sync + 'static) -> String {
        let endpoint = Endpoint::parse("https://models.test:8443/v1").unwrap();
        explain(&error, &endpoint.origin)
    }

    fn certificate(fault: CertificateError) -> String {
        // As the connector wraps it.
        explained(io::Error::other(io::Error::new(io::ErrorKind::InvalidData, TlsError::InvalidCertificate(fault))))
    }

    #[test]
    fn each_fault_of_a_certificate_has_its_words() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        assert!(certificate(CertificateError::UnknownIssuer).contains("--ca-file"));
        let late = certificate(CertificateError::ExpiredContext { time: at(2_000_000_000), not_after: at(0) });
        assert!(late.contains("models.test expired 1970-01-01 00:00 UTC"), "{late}");
        let early = certificate(CertificateError::NotValidYetContext { time: at(0), not_before: at(86_400) });
        assert!(early.contains("valid from 1970-01-02"), "{early}");
        assert!(certificate(CertificateError::NotValidForName).contains("not for models.test"));
        assert!(certificate(CertificateError::BadSignature).contains("not valid: "));
    }

    #[test]
    fn other_failures_keep_their_own_words() {
        let plain = io::Error::other(TlsError::InvalidMessage(rustls::InvalidMessage::InvalidContentType));
        assert!(explained(plain).contains("http://"));
        assert_eq!(explained(io::Error::other("refused")), "refused");
    }
}
