//! Sends events one after another, in the order in which they happened, from a queue of bounded length.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use docmill_clients::cause::with_causes;
use docmill_clients::outbound::{self, tls};
use docmill_clients::secrets::Secrets;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::event::RunEvent;
use crate::args::LineageArgs;
use crate::telemetry::metrics::{LineageOutcome, Metrics};

/// Events that wait while the receiver is slow or away. Further ones are dropped.
const WAITING: usize = 256;
/// Time limit for a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pauses before further attempts.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// Key of the Secret.
const API_KEY: &str = "apiKey";

/// Takes events, and sends them in the background.
#[derive(Clone)]
pub struct LineageSender {
    namespace: String,
    queue: Sender<Value>,
    metrics: Arc<Metrics>,
}

impl LineageSender {
    /// Starts to send to the URL of the flags; `None`: there is none. The URL has to be an allowed endpoint.
    pub fn start(args: &LineageArgs, metrics: Arc<Metrics>) -> anyhow::Result<Option<Self>> {
        let Some(url) = args.url.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
        let endpoint = Endpoint::new(url, args.secret_dir.clone())?;
        let (queue, events) = mpsc::channel(WAITING);
        tokio::spawn(send_all(events, endpoint, metrics.clone()));
        Ok(Some(Self { namespace: args.job_namespace.clone(), queue, metrics }))
    }

    /// Hands over an event, and does not wait. If the queue is full, the event is dropped and counted.
    pub fn tell(&self, event: &RunEvent) {
        if self.queue.try_send(event.json(&self.namespace)).is_err() {
            tracing::warn!(run = event.run, "dropped an OpenLineage event: too many wait for the receiver");
            self.metrics.lineage_event(LineageOutcome::Dropped);
        }
    }
}

async fn send_all(mut events: Receiver<Value>, endpoint: Endpoint, metrics: Arc<Metrics>) {
    while let Some(event) = events.recv().await {
        let outcome = match endpoint.send(&event).await {
            Ok(()) => LineageOutcome::Sent,
            Err(error) => {
                let run = event.pointer("/run/runId").and_then(Value::as_str).unwrap_or_default();
                tracing::warn!(
                    run,
                    error = with_causes(&error),
                    "failed to send an OpenLineage event; it is lost"
                );
                LineageOutcome::Failed
            }
        };
        metrics.lineage_event(outcome);
    }
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("failed to read the Secret of the receiver")]
    Secret(#[from] io::Error),
    #[error("failed to reach the receiver")]
    Request(#[source] reqwest::Error),
    #[error("the receiver answered with status {0}; check openLineage.url and the key apiKey of the Secret")]
    Status(StatusCode),
}

impl SendError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Secret(_) | Self::Request(_) => true,
            Self::Status(status) => {
                status.is_server_error()
                    || matches!(*status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            }
        }
    }
}

/// Where events go.
struct Endpoint {
    url: String,
    http: reqwest::Client,
    secret_dir: Option<PathBuf>,
}

impl Endpoint {
    fn new(url: &str, secret_dir: Option<PathBuf>) -> anyhow::Result<Self> {
        let outbound = outbound::current();
        outbound.policy.check_url(url).context("the URL for OpenLineage events cannot be used")?;
        let secrets =
            read(secret_dir.as_deref()).context("failed to read the Secret for OpenLineage events")?;
        let builder = outbound::http::client(&outbound).timeout(TIMEOUT);
        let http =
            tls::build(builder, &secrets).context("the Secret for OpenLineage events cannot be used")?;
        Ok(Self { url: url.to_owned(), http, secret_dir })
    }

    async fn send(&self, event: &Value) -> Result<(), SendError> {
        for pause in PAUSES {
            match self.attempt(event).await {
                Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
                result => return result,
            }
        }
        self.attempt(event).await
    }

    /// Reads the key anew, since it may have been rotated.
    async fn attempt(&self, event: &Value) -> Result<(), SendError> {
        let secrets = read(self.secret_dir.as_deref())?;
        let request =
            self.http.post(&self.url).header(CONTENT_TYPE, "application/json").body(event.to_string());
        let request = match secrets.text(API_KEY) {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        // Without the URL, which may have more than a host.
        let answer = request.send().await.map_err(|error| SendError::Request(error.without_url()))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(SendError::Status(status)) }
    }
}

