//! The least HTTP client there is: one connection, one request at a time, bodies as a whole. What it costs is what the
//! servers' own protocol costs.

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderMap};
use hyper::http::request::Builder;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The answer, unless it tells of a failure.
    pub fn success(self, what: &str) -> Result<Self> {
        let Self { status, body, .. } = &self;
        ensure!(status.is_success(), "{what} was answered with {status}: {}", String::from_utf8_lossy(body));
        Ok(self)
    }
}

/// A connection, made when it is needed.
#[derive(Debug)]
pub struct Connection {
    authority: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection to the server at this base URL. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { authority: authority(url)?, sender: None })
    }

    /// The server's `host:port`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Sends a request with the server's name, and reads the answer.
    pub async fn send(&mut self, request: Builder, body: impl Into<Bytes>) -> Result<Answer> {
        let request = request.header(HOST, self.authority.as_str()).body(Full::new(body.into()))?;
        self.forward(request).await
    }

    /// Sends a request as it is.
    pub async fn forward(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let answer = sender.send_request(request).await;
        let answer = answer.with_context(|| format!("{} did not answer", self.authority))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        self.sender = Some(sender);
        Ok(Answer { status: head.status, headers: head.headers, body })
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

/// `host:port` of a base URL.
pub fn authority(url: &str) -> Result<String> {
    let authority =
        url.strip_prefix("http://").with_context(|| format!("{url} does not begin with http://"))?;
    Ok(authority.trim_end_matches('/').to_owned())
}
