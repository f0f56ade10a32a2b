//! Sends single requests to the nodes of a cluster.
//!
//! The transport of the crate `elasticsearch` follows redirects, resolves names by itself and returns a
//! response only as a whole, and none of that is configurable. So requests go through a client of our own;
//! methods, headers and the pool of nodes are the crate's.

use std::sync::Arc;

use bytes::Bytes;
use elasticsearch::http::headers::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DEFAULT_ACCEPT, DEFAULT_CONTENT_TYPE, DEFAULT_USER_AGENT, HeaderMap,
    HeaderValue, USER_AGENT,
};
use elasticsearch::http::transport::{ConnectionPool as _, MultiNodeConnectionPool};
use elasticsearch::http::{Method, Url};

use crate::cause;
use crate::elastic::error::{ElasticError, ErrorCause};
use crate::outbound::http::AnswerFault;
use crate::outbound::{self, Cap, EndpointFault, Outbound, tls};
use crate::secrets::Secrets;

/// The nodes of a cluster in turn. It does not discover other nodes, since their own addresses need not be
/// reachable from a pod.
#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    nodes: MultiNodeConnectionPool,
    /// All nodes, in words.
    address: String,
    headers: HeaderMap,
    outbound: Arc<Outbound>,
}

/// A request to a cluster.
#[derive(Clone, Debug)]
pub(crate) struct ClusterRequest<'a> {
    pub(crate) method: Method,
    /// Begins with a slash and may have a query.
    pub(crate) path: &'a str,
    /// In addition to the headers that all requests have.
    pub(crate) headers: HeaderMap,
    /// JSON, or lines of it.
    pub(crate) body: Option<Bytes>,
    /// How large its response may be.
    pub(crate) cap: Cap,
}

impl Transport {
    /// The nodes have been checked against the rules. The certificates are those of `secrets`; `authorization` is sent with
    /// each request.
    pub(crate) fn new(
        nodes: Vec<Url>,
        secrets: &Secrets,
        authorization: Option<HeaderValue>,
        outbound: Arc<Outbound>,
    ) -> Result<Self, ElasticError> {
        let builder = outbound::http::client(&outbound).timeout(outbound.limits.request);
        let http = tls::build(builder, secrets)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(DEFAULT_CONTENT_TYPE));
        headers.insert(ACCEPT, HeaderValue::from_static(DEFAULT_ACCEPT));
        headers.insert(USER_AGENT, HeaderValue::from_static(DEFAULT_USER_AGENT));
        headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
        let address =
            nodes.iter().map(|node| node.as_str().trim_end_matches('/')).collect::<Vec<_>>().join(", ");
        Ok(Self {
            http,
            nodes: MultiNodeConnectionPool::round_robin(nodes, None),
            address,
            headers,
            outbound,
        })
    }

    /// Sends a request to the next node, and reads its response. A status other than 2xx is an error.
    pub(crate) async fn send(&self, request: ClusterRequest<'_>) -> Result<Bytes, ElasticError> {
        let node = self.nodes.next().url();
        let url = node.join(request.path.trim_start_matches('/')).map_err(|error| {
            ElasticError::Settings(format!("a URL in urls cannot be joined with a path: {error}"))
        })?;
        let mut outgoing = self.http.request(verb(request.method), url);
        outgoing = outgoing.headers(self.headers.clone()).headers(request.headers);
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        let answer = outgoing.send().await.map_err(|error| self.broken(&error))?;
        let status = answer.status();
        if status.is_success() {
            return self.read(answer, request.cap).await;
        }
        if status.is_redirection() {
            let text = format!(
                "{} answers with a redirect ({}), and none is followed",
                self.address,
                status.as_u16()
            );
            return Err(ElasticError::Settings(format!("{text}; name the address itself in urls")));
        }
        let body = outbound::http::read_error(answer).await;
        Err(ElasticError::Refused(ErrorCause::of_answer(status.as_u16(), &body)))
    }

    async fn read(&self, answer: reqwest::Response, cap: Cap) -> Result<Bytes, ElasticError> {
        let limits = &self.outbound.limits;
        let body =
            outbound::http::read(answer, limits.bytes(cap), limits).await.map_err(|fault| match fault {
                AnswerFault::TooLarge(_) => ElasticError::Unreadable(format!("{}: {fault}", self.address)),
                AnswerFault::Broken(error) => self.broken(&error),
            })?;
        if limits.has_few_values(&body) {
            return Ok(body);
        }
        let text = format!("{}: the answer holds more than {} values", self.address, limits.values);
        Err(ElasticError::Unreadable(text))
    }

    fn broken(&self, error: &reqwest::Error) -> ElasticError {
        let with_address = |cause: &str| format!("{}: {cause}", self.address);
        if let Some(fault) = cause::find::<EndpointFault>(error) {
            return ElasticError::NotAllowed(fault.clone());
        }
        match tls::distrust(error) {
            Some((whose, text)) => ElasticError::Untrusted { whose, detail: with_address(&text) },
            // A host that drops packets never received the request: another node may respond.
            None if error.is_timeout() && !error.is_connect() => {
                ElasticError::Timeout(with_address(&cause::innermost(error)))
            }
            None => ElasticError::Unreachable(with_address(&cause::innermost(error))),
        }
    }
}

const fn verb(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Put => reqwest::Method::PUT,
        Method::Post => reqwest::Method::POST,
        Method::Delete => reqwest::Method::DELETE,
        Method::Head => reqwest::Method::HEAD,
    }
}
