//! A proxy that counts requests by their kinds, and changes nothing. Neither the object store nor the queue service of the
//! testbed tells its own counts. A turn that is counted is not measured.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::http::Connection;

/// Requests of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there were.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

type Counts = Arc<Mutex<BTreeMap<String, Count>>>;

/// A proxy in front of a store. It ends with this.
pub struct Counter {
    url: String,
    counts: Counts,
    task: JoinHandle<()>,
}

impl Counter {
    /// Starts a proxy on a free port of loopback, in front of the store at this base URL.
    pub async fn start(store: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen on 127.0.0.1")?;
        let url = format!("http://{}", listener.local_addr()?);
        let counts = Counts::default();
        let task = tokio::spawn(accept(listener, store.to_owned(), Arc::clone(&counts)));
        Ok(Self { url, counts, task })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was counted so far.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        locked(&self.counts).clone()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(counts: &Counts) -> MutexGuard<'_, BTreeMap<String, Count>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, store: String, counts: Counts) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, store.clone(), Arc::clone(&counts)));
    }
}

/// One connection to the store for each of the contender's.
async fn serve(stream: TcpStream, store: String, counts: Counts) {
    let _ = stream.set_nodelay(true);
    let Ok(upstream) = Connection::new(&store) else { return };
    let upstream = Arc::new(tokio::sync::Mutex::new(upstream));
    let answer = service_fn(move |request| answer(request, Arc::clone(&upstream), Arc::clone(&counts)));
    // An error is a connection that the contender has closed.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(
    request: Request<Incoming>,
    upstream: Arc<tokio::sync::Mutex<Connection>>,
    counts: Counts,
) -> Result<Response<Full<Bytes>>> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    {
        let mut counts = locked(&counts);
        let count = counts.entry(kind(&head)).or_default();
        count.requests += 1;
        count.bytes += body.len() as u64;
    }
    if head.headers.remove(TRANSFER_ENCODING).is_some() {
        head.headers.insert(CONTENT_LENGTH, body.len().into());
    }
    let mut answered = upstream.lock().await.forward(Request::from_parts(head, Full::new(body))).await?;
    answered.headers.remove(TRANSFER_ENCODING);
    let mut response = Response::new(Full::new(answered.body));
    *response.status_mut() = answered.status;
    *response.headers_mut() = answered.headers;
    Ok(response)
}

/// The action of the queue service, the API of Elasticsearch, or the method of the object store.
fn kind(head: &Parts) -> String {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some((_, action)) = header("x-amz-target").and_then(|target| target.split_once('.')) {
        return action.to_owned();
    }
    if header("x-amz-copy-source").is_some() {
        return "COPY".to_owned();
    }
    let api = head.uri.path().split('/').find(|part| part.starts_with('_'));
    match (api, head.uri.query()) {
        (Some(api), _) => api.to_owned(),
        (None, Some(query)) if head.method == Method::GET && query.contains("list-type") => "LIST".to_owned(),
        _ => head.method.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::kind;

    #[test]
    fn requests_of_every_store_have_kinds() {
        for (method, uri, header, expected) in [
            ("POST", "/", ("x-amz-target", "AmazonSQS.ReceiveMessage"), "ReceiveMessage"),
            ("PUT", "/bucket/key", ("x-amz-copy-source", "a/b"), "COPY"),
            ("PUT", "/bucket/wire/2026/key.xml", ("accept", "x"), "PUT"),
            ("GET", "/bucket?list-type=2", ("accept", "x"), "LIST"),
            ("POST", "/_bulk?refresh=false", ("accept", "x"), "_bulk"),
            ("POST", "/docmill-units-a.b/_mget", ("accept", "x"), "_mget"),
            ("PUT", "/articles-a", ("accept", "x"), "PUT"),
        ] {
            let request = Request::builder().method(method).uri(uri).header(header.0, header.1).body(());
            let (head, ()) = request.expect("a request").into_parts();
            assert_eq!(kind(&head), expected, "{method} {uri}");
        }
    }
}
