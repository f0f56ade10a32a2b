//! A front before an Elasticsearch that has no security of its own: it ends TLS with a certificate of an authority made for
//! the test, and lets through whom it is told to.
//!
//! - `authority`: the authority and its certificates, by the program `openssl`;
//! - [`signature`]: checks AWS signatures by an implementation of its own (pure);
//! - here: who is let through, and forwarding.

mod authority;
pub mod signature;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use authority::Authority;
use signature::Keys;

/// Whom the front lets through.
#[derive(Clone, Debug)]
pub enum Guard {
    /// Those with this `Authorization`.
    Header(String),
    /// Those who sign with these keys.
    Signed(Keys),
    /// Everybody is known, and nobody is allowed anything.
    Forbidden,
    /// Those with a certificate of the front's own authority; the front is started so.
    Certificate,
}

/// A front before one cluster. It ends with this.
pub struct Front {
    url: String,
    guard: Arc<Mutex<Guard>>,
    task: JoinHandle<()>,
}

impl Front {
    /// Starts a front that this machine alone reaches, as `localhost`.
    pub async fn start(authority: &Authority, cluster: &str, guard: Guard) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        Self::serve(listener, url, authority, cluster, guard)
    }

    /// Starts a front on an address that pods reach; the authority has to be made for it.
    pub async fn start_at(host: &str, authority: &Authority, cluster: &str, guard: Guard) -> Result<Self> {
        let listener =
            TcpListener::bind((host, 0)).await.with_context(|| format!("failed to listen on {host}"))?;
        let url = format!("https://{}", listener.local_addr()?);
        Self::serve(listener, url, authority, cluster, guard)
    }

    fn serve(
        listener: TcpListener,
        url: String,
        authority: &Authority,
        cluster: &str,
        guard: Guard,
    ) -> Result<Self> {
        let acceptor = acceptor(authority, matches!(guard, Guard::Certificate))?;
        let guard = Arc::new(Mutex::new(guard));
        let accepting = accept(listener, acceptor, cluster.to_owned(), Arc::clone(&guard));
        Ok(Self { url, guard, task: tokio::spawn(accepting) })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets others through from now on.
    pub fn guard(&self, guard: Guard) {
        *self.guard.lock().unwrap_or_else(PoisonError::into_inner) = guard;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(authority: &Authority, asks_for_certificate: bool) -> Result<TlsAcceptor> {
    let (certificate, key) = authority.server_pem()?;
    let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = if asks_for_certificate {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&authority.certificate()?)?)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        config.with_client_cert_verifier(verifier)
    } else {
        config.with_no_client_auth()
    };
    Ok(TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key)?)))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, cluster: String, guard: Arc<Mutex<Guard>>) {
    let http = reqwest::Client::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let serving = serve(stream, acceptor.clone(), http.clone(), cluster.clone(), Arc::clone(&guard));
        tokio::spawn(serving);
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    http: reqwest::Client,
    cluster: String,
    guard: Arc<Mutex<Guard>>,
) {
    // Who does not trust the certificate breaks off here.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let answer = service_fn(move |request| {
        let guard = guard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        answer(request, guard, http.clone(), cluster.clone())
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(
    request: Request<Incoming>,
    guard: Guard,
    http: reqwest::Client,
    cluster: String,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answered = pass(request, &guard, &http, &cluster).await;
    Ok(answered.unwrap_or_else(|error| refusal(StatusCode::BAD_GATEWAY, json!({"error": error.to_string()}))))
}

async fn pass(
    request: Request<Incoming>,
    guard: &Guard,
    http: &reqwest::Client,
    cluster: &str,
) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let given = head.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let security = |reason: &str| json!({"error": {"type": "security_exception", "reason": reason}});
    match guard {
        Guard::Header(wanted) if given != wanted => {
            let text = "unable to authenticate user for REST request";
            return Ok(refusal(StatusCode::UNAUTHORIZED, security(text)));
        }
        Guard::Forbidden => {
            let text = "action [cluster:monitor/main] is unauthorized for user [docmill]";
            return Ok(refusal(StatusCode::FORBIDDEN, security(text)));
        }
        Guard::Signed(keys) => {
            if let Err(message) = keys.check(&head, &body) {
                return Ok(refusal(StatusCode::FORBIDDEN, json!({"message": message})));
            }
        }
        Guard::Header(_) | Guard::Certificate => {}
    }
    let target = head.uri.path_and_query().context("a request without a path")?;
    let asked = http.request(head.method, format!("{cluster}{target}"));
    let answer = asked.header("content-type", "application/json").body(body).send().await?;
    let status = answer.status();
    Ok(respond(status, answer.bytes().await?))
}

#[allow(clippy::needless_pass_by_value, reason = "it is made for this")]
fn refusal(status: StatusCode, body: serde_json::Value) -> Response<Full<Bytes>> {
    respond(status, Bytes::from(body.to_string()))
}

fn respond(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
}
