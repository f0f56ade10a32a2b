//! Asks running workers for their status. No answer is no fault: the worker may be starting, stopping, or
//! behind a network policy; then only its Job and its report are known.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use docmill_clients::outbound;
use docmill_clients::outbound::http::AnswerFault;
use docmill_crds::contract::{WORKER_PORT, WorkerStatus};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;

use super::pod_state::runs;
use crate::telemetry::metrics::{Metrics, Target};

/// Time limit for a worker's answer; it is in the same cluster, and has the answer in memory.
const TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Concurrent requests to workers of one resource.
const AT_A_TIME: usize = 16;
/// Time limit for all workers together. A user who may create pods may create many that never answer.
const ALL_WITHIN: Duration = Duration::from_secs(4);
/// Maximum length of an answer: a few store problems with their messages.
const ANSWER_BYTES: usize = 64 * 1024;

/// The HTTP client for these requests.
pub fn client() -> reqwest::Result<reqwest::Client> {
    // Directly to the pods: an outbound proxy knows none of them. The address is that of a pod, and whoever
    // created the pod controls the answer.
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy()
        .no_gzip()
        .build()
}

/// Asks each URL, and returns the answers with the value that belongs to the URL.
pub async fn ask<T: Copy>(
    urls: Vec<(T, String)>,
    client: &reqwest::Client,
    metrics: &Metrics,
) -> Vec<(T, WorkerStatus)> {
    let answers = futures::stream::iter(urls).map(|(whose, url)| async move {
        metrics.request(Target::Worker);
        match request_status(client, &url).await {
            Ok(status) => Some((whose, status)),
            Err(error) => {
                tracing::debug!(%error, url, "a worker does not answer");
                None
            }
        }
    });
    let answers = answers.buffer_unordered(AT_A_TIME).filter_map(std::future::ready);
    answers.take_until(Box::pin(tokio::time::sleep(ALL_WITHIN))).collect().await
}

/// The statuses of those pods that run.
pub async fn of_pods(pods: &[Arc<Pod>], client: &reqwest::Client, metrics: &Metrics) -> Vec<WorkerStatus> {
    let urls = pods.iter().filter_map(|pod| Some(((), url(pod)?))).collect();
    ask(urls, client, metrics).await.into_iter().map(|((), status)| status).collect()
}

/// The status URL of a pod, if it runs.
pub fn url(pod: &Pod) -> Option<String> {
    let ip = pod.status.as_ref()?.pod_ip.as_deref().filter(|_| runs(pod))?;
    Some(match ip.parse().ok()? {
        IpAddr::V4(ip) => format!("http://{ip}:{WORKER_PORT}/status"),
        IpAddr::V6(ip) => format!("http://[{ip}]:{WORKER_PORT}/status"),
    })
}

/// Why a worker has no status.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error("failed to ask a worker")]
    Request(#[from] reqwest::Error),
    #[error("failed to read the status of a worker")]
    Answer(#[from] AnswerFault),
    #[error("failed to parse the status of a worker")]
    Form(#[from] serde_json::Error),
}

async fn request_status(client: &reqwest::Client, url: &str) -> Result<WorkerStatus, Silence> {
    let answer = client.get(url).send().await?.error_for_status()?;
    let body = outbound::http::read(answer, ANSWER_BYTES, &outbound::current().limits).await?;
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    use super::{client, of_pods, url};
    use crate::telemetry::metrics::Metrics;

    fn pod(phase: &str, ip: &str) -> Pod {
        serde_json::from_value(json!({"status": {"phase": phase, "podIP": ip}})).unwrap()
    }

    #[test]
    fn only_pods_that_run_are_asked() {
        let url = |phase, ip| url(&pod(phase, ip));
        assert_eq!(url("Running", "10.0.0.2").as_deref(), Some("http://10.0.0.2:8080/status"));
        assert_eq!(url("Running", "fd00::1").as_deref(), Some("http://[fd00::1]:8080/status"));
        assert_eq!(url("Pending", "10.0.0.2"), None);
        assert_eq!(url("Running", "evil.example/"), None);
    }

    #[tokio::test]
    async fn a_worker_that_does_not_answer_says_nothing() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // An address that is nobody's (RFC 5737).
        let pods = [Arc::new(pod("Running", "192.0.2.1"))];
        assert!(of_pods(&pods, &client().unwrap(), &Metrics::default()).await.is_empty());
    }
}
