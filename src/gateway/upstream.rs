//! The answer of a target, whether it came over the network or from the built-in provider.

use crate::canonical::{Code, Complaint};
use crate::http::{HttpError, ReplyBody};
use crate::provider::sandbox::SandboxBody;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body::Body;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The head of an answer and where its bytes come from.
pub(crate) struct Upstream {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Source,
}

/// Bytes of an answer. Dropping it breaks the exchange off.
pub(crate) enum Source {
    Network(ReplyBody),
    Sandbox(Box<SandboxBody>),
}

impl Upstream {
    /// An answer from the network.
    pub fn network(response: Response<ReplyBody>) -> Upstream {
        let (head, body) = response.into_parts();
        Upstream { status: head.status.as_u16(), headers: head.headers, body: Source::Network(body) }
    }

    /// An answer of the built-in provider.
    pub fn sandbox(response: Response<SandboxBody>) -> Upstream {
        let (head, body) = response.into_parts();
        Upstream { status: head.status.as_u16(), headers: head.headers, body: Source::Sandbox(Box::new(body)) }
    }
}

impl Source {
    /// The next bytes; none at the end.
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Complaint>>> {
        match self {
            Source::Network(body) => body.poll_bytes(cx).map_err(|error| broke_off(&error.to_string())),
            Source::Sandbox(body) => loop {
                match std::task::ready!(Pin::new(&mut **body).poll_frame(cx)) {
                    None => return Poll::Ready(None),
                    Some(Err(error)) => return Poll::Ready(Some(Err(broke_off(&error.to_string())))),
                    Some(Ok(frame)) => {
                        if let Ok(bytes) = frame.into_data() {
                            return Poll::Ready(Some(Ok(bytes)));
                        }
                    }
                }
            },
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Code::ProviderUnreachable`] where it breaks off, [`Code::ProviderMalformed`] beyond `limit` bytes.
    pub async fn collect(self, limit: usize) -> Result<Bytes, Complaint> {
        let mut source = match self {
            Source::Network(body) => return body.collect(limit).await.map_err(|error| unusable(&error)),
            sandbox => sandbox,
        };
        let mut all = BytesMut::new();
        while let Some(bytes) = std::future::poll_fn(|cx| source.poll_bytes(cx)).await {
            all.extend_from_slice(&bytes?);
        }
        Ok(all.freeze())
    }
}

fn unusable(error: &HttpError) -> Complaint {
    match error {
        HttpError::TooLarge(_) => {
            Complaint::new(Code::ProviderMalformed, format!("the provider's answer cannot be used: {error}"))
        }
        _ => broke_off(&error.to_string()),
    }
}

fn broke_off(reason: &str) -> Complaint {
    Complaint::new(
        Code::ProviderUnreachable,
        format!("the provider broke off in the middle of its answer ({reason}); try again"),
    )
}
