//! What a rule does to a request, or to its answer.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Response;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use serde_json::Value;
use tokio::sync::mpsc;

use super::bulk;
use super::hold::{Held, Word};
use super::matching::Asked;
use super::upstream::Upstream;

/// How long what was written has to leave the machine before its connection is cut.
const FLUSH: Duration = Duration::from_millis(100);

/// A body on its way to the worker.
pub(super) type Body = UnsyncBoxBody<Bytes, anyhow::Error>;

/// What a rule does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Counts the request, and leaves it to the rules behind.
    Count,
    /// Answers without asking the store.
    Answer(Answer),
    /// Answers by the body of the request after this time, without asking the store.
    Reply(Duration, fn(&[u8]) -> Answer),
    /// Changes the answer's body, which has to be JSON.
    Edit(fn(&mut Value)),
    /// Closes the connection; the store hears nothing of the request.
    Close,
    /// Passes the request on, and closes the connection when the store has answered.
    LoseAnswer,
    /// Passes the request on after this time.
    Delay(Duration),
    /// Passes the answer's body on in so many pieces, each after this time.
    Trickle(usize, Duration),
    /// Passes on so many bytes of the answer's body, with the length of all of it, and closes the connection.
    Cut(usize),
    /// Answers 429 for every second item of a bulk, and passes the others on.
    ThrottleItems(Throttled),
    /// Waits for a word of the test.
    #[doc(hidden)]
    Hold(Point, mpsc::UnboundedSender<Held>),
}

/// A connection that is closed because a rule or the test says so.
#[derive(Debug)]
pub(super) struct ByRule;

impl std::fmt::Display for ByRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed by a rule")
    }
}

impl std::error::Error for ByRule {}

/// Where a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before the store sees it.
    Before,
    /// After the store has answered, and before the worker hears it.
    After,
}

/// An answer that no store gave.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    media_type: &'static str,
    body: String,
    header: Option<(&'static str, String)>,
}

impl Answer {
    /// An error as S3 gives it.
    pub fn s3(status: u16, code: &str) -> Self {
        Self::xml(
            status,
            &format!("<Error><Code>{code}</Code><Message>said by the test's proxy</Message></Error>"),
        )
    }

    /// Some XML.
    pub fn xml(status: u16, element: &str) -> Self {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{element}");
        Self { status, media_type: "application/xml", body, header: None }
    }

    /// An error as Elasticsearch gives it.
    pub fn elastic(status: u16, kind: &str) -> Self {
        let error = serde_json::json!({"type": kind, "reason": "said by the test's proxy"});
        let body = serde_json::json!({"error": error, "status": status}).to_string();
        Self::text(status, body)
    }

    /// Some JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, body.to_string())
    }

    /// Some text that claims to be JSON.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, media_type: "application/json", body: body.into(), header: None }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(self, name: &'static str, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    fn response(&self) -> Result<Response<Body>> {
        let response = Response::builder().status(self.status).header(CONTENT_TYPE, self.media_type);
        let response = response.header(RETRY_AFTER, "1");
        let response = match &self.header {
            Some((name, value)) => response.header(*name, value.as_str()),
            None => response,
        };
        Ok(response.body(whole(self.body.clone().into()))?)
    }
}

/// What became of the items of throttled bulks.
#[derive(Clone, Debug, Default)]
pub struct Throttled(Arc<Mutex<Items>>);

#[derive(Debug, Default)]
struct Items {
    throttled: usize,
    accepted: HashSet<String>,
    again: usize,
}

impl Throttled {
    /// How many items were answered with 429.
    pub fn count(&self) -> usize {
        self.lock().throttled
    }

    /// How many items came again although the store had them already.
    pub fn sent_in_vain(&self) -> usize {
        self.lock().again
    }

