//! Signs a request in the way of its provider, where that takes more than headers made beforehand.

use super::Worker;
use super::call::{Ask, Outcome};
use super::side::SideState;
use super::translate::{self, Translated};
use crate::canonical::{Code, Complaint};
use crate::http::{Client, Endpoint};
use crate::provider::{AuthError, Unsigned};
use crate::records::Provider;
use http::{HeaderMap, Method};

/// One exchange with a provider, as far as its signature goes.
pub(crate) struct Signing<'a> {
    pub side: &'a SideState,
    pub record: &'a Provider,
    pub client: &'a Client,
}

impl Signing<'_> {
    /// Adds what the signature needs.
    ///
    /// # Errors
    /// [`Code::ProviderKeyRejected`] and [`Code::ProviderUnreachable`] of who makes the provider's tokens.
    pub async fn sign(&self, request: &Unsigned<'_>, headers: &mut HeaderMap) -> Outcome<()> {
        let signed = self.side.signer.sign(self.client, request, headers).await;
        signed.map_err(|error| complaint(&self.record.name, error))
    }
}

/// The headers of a call to its target.
///
/// # Errors
/// As [`Signing::sign`].
pub(crate) async fn headers(
    worker: &Worker,
    ask: &Ask<'_>,
    (endpoint, translated): (&Endpoint, &Translated),
) -> Outcome<HeaderMap> {
    let mut headers = translate::headers(ask, translated.same);
    let signing = Signing { side: ask.side, record: &ask.target.provider.record, client: worker.client() };
    let unsigned = Unsigned { method: &Method::POST, endpoint, body: &translated.bytes };
    signing.sign(&unsigned, &mut headers).await?;
    Ok(headers)
}

fn complaint(provider: &str, error: AuthError) -> Complaint {
    match error {
        AuthError::Refused(reason) => {
            let message = format!(
                "the provider `{provider}` cannot be called: {reason}; an administrator replaces them with \
                 `optscale-ai provider edit {provider} --api-key-env VAR`"
            );
            Complaint::new(Code::ProviderKeyRejected, message)
        }
        AuthError::Unreachable(reason) => {
            let message = format!(
                "the provider `{provider}` cannot be called: {reason}; `optscale-ai provider test {provider}` looks closer"
            );
            Complaint::new(Code::ProviderUnreachable, message)
        }
    }
}
