//! A look at the certificate that a server shows, whether it is trusted or not.
//!
//! The handshake is the same as for a call, proxies included, and what is not trusted is refused here as there;
//! only what was shown is remembered.

use super::certificate::Certificate;
use super::{Endpoint, HttpError, Network, Patience};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a certificate is not trusted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Distrust {
    /// No trusted authority stands behind it.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not come, or the clock is wrong.
    NotYetValid,
    /// It is for other names.
    OtherName,
    /// What the TLS library says.
    Other(String),
}

/// What a server showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presented {
    /// Its own certificate; none where it cannot be read.
    pub certificate: Option<Certificate>,
    /// Why it is not trusted; none where it is.
    pub distrust: Option<Distrust>,
}

impl Network {
    /// Begins TLS with a server and says what it showed; none where it showed no certificate.
    ///
    /// # Errors
    /// [`HttpError`]: it cannot be reached, or does not speak TLS. A certificate that is not trusted is no error here.
    pub async fn look(&self, endpoint: &Endpoint, patience: Patience) -> Result<Option<Presented>, HttpError> {
        let origin = &endpoint.origin;
        let failed = |reason: String| HttpError::Connect { origin: origin.name.clone(), reason };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()), provider).build();
        let verifier = verifier.map_err(|error| failed(error.to_string()))?;
        let recorder = Arc::new(Recorder { verifier, seen: Mutex::new(None) });
        let network = self.verified_by(recorder.clone());
        let connected = tokio::time::timeout(patience.connect, network.connect(origin)).await;
        let seen = recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (seen, connected) {
            (Some(seen), _) => Ok(Some(seen)),
            (None, Ok(Ok(_))) => Ok(None),
            (None, Ok(Err(error))) => Err(failed(error.to_string())),
            (None, Err(_)) => Err(HttpError::ConnectTimeout { origin: origin.name.clone(), after: patience.connect }),
        }
    }
}

/// Judges as the usual verifier does, and remembers.
#[derive(Debug)]
struct Recorder {
    verifier: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Presented>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let distrust = verdict.as_ref().err().map(distrust);
        let presented = Presented { certificate: Certificate::read(end_entity), distrust };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn distrust(error: &Error) -> Distrust {
    let Error::InvalidCertificate(fault) = error else { return Distrust::Other(error.to_string()) };
    match fault {
        CertificateError::UnknownIssuer => Distrust::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Distrust::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Distrust::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Distrust::OtherName,
        _ => Distrust::Other(error.to_string()),
    }
}
