//! Asking the store: one connection of its own for each connection of the worker's, made when it is needed.

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::matching::Asked;

/// The store behind the proxy.
pub(super) struct Upstream {
    /// `host:port`.
    authority: String,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Upstream {
    /// The store at this authority. Nothing is connected yet.
    pub(super) fn new(authority: String) -> Self {
        Self { authority, connection: Mutex::default() }
    }

    /// Passes a request on as it came, and gives the answer with its body still to come.
    pub(super) async fn send(&self, asked: Asked) -> Result<Response<Incoming>> {
        let mut connection = self.connection.lock().await;
        let mut sender = match connection.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let answer = sender.send_request(request(asked)).await;
        *connection = Some(sender);
        answer.with_context(|| format!("{} did not answer", self.authority))
    }

    /// Passes a request on, and reads the answer to its end.
    pub(super) async fn read(&self, asked: Asked) -> Result<(Parts, Bytes)> {
        let (head, body) = self.send(asked).await?.into_parts();
        Ok((head, body.collect().await?.to_bytes()))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.authority).await;
        let stream = stream.with_context(|| format!("failed to reach {}", self.authority))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// The body is there as a whole and may have been changed by a rule, so that its length is told anew.
fn request(asked: Asked) -> Request<Full<Bytes>> {
    let Asked { mut head, body } = asked;
    head.headers.remove(TRANSFER_ENCODING);
    if head.headers.contains_key(CONTENT_LENGTH) {
        head.headers.insert(CONTENT_LENGTH, body.len().into());
    }
    Request::from_parts(head, Full::new(body))
}
