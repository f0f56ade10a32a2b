//! Access to the metrics: the API server tells whose token it is (`TokenReview`) and whether that user may
//! `get` the path `/metrics` (`SubjectAccessReview`), as in controller-runtime's filter. Answers are cached
//! for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use docmill_clients::cause::with_causes;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

/// How long a positive answer is cached.
const ALLOWED_FOR: Duration = Duration::from_mins(1);
/// How long a negative answer is cached: shorter, so that a new role takes effect soon.
const DENIED_FOR: Duration = Duration::from_secs(10);
/// Maximum number of cached tokens; a scraper has one.
const REMEMBERED: usize = 1024;
/// Maximum length of a token.
const TOKEN_BYTES: usize = 16 * 1024;
/// Concurrent token checks at the API server.
const AT_A_TIME: usize = 4;

/// Whether a client may read the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    /// The token belongs to no user.
    Unknown,
    /// It belongs to a user who may not.
    Forbidden,
}

impl Verdict {
    const fn cached_for(self) -> Duration {
        match self {
            Self::Allowed => ALLOWED_FOR,
            Self::Unknown | Self::Forbidden => DENIED_FOR,
        }
    }
}

/// Asks the API server, and caches the answers.
pub struct Access {
    client: Client,
    /// Keyed by the digest of the token.
    known: Mutex<HashMap<[u8; 32], (Instant, Verdict)>>,
    permits: Semaphore,
}

impl Access {
    /// Creates it with an empty cache.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default(), permits: Semaphore::new(AT_A_TIME) }
    }

    async fn judge(&self, token: &str) -> kube::Result<Verdict> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(known) = self.known(&digest) {
            return Ok(known);
        }
        let _permit = self.permits.acquire().await;
        // Another request may have asked while this one waited.
        if let Some(known) = self.known(&digest) {
            return Ok(known);
        }
        let verdict = self.ask(token).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(digest, (Instant::now(), verdict));
        Ok(verdict)
    }

    fn known(&self, digest: &[u8; 32]) -> Option<Verdict> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, verdict) = known.get(digest)?;
        (since.elapsed() < verdict.cached_for()).then_some(*verdict)
    }

    async fn ask(&self, token: &str) -> kube::Result<Verdict> {
        let review = TokenReview {
            spec: TokenReviewSpec { token: Some(token.to_owned()), ..TokenReviewSpec::default() },
            ..TokenReview::default()
        };
        let reviews = Api::<TokenReview>::all(self.client.clone());
        let status = reviews.create(&PostParams::default(), &review).await?.status.unwrap_or_default();
        let (Some(true), Some(user)) = (status.authenticated, status.user) else {
            return Ok(Verdict::Unknown);
        };
        let reviews = Api::<SubjectAccessReview>::all(self.client.clone());
        let review = reviews.create(&PostParams::default(), &may_read(user)).await?;
        let allowed = review.status.is_some_and(|status| status.allowed);
        Ok(if allowed { Verdict::Allowed } else { Verdict::Forbidden })
    }
}

/// The review of whether a user may get `/metrics`.
fn may_read(user: UserInfo) -> SubjectAccessReview {
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            extra: user.extra,
            groups: user.groups,
            non_resource_attributes: Some(NonResourceAttributes {
                path: Some("/metrics".to_owned()),
                verb: Some("get".to_owned()),
            }),
            uid: user.uid,
            user: user.username,
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    }
}

/// Middleware: passes an authorized request on, and answers any other itself.
pub async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|given| given.strip_prefix("Bearer ")).map(str::trim);
    let Some(token) = token.filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match access.judge(token).await {
        Ok(Verdict::Allowed) => next.run(request).await,
        Ok(Verdict::Unknown) => StatusCode::UNAUTHORIZED.into_response(),
        Ok(Verdict::Forbidden) => StatusCode::FORBIDDEN.into_response(),
        Err(error) => {
            tracing::warn!(
                error = with_causes(&error),
                "failed to check whether a client may read the metrics"
            );
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