fn read(folder: Option<&Path>) -> io::Result<Secrets> {
    folder.map_or_else(|| Ok(Secrets::default()), Secrets::read_dir)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::Value;
    use tokio::net::TcpListener;

    use super::{Endpoint, LineageSender, SendError};
    use crate::args::LineageArgs;
    use crate::telemetry::metrics::{LineageOutcome, Metrics};
    use crate::telemetry::open_lineage::{EventType, JobRun, RunEvent};

    type Received = Arc<Mutex<Vec<(Option<String>, Value)>>>;

    /// A receiver that takes every event, and what it got.
    async fn receiver() -> (String, Received) {
        async fn take(State(received): State<Received>, headers: HeaderMap, body: String) -> StatusCode {
            let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
            received.lock().unwrap().push((key, serde_json::from_str(&body).unwrap()));
            StatusCode::CREATED
        }
        let received = Received::default();
        let routes = Router::new().route("/api/v1/lineage", post(take)).with_state(received.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (format!("http://{address}/api/v1/lineage"), received)
    }

    fn event(event_type: EventType) -> RunEvent {
        let job_run = JobRun { kind: "IngestRun", job: "n.s.Audit".into(), inputs: vec![], outputs: vec![] };
        RunEvent { event_type, time: Timestamp::UNIX_EPOCH, run: "u-1".into(), job_run, error: None }
    }

    #[tokio::test]
    async fn events_arrive_in_their_order_with_the_key_of_the_secret() {
        let (url, received) = receiver().await;
        let folder = std::env::temp_dir().join(format!("docmill-lineage-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("apiKey"), "k-1\n").unwrap();
        let args =
            LineageArgs { url: Some(url), job_namespace: "prod".into(), secret_dir: Some(folder.clone()) };
        let metrics = Arc::new(Metrics::default());
        let sender = LineageSender::start(&args, metrics.clone()).unwrap().unwrap();
        sender.tell(&event(EventType::Start));
        sender.tell(&event(EventType::Complete));
        while received.lock().unwrap().len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        std::fs::remove_dir_all(folder).unwrap();
        let received = received.lock().unwrap().clone();
        let types: Vec<_> = received.iter().map(|(_, event)| event["eventType"].as_str().unwrap()).collect();
        assert_eq!(types, ["START", "COMPLETE"]);
        assert_eq!(received[0].0.as_deref(), Some("Bearer k-1"));
        assert_eq!(received[0].1["job"]["namespace"], "prod");
    }

    #[tokio::test]
    async fn what_the_receiver_refuses_for_good_is_not_sent_again() {
        let (url, received) = receiver().await;
        let elsewhere = Endpoint::new(&url.replace("lineage", "nothing"), None).unwrap();
        let refused = elsewhere.send(&event(EventType::Start).json("docmill")).await;
        assert!(matches!(refused, Err(SendError::Status(StatusCode::NOT_FOUND))), "{refused:?}");
        assert!(received.lock().unwrap().is_empty());
        assert!(SendError::Status(StatusCode::SERVICE_UNAVAILABLE).is_transient());
    }

    #[tokio::test]
    async fn without_a_url_nothing_is_sent_and_a_full_queue_drops() {
        let mut args = LineageArgs { url: None, job_namespace: "docmill".into(), secret_dir: None };
        assert!(LineageSender::start(&args, Arc::default()).unwrap().is_none());
        // Nobody listens there, and the first event holds the queue up.
        args.url = Some("http://127.0.0.1:9/api/v1/lineage".to_owned());
        let metrics = Arc::new(Metrics::default());
        let sender = LineageSender::start(&args, metrics.clone()).unwrap().unwrap();
        for _ in 0..super::WAITING + 10 {
            sender.tell(&event(EventType::Start));
        }
        let text = metrics.text();
        let dropped = format!("lineage_events_total{{outcome=\"{:?}\"}}", LineageOutcome::Dropped);
        assert!(text.contains(&dropped), "{text}");
    }
}
