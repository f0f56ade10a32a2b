//! Spans for OpenTelemetry: one per unit, from when it is received until it completes, by OTLP over HTTP
//! (protobuf).
//!
//! They are sent if `OTEL_EXPORTER_OTLP_ENDPOINT` is set; the other variables of the OTLP exporter and of the
//! SDK apply as well (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>). A collector that is
//! down costs spans, not work.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use docmill_crds::contract::POD_NAME_ENV;
use http::{Request, Response};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Name of a unit's span; no others are sent.
pub const UNIT_SPAN: &str = "unit";
/// How long the collector may take for one batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the last batch may take when the worker ends.
const LAST_BATCH: Duration = Duration::from_secs(3);
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Why no spans are sent.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The HTTP client cannot be made.
    #[error("failed to make an HTTP client for spans: {0}")]
    Client(#[from] reqwest::Error),
    /// The exporter cannot be built from its environment variables.
    #[error("failed to set up the export of spans: {0}; check the variables OTEL_EXPORTER_OTLP_*")]
    Exporter(#[from] ExporterBuildError),
}

/// The export of spans.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts it, if the environment asks for it. Requests are sent on `runtime`.
    pub fn from_env(runtime: &Handle) -> Result<Option<Self>, TraceError> {
        let wanted = ENDPOINTS.iter().any(|name| std::env::var(name).is_ok_and(|value| !value.is_empty()));
        if wanted { Self::start(runtime, None).map(Some) } else { Ok(None) }
    }

    /// Turns units into spans, and nothing else: log lines stay in the log.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = tracing_opentelemetry::layer().with_tracer(self.tracer());
        let layer = layer.with_location(false).with_threads(false).with_target(false);
        layer.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.name() == UNIT_SPAN))
    }

    fn start(runtime: &Handle, endpoint: Option<&str>) -> Result<Self, TraceError> {
        use opentelemetry_otlp::WithExportConfig as _;
        let http = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let client = Client { http, runtime: runtime.clone(), failing: AtomicBool::new(false) };
        let mut exporter = SpanExporter::builder().with_http().with_http_client(client);
        if let Some(endpoint) = endpoint {
            exporter = exporter.with_endpoint(endpoint);
        }
        let pod = std::env::var(POD_NAME_ENV).ok().map(|name| KeyValue::new("k8s.pod.name", name));
        let resource = Resource::builder().with_service_name("docmill-worker").with_attributes(pod).build();
        let provider = SdkTracerProvider::builder().with_resource(resource);
        Ok(Self(provider.with_batch_exporter(exporter.build()?).build()))
    }

    /// The tracer that creates the spans.
    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer("docmill")
    }

    /// Sends what is left. Blocks for a few seconds at most.
    pub fn end(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_BATCH) {
            tracing::warn!(%error, "failed to send the last spans");
        }
    }
}

/// The process's own HTTP client, on the worker's runtime: the exporter has a thread of its own, but no
/// runtime.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    failing: AtomicBool,
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let sent = self.runtime.spawn(send(self.http.clone(), request)).await?;
            self.log_once(sent.as_ref().err());
            sent
        })
    }
}

impl Client {
    /// Logs once that a collector is down, rather than for each batch.
    fn log_once(&self, error: Option<&HttpError>) {
        let was_failing = self.failing.swap(error.is_some(), Ordering::Relaxed);
        if let (Some(error), false) = (error, was_failing) {
            tracing::warn!(%error, "failed to send spans to the collector");
        }
    }
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let response = client.execute(request.try_into()?).await?.error_for_status()?;
    let status = response.status();
    Ok(Response::builder().status(status).body(response.bytes().await?)?)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::runtime::Handle;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::Traces;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_unit_is_one_span_with_its_fields_and_nothing_else_is_sent() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let received = Arc::new(Mutex::new(Vec::new()));
        let sink = received.clone();
        let take = move |body: Bytes| async move { sink.lock().unwrap().extend_from_slice(&body) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let collector = axum::Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, collector).await });

        let endpoint = format!("http://{address}/v1/traces");
        let traces = Traces::start(&Handle::current(), Some(&endpoint)).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(traces.layer()), || {
            let unit = tracing::info_span!("unit", key = "wire/a.xml", state = tracing::field::Empty);
            unit.in_scope(|| tracing::info!("a line of the log"));
            unit.record("state", "Indexed");
            tracing::info_span!("other", key = "wire/b.xml").in_scope(|| ());
        });
        tokio::task::spawn_blocking(move || traces.end()).await.unwrap();
        let sent = String::from_utf8_lossy(&received.lock().unwrap()).into_owned();
        for part in ["docmill-worker", "unit", "wire/a.xml", "Indexed"] {
            assert!(sent.contains(part), "{part} is missing in {sent:?}");
        }
        for part in ["a line of the log", "wire/b.xml"] {
            assert!(!sent.contains(part), "{part} was sent");
        }
    }
}
