//! One cluster, and how a single request to it is sent and its response read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::cluster_info::ClusterInfo;
use super::connection::link::{ClusterLink, Connections};
use super::connection::transport::ClusterRequest;
use super::error::ElasticError;
use super::search_batch::pending_searches::PendingSearches;
use crate::escaping::UNRESERVED;
use crate::outbound::Cap;
use crate::outbound::gates::Gate;
use crate::secrets::Secrets;

/// The characters that stay unescaped in a path segment: the unreserved characters of RFC 3986, and what
/// index patterns need.
const SEGMENT: &AsciiSet = &UNRESERVED.remove(b'*').remove(b',');

/// A cluster with the credentials for it. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Elastic {
    link: Arc<ClusterLink>,
    info: Arc<OnceCell<ClusterInfo>>,
    pushed_back: Arc<AtomicU64>,
    /// The searches that wait for a request that they share.
    pub(super) searches: Arc<PendingSearches>,
}

impl fmt::Debug for Elastic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elastic").field("urls", &self.link.cluster.urls).finish_non_exhaustive()
    }
}

impl Elastic {
    /// Creates a client; sends nothing yet. The keys of `secrets` are those that
    /// [`ElasticsearchCluster::secret_ref`] describes; an empty one means no authentication.
    pub fn new(cluster: &ElasticsearchCluster, secrets: &Secrets) -> Result<Self, ElasticError> {
        Ok(Self::with_link(ClusterLink::fixed(cluster, secrets.clone())?))
    }

    /// The same with the Secret that is mounted into this pod, under one of the names in
    /// [`docmill_crds::contract::secret_mount`]: it is read again if the cluster rejects the previous
    /// credentials.
    pub fn mounted(cluster: &ElasticsearchCluster, mount: &'static str) -> Result<Self, ElasticError> {
        Ok(Self::with_link(ClusterLink::mounted(cluster, mount)?))
    }

    fn with_link(link: ClusterLink) -> Self {
        Self {
            link: Arc::new(link),
            info: Arc::new(OnceCell::new()),
            pushed_back: Arc::default(),
            searches: Arc::default(),
        }
    }

    /// What the cluster says about itself; requested once for all clones.
    pub async fn info(&self) -> Result<&ClusterInfo, ElasticError> {
        self.info.get_or_try_init(|| self.ask_info()).await
    }

    /// Asks the cluster for its name and version, whether or not it has answered before.
    pub async fn ping(&self) -> Result<(), ElasticError> {
        self.ask_info().await.map(drop)
    }

    async fn ask_info(&self) -> Result<ClusterInfo, ElasticError> {
        ClusterInfo::read(&self.send_small(Method::Get, "/", None).await?)
    }

    /// How often a bulk was throttled (429), in part or as a whole.
    pub fn pushed_back(&self) -> u64 {
        self.pushed_back.load(Ordering::Relaxed)
    }

    /// Counts a throttled bulk.
    pub(super) fn count_push_back(&self) {
        self.pushed_back.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a request with a JSON body and reads the response; a status of 400 or above is an error.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ElasticError> {
        self.send_json(method, path, body, Cap::Page).await
    }

    /// The same, for a response that is an acknowledgement or the like.
    pub(super) async fn send_small(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ElasticError> {
        self.send_json(method, path, body, Cap::Small).await
    }

    async fn send_json(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        cap: Cap,
    ) -> Result<Value, ElasticError> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        parse(&self.send_bytes(method, path, body, cap).await?)
    }

    /// Sends a request. If its credentials are rejected, it is sent again if there are new ones by now.
    pub(super) async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        cap: Cap,
    ) -> Result<Bytes, ElasticError> {
        let used = self.link.connections();
        match self.send_by(&used, method, path, body.clone(), cap).await {
            Err(error) if error.concerns_secret() => match self.link.renewed(&used)? {
                Some(renewed) => self.send_by(&renewed, method, path, body, cap).await,
                None => Err(error),
            },
            result => result,
        }
    }

    /// Sends a request; a node that cannot be reached is skipped in favour of the next one.
    async fn send_by(
        &self,
        connections: &Connections,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        cap: Cap,
    ) -> Result<Bytes, ElasticError> {
        let mut nodes_left = self.link.cluster.urls.len();
        loop {
            nodes_left -= 1;
            match self.send_once(connections, method, path, body.clone(), cap).await {
                Err(ElasticError::Unreachable(_)) if nodes_left > 0 => {}
                result => return result,
            }
        }
    }

    async fn send_once(
        &self,
        connections: &Connections,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        cap: Cap,
    ) -> Result<Bytes, ElasticError> {
        let gate = self.link.gate.as_deref();
        let _slot = match gate {
            Some(gate) => gate.enter().await,
            None => None,
        };
        // Only now, since a signature has a time.
        let headers = match &connections.signer {
            None => HeaderMap::new(),
            Some(signer) => signer.headers(method, path, body.as_ref()).await?,
        };
        let answer = connections.transport.send(ClusterRequest { method, path, headers, body, cap });
        let Some(most) = gate.and_then(Gate::timeout) else { return answer.await };
        tokio::time::timeout(most, answer).await.unwrap_or_else(|_| {
            let text = format!("{}: within {} s", self.link.cluster.urls.join(", "), most.as_secs());
            Err(ElasticError::Timeout(text))
        })
    }
}

/// Parses a response that has to be JSON.
pub(super) fn parse(answer: &[u8]) -> Result<Value, ElasticError> {
    serde_json::from_slice(answer).map_err(|error| ElasticError::Unreadable(error.to_string()))
}

/// Parses a response of a known form. Where it does not have that form, the error tells the place alone: the parser's
/// words quote the response.
pub(super) fn parse_as<'a, T: Deserialize<'a>>(what: &str, answer: &'a [u8]) -> Result<T, ElasticError> {
    serde_json::from_slice(answer).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ElasticError::Unreadable(format!("{what}: not of its form, at line {line}, column {column}"))
    })
}

/// A name or pattern of indices as a segment of a path.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn patterns_stay_and_separators_do_not() {
        assert_eq!(segment("articles-*,-old-2026.01"), "articles-*,-old-2026.01");
        assert_eq!(segment("a/b?c#d%e+f:ü"), "a%2Fb%3Fc%23d%25e%2Bf%3A%C3%BC");
    }
}
