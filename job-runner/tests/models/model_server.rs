//! A model server of the Open Inference Protocol whose results tell which text they belong to, and which fails on
//! demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// One way to fail.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Status(u16),
    Slow,
    NotJson,
    Short,
    Null,
    OtherId,
}

#[derive(Default)]
struct Inner {
    faults: VecDeque<Fault>,
    documents: usize,
    requests: usize,
    stop_after: Option<(usize, CancellationToken)>,
    /// What it calls itself; from some request on something else.
    version: Option<String>,
    next_version: Option<(usize, String)>,
    pause: Duration,
    at_once: usize,
    most_at_once: usize,
    times: Vec<Instant>,
    characters: usize,
}

/// A running server; it ends with the test.
pub struct ModelServer {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

impl ModelServer {
    pub async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let app = Router::new().route("/v2/models/{model}/infer", post(infer)).with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner }
    }

    /// The next requests fail in these ways, one each.
    pub fn fail_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().unwrap().faults.extend(faults);
    }

    /// Cancels the token with the n-th request, which is still answered.
    pub fn stop_after(&self, requests: usize, token: CancellationToken) {
        self.inner.lock().unwrap().stop_after = Some((requests, token));
    }

    /// Tells of another version from the n-th request on.
    pub fn change_version(&self, requests: usize, version: &str) {
        self.inner.lock().unwrap().next_version = Some((requests, version.to_owned()));
    }

    /// Takes so long for each request.
    pub fn take(&self, pause: Duration) {
        self.inner.lock().unwrap().pause = pause;
    }

    /// How many requests were on their way at the same time at the most.
    pub fn most_at_once(&self) -> usize {
        self.inner.lock().unwrap().most_at_once
    }

    /// How many requests came, and characters with them.
    pub fn spent(&self) -> (usize, usize) {
        let inner = self.inner.lock().unwrap();
        (inner.requests, inner.characters)
    }

    /// The shortest time between two requests.
    pub fn closest(&self) -> Duration {
        let times = self.inner.lock().unwrap().times.clone();
        times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap()
    }

    /// How many documents were answered well.
    pub fn documents(&self) -> usize {
        self.inner.lock().unwrap().documents
    }
}

async fn infer(
    State(inner): State<Arc<Mutex<Inner>>>,
    Path(model): Path<String>,
    body: axum::body::Bytes,
) -> Response {
    if model != "lengths" {
        return refuse(404, &format!("Model {model} not found"));
    }
    let request: Value = serde_json::from_slice(&body).unwrap();
    let texts: Vec<String> = serde_json::from_value(request["inputs"][0]["data"].clone()).unwrap();
    assert_eq!(request["inputs"][0]["shape"], json!([texts.len(), 1]));
    let (fault, pause, version) = {
        let mut inner = inner.lock().unwrap();
        inner.requests += 1;
        inner.characters += texts.iter().map(|text| text.chars().count()).sum::<usize>();
        inner.at_once += 1;
        inner.most_at_once = inner.most_at_once.max(inner.at_once);
        inner.times.push(Instant::now());
        if let Some((after, version)) = &inner.next_version
            && inner.requests >= *after
        {
            inner.version = Some(version.clone());
        }
        if let Some((after, token)) = &inner.stop_after
            && inner.requests == *after
        {
            token.cancel();
        }
        let version = inner.version.clone().unwrap_or_else(|| "v1".to_owned());
        (inner.faults.pop_front(), inner.pause, version)
    };
    tokio::time::sleep(pause).await;
    inner.lock().unwrap().at_once -= 1;
    if texts.iter().any(|text| text.contains("crash")) {
        return refuse(500, "Internal Server Error");
    }
    if texts.iter().any(|text| text.contains("poison")) {
        return refuse(400, "poison is refused");
    }
    match fault {
        None => {
            inner.lock().unwrap().documents += texts.len();
            answer(&request, &texts, &version).to_string().into_response()
        }
        Some(Fault::Status(status)) => refuse(status, "as asked for"),
        Some(Fault::Slow) => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            answer(&request, &texts, &version).to_string().into_response()
        }
        Some(Fault::NotJson) => "{\"outputs\": [NaN".into_response(),
        Some(Fault::Short) => answer(&request, &texts[1..], &version).to_string().into_response(),
        Some(Fault::Null) => {
            let mut answer = answer(&request, &texts, &version);
            answer["outputs"][0]["data"][0] = Value::Null;
            answer.to_string().into_response()
        }
        Some(Fault::OtherId) => {
            let mut answer = answer(&request, &texts, &version);
            answer["id"] = json!("another");
            answer.to_string().into_response()
        }
    }
}

fn answer(request: &Value, texts: &[String], version: &str) -> Value {
    let vectors: Vec<usize> = texts.iter().flat_map(|text| [text.len(), 1]).collect();
    json!({"model_name": "lengths", "model_version": version, "id": request["id"], "outputs": [
        {"name": "vector", "shape": [texts.len(), 2], "datatype": "INT64", "data": vectors},
        {"name": "echo", "shape": [texts.len(), 1], "datatype": "BYTES", "data": texts}]})
}

fn refuse(status: u16, text: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), json!({"error": text}).to_string()).into_response()
}
