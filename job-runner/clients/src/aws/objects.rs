//! Reads and writes single objects with few steps. Each article costs a worker one read, and one write if its snapshot
//! is not packed, and the SDK's orchestration of such a request costs several times what the request itself does.
//!
//! The SDK stays the reference: it tells the address and the signing region of a bucket, its credentials sign, and
//! whatever is not a plain success, it does again, with its retries, its errors and its corrections of clocks. Endpoints,
//! certificates and limits are the same as for its own requests.

mod bucket_url;
mod response;
mod signing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::secret_mount;
use docmill_crds::digest::hex;
use reqwest::{Method, StatusCode, Url};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::credentials::FreshCredentials;
use super::failure::StoreError;
use crate::outbound::gates::Gate;
use crate::outbound::{self, Outbound, tls};
use crate::secrets::Secrets;
use bucket_url::BucketUrl;
pub use response::ObjectResponse;
use signing::{Unsigned, signed};

/// How long requests go to the SDK alone after one failed, so that a store in trouble does not get one more for each,
/// and one that is reached by the SDK alone (a wrong clock, an authority of the system) hardly notices.
const REST: Duration = Duration::from_secs(10);
/// A key for which the SDK is asked where objects of a bucket are. Nothing is sent for it.
const ANY_KEY: &str = "key";
/// How long the SDK's signature for that key would be valid.
const ANY_TIME: Duration = Duration::from_mins(1);
/// Requests at a time. Each takes a connection with its buffers, and so many bring a thousand articles a second from a
/// store that takes 45 ms for a read and as long for a write.
const AT_A_TIME: usize = 96;
/// Answers that concern the object alone: it is missing, a delete marker, or another version.
const OF_OBJECT: [StatusCode; 3] =
    [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::PRECONDITION_FAILED];

/// The SHA-256 of no bytes, in hex: what a request without a body is signed with.
const NO_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Which version of an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVersion<'a> {
    /// The one with this id.
    Id(&'a str),
    /// The newest, if it has this `ETag` (without quotes).
    ETag(&'a str),
    /// The newest.
    Newest,
}

/// The buckets of a store.
#[derive(Debug)]
pub struct Objects {
    sdk: aws_sdk_s3::Client,
    http: reqwest::Client,
    outbound: Arc<Outbound>,
    gate: Option<Arc<Gate>>,
    credentials: Option<FreshCredentials>,
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Where the objects of a bucket are; `None`: the SDK alone can reach them.
    buckets: HashMap<String, Option<Arc<BucketUrl>>>,
    rests_until: Option<Instant>,
}

/// A request for one object.
struct ObjectRequest<'a> {
    method: Method,
    bucket: &'a str,
    key: &'a str,
    version_id: Option<&'a str>,
    headers: Vec<(String, String)>,
    body: Option<Bytes>,
    /// SHA-256 of the body, in hex.
    body_digest: String,
}

impl Objects {
    /// Creates the clients; sends nothing yet.
    pub async fn connect(storage: &Storage, secrets: &Secrets) -> Result<Self, StoreError> {
        let shared = super::shared_config(storage, secrets).await?;
        let sdk = super::s3_of(&shared, storage, secrets)?;
        let outbound = outbound::current();
        // An object is what is stored, whatever its Content-Encoding.
        let builder = outbound::http::client(&outbound).no_gzip().read_timeout(outbound.limits.request);
        let http = tls::build(builder, secrets)?;
        let gate = outbound.gates.get(secret_mount::STORAGE);
        let credentials = shared.credentials_provider().map(FreshCredentials::of);
        let turns = Semaphore::new(AT_A_TIME);
        Ok(Self { sdk, http, outbound, gate, credentials, turns, state: Mutex::default() })
    }

    /// The SDK's client for the same store.
    pub fn sdk(&self) -> &aws_sdk_s3::Client {
        &self.sdk
    }

    /// Opens an object. `None`: the SDK has to be asked, which may succeed, and says why if it does not.
    pub async fn get(&self, bucket: &str, key: &str, version: ObjectVersion<'_>) -> Option<ObjectResponse> {
        let (version_id, headers) = match version {
            ObjectVersion::Id(id) => (Some(id), Vec::new()),
            ObjectVersion::ETag(etag) => (None, vec![("if-match".to_owned(), format!("\"{etag}\""))]),
            ObjectVersion::Newest => (None, Vec::new()),
        };
        let (method, body_digest) = (Method::GET, NO_BODY.to_owned());
        let request = ObjectRequest { method, bucket, key, version_id, headers, body: None, body_digest };
        ObjectResponse::read(self.send(request).await?)
    }

