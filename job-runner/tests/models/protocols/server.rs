//! A server that answers as a test says, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;

/// A request as it came.
#[derive(Clone)]
pub struct Request {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

type Answer = Box<dyn Fn(&Request) -> (u16, Value) + Send>;

struct Inner {
    answer: Answer,
    /// Comes first, one each.
    instead: VecDeque<(u16, String)>,
    requests: Vec<Request>,
}

/// A running server; it ends with the test.
pub struct Server {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

impl Server {
    /// Answers every request like this.
    pub async fn start(answer: impl Fn(&Request) -> (u16, Value) + Send + 'static) -> Self {
        let inner = Inner { answer: Box::new(answer), instead: VecDeque::new(), requests: Vec::new() };
        let inner = Arc::new(Mutex::new(inner));
        let app = Router::new().fallback(take).with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner }
    }

    /// The next requests are answered with these instead.
    pub fn first<const N: usize>(&self, answers: [(u16, &str); N]) {
        let answers = answers.map(|(status, body)| (status, body.to_owned()));
        self.inner.lock().unwrap().instead.extend(answers);
    }

    /// What came so far.
    pub fn requests(&self) -> Vec<Request> {
        self.inner.lock().unwrap().requests.clone()
    }
}

async fn take(
    State(inner): State<Arc<Mutex<Inner>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let request = Request { path: uri.to_string(), headers, body };
    let mut inner = inner.lock().unwrap();
    inner.requests.push(request.clone());
    let (status, body) = inner.instead.pop_front().unwrap_or_else(|| {
        let (status, body) = (inner.answer)(&request);
        (status, body.to_string())
    });
    (StatusCode::from_u16(status).unwrap(), body)
}
