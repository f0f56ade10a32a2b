//! HTTP clients that follow the rules, and responses that are read with a cap.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::SemaphorePermit;

use super::Outbound;
use super::limits::{BLOCK_BYTES, FREE_BYTES, Limits};
use super::resolver::Resolver;

/// Maximum bytes read of an error response: enough for what a known store says.
const ERROR_BYTES: usize = 64 * 1024;

/// A client that follows no redirects and connects to nothing that the policy denies. The URL itself has to
/// be checked first, by [`EndpointPolicy::check_url`](super::EndpointPolicy::check_url): a literal address is
/// never resolved.
pub fn client(outbound: &Arc<Outbound>) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(outbound.limits.connect)
        .dns_resolver(Arc::new(Resolver::new(outbound.clone())))
}

/// Why there is no complete response.
#[derive(Debug, thiserror::Error)]
pub enum AnswerFault {
    /// It is longer than allowed.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// It broke off, or took too long.
    #[error(transparent)]
    Broken(#[from] reqwest::Error),
}

/// Reads a response of up to `most` bytes, counted after decompression, piece by piece: anything beyond is
/// neither kept nor decompressed.
pub async fn read(mut answer: reqwest::Response, most: usize, limits: &Limits) -> Result<Bytes, AnswerFault> {
    let too_large = || AnswerFault::TooLarge(most);
    if answer.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > most))
    {
        return Err(too_large());
    }
    let mut permits: Vec<SemaphorePermit<'_>> = Vec::new();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        let length = body.len() + piece.len();
        if length > most {
            return Err(too_large());
        }
        if let Some(shared_budget) = &limits.shared_budget {
            while length > FREE_BYTES + permits.len() * BLOCK_BYTES {
                // It is never closed.
                permits.extend(shared_budget.acquire().await);
            }
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.into())
}

/// Reads the beginning of an error response. If it breaks off, returns what had arrived.
pub async fn read_error(mut answer: reqwest::Response) -> Bytes {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        let room = ERROR_BYTES - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if body.len() == ERROR_BYTES {
            break;
        }
    }
    body.into()
}