    /// Stores an object, with metadata by names without the prefix `x-amz-meta-`. Returns whether it is stored; if not,
    /// the SDK has to be asked to.
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        metadata: &[(&str, &str)],
        body: Bytes,
    ) -> bool {
        let digest = Sha256::digest(&body);
        let mut headers = vec![
            ("content-type".to_owned(), content_type.to_owned()),
            // Kept with the object, as the SDK's checksum would be, and required of buckets with a default retention.
            ("x-amz-checksum-sha256".to_owned(), STANDARD.encode(digest)),
        ];
        let metadata =
            metadata.iter().map(|(name, value)| (format!("x-amz-meta-{name}"), (*value).to_owned()));
        headers.extend(metadata);
        let (method, body, body_digest) = (Method::PUT, Some(body), hex(&digest));
        let request = ObjectRequest { method, bucket, key, version_id: None, headers, body, body_digest };
        self.send(request).await.is_some()
    }

    /// Sends a request. `None`: it was not answered with 200.
    async fn send(&self, request: ObjectRequest<'_>) -> Option<reqwest::Response> {
        let turn = self.turns.acquire().await.ok()?;
        if self.is_resting() {
            return None;
        }
        let outgoing = self.signed(request).await?;
        let answer = self.exchange(outgoing).await;
        drop(turn);
        match answer {
            Some(answer) if answer.status() == StatusCode::OK => Some(answer),
            Some(answer) if OF_OBJECT.contains(&answer.status()) => {
                // The connection can be used again once the response was read.
                let read = outbound::http::read_error(answer);
                let _ = tokio::time::timeout(self.outbound.limits.request, read).await;
                None
            }
            _ => {
                self.state().rests_until = Some(Instant::now() + REST);
                None
            }
        }
    }

    async fn signed(&self, request: ObjectRequest<'_>) -> Option<reqwest::Request> {
        let place = self.place(request.bucket).await?;
        let credentials = self.credentials.as_ref()?.get().await.ok()?;
        let text = place.of_object(request.key, request.version_id);
        // The client resolves `.` and `..` in paths, and the signature would be for another one.
        let url = Url::parse(&text).ok().filter(|url| url.as_str() == text)?;
        self.outbound.policy.check_url(&text).ok()?;
        let ObjectRequest { method, headers, body, body_digest, .. } = request;
        let unsigned = Unsigned { method: method.as_str(), url: &text, headers: &headers, body_digest };
        let headers = signed(unsigned, &place.region, credentials, SystemTime::now())?;
        let mut outgoing = self.http.request(method, url).headers(headers);
        if let Some(body) = body {
            outgoing = outgoing.body(body);
        }
        outgoing.build().ok()
    }

    /// Sends a request when it is its turn. `None`: there is no response, or it took too long to begin.
    async fn exchange(&self, request: reqwest::Request) -> Option<reqwest::Response> {
        let gate = self.gate.as_deref();
        let _slot = match gate {
            Some(gate) => gate.enter().await,
            None => None,
        };
        let most = gate.and_then(Gate::timeout).unwrap_or(self.outbound.limits.request);
        tokio::time::timeout(most, self.http.execute(request)).await.ok()?.ok()
    }

    /// Where the objects of a bucket are. The SDK's rules for endpoints are evaluated once for each bucket.
    async fn place(&self, bucket: &str) -> Option<Arc<BucketUrl>> {
        let known = self.state().buckets.get(bucket).cloned();
        if let Some(known) = known {
            return known;
        }
        let request = self.sdk.get_object().bucket(bucket).key(ANY_KEY);
        // On the heap, since it is large.
        let presigned =
            Box::pin(request.presigned(PresigningConfig::expires_in(ANY_TIME).ok()?)).await.ok()?;
        let place = BucketUrl::of_presigned(presigned.uri(), ANY_KEY).map(Arc::new);
        self.state().buckets.insert(bucket.to_owned(), place.clone());
        place
    }

    fn is_resting(&self) -> bool {
        self.state().rests_until.is_some_and(|until| Instant::now() < until)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