    fn take(&self, items: &[bulk::Item]) {
        let mut seen = self.lock();
        for (position, item) in items.iter().enumerate() {
            if seen.accepted.contains(item.text()) {
                seen.again += 1;
            }
            if bulk::is_throttled(position) {
                seen.throttled += 1;
            } else {
                seen.accepted.insert(item.text().to_owned());
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Items> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does it. An error closes the connection without an answer.
pub(super) async fn act(action: Action, asked: Asked, upstream: &Upstream) -> Result<Response<Body>> {
    match action {
        Action::Count => pass_on(asked, upstream).await,
        Action::Answer(answer) => answer.response(),
        Action::Reply(time, reply) => {
            tokio::time::sleep(time).await;
            reply(&asked.body).response()
        }
        Action::Edit(edit) => edited(edit, asked, upstream).await,
        Action::Close => Err(ByRule.into()),
        Action::LoseAnswer => {
            upstream.read(asked).await?;
            Err(ByRule.into())
        }
        Action::Delay(time) => {
            tokio::time::sleep(time).await;
            pass_on(asked, upstream).await
        }
        Action::Trickle(pieces, pause) => {
            let (head, body) = upstream.read(asked).await?;
            let size = body.len().div_ceil(pieces.max(1)).max(1);
            let pieces: Vec<_> =
                (0..body.len()).step_by(size).map(|at| body.slice(at..body.len().min(at + size))).collect();
            Ok(in_pieces(head, body.len(), pieces, pause, false))
        }
        Action::Cut(after) => {
            let (head, body) = upstream.read(asked).await?;
            let part = body.slice(..after.min(body.len().saturating_sub(1)));
            Ok(in_pieces(head, body.len(), vec![part], Duration::ZERO, true))
        }
        Action::ThrottleItems(seen) => throttle(&seen, asked, upstream).await,
        Action::Hold(point, arrivals) => hold(point, &arrivals, asked, upstream).await,
    }
}

async fn pass_on(asked: Asked, upstream: &Upstream) -> Result<Response<Body>> {
    Ok(upstream.send(asked).await?.map(streamed))
}

async fn hold(
    point: Point,
    arrivals: &mpsc::UnboundedSender<Held>,
    asked: Asked,
    upstream: &Upstream,
) -> Result<Response<Body>> {
    let (held, word) = Held::new(asked.clone());
    let answer = match point {
        Point::Before => None,
        Point::After => Some(upstream.read(asked.clone()).await?),
    };
    // Without anybody to say a word, it is dropped.
    let _ = arrivals.send(held);
    if word.await.unwrap_or(Word::Drop) == Word::Drop {
        return Err(ByRule.into());
    }
    match answer {
        None => pass_on(asked, upstream).await,
        Some((parts, body)) => Ok(Response::from_parts(parts, whole(body))),
    }
}

async fn edited(edit: fn(&mut Value), mut asked: Asked, upstream: &Upstream) -> Result<Response<Body>> {
    // What is to be edited has to be readable.
    asked.head.headers.remove(ACCEPT_ENCODING);
    let (head, body) = upstream.read(asked).await?;
    let mut answer = serde_json::from_slice(&body)?;
    edit(&mut answer);
    Ok(with_body(head, answer.to_string().into()))
}

async fn throttle(seen: &Throttled, mut asked: Asked, upstream: &Upstream) -> Result<Response<Body>> {
    let items = bulk::items(std::str::from_utf8(&asked.body)?)?;
    seen.take(&items);
    asked.body = bulk::passed_on(&items).into();
    // What is to be merged has to be readable.
    asked.head.headers.remove(ACCEPT_ENCODING);
    let (head, body) = upstream.read(asked).await?;
    let merged = if head.status.is_success() { bulk::merged(&items, &body)?.into() } else { body };
    Ok(with_body(head, merged))
}

/// An answer of the store with another body.
fn with_body(mut head: Parts, body: Bytes) -> Response<Body> {
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    head.headers.remove(TRANSFER_ENCODING);
    Response::from_parts(head, whole(body))
}

/// A body of which all is there.
fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is passed on as it comes.
fn streamed(body: Incoming) -> Body {
    body.map_err(anyhow::Error::from).boxed_unsync()
}

/// A body that comes in pieces, each after a pause; cut off behind the last one or not.
fn in_pieces(
    mut head: Parts,
    length: usize,
    pieces: Vec<Bytes>,
    pause: Duration,
    cut: bool,
) -> Response<Body> {
    head.headers.insert(CONTENT_LENGTH, length.into());
    head.headers.remove(TRANSFER_ENCODING);
    let pieces = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok(Frame::data(piece))
    });
    let end = stream::iter(cut.then_some(())).then(|()| async {
        tokio::time::sleep(FLUSH).await;
        Err(ByRule.into())
    });
    Response::from_parts(head, StreamBody::new(pieces.chain(end)).boxed_unsync())
}
