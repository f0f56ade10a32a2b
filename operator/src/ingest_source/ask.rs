//! Asks running workers how they are doing. One that does not answer is no fault: it may be starting, ending, or behind
//! a network policy; then its Job and its report are what is known of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use docmill_crds::contract::{Present, WORKER_PORT};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;

use super::worker::Worker;
use crate::metrics::{Metrics, Target};
use crate::pod_view::runs;

/// How long a worker may take to answer; it is in the same cluster, and has the answer in its memory.
const TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Workers that are asked at a time, for one source.
const AT_A_TIME: usize = 16;

/// The client that asks.
pub fn client() -> reqwest::Result<reqwest::Client> {
    // Straight to the pods: a proxy for the world outside knows none of them.
    reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT).no_proxy().build()
}

/// Asks all running workers, and notes what they say.
pub async fn ask(workers: &mut [Worker], pods: &[Arc<Pod>], client: &reqwest::Client, metrics: &Metrics) {
    let urls = urls(workers, pods);
    let answers: Vec<_> = futures::stream::iter(urls)
        .map(|(at, url)| async move {
            metrics.request(Target::Worker);
            (at, present(client, &url).await)
        })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    for (at, answer) in answers {
        match answer {
            Ok(present) => workers[at].present = Some(present),
            Err(error) => tracing::debug!(%error, job = workers[at].job, "a worker does not answer"),
        }
    }
}

async fn present(client: &reqwest::Client, url: &str) -> reqwest::Result<Present> {
    client.get(url).send().await?.error_for_status()?.json().await
}

/// The workers that run, by their position, and where to ask them.
fn urls(workers: &[Worker], pods: &[Arc<Pod>]) -> Vec<(usize, String)> {
    let active = workers.iter().enumerate().filter(|(_, worker)| worker.is_active());
    active
        .filter_map(|(at, worker)| {
            let pod = pods.iter().find(|pod| runs(pod) && belongs(pod, &worker.uid))?;
            Some((at, url(pod.status.as_ref()?.pod_ip.as_deref()?)?))
        })
        .collect()
}

fn belongs(pod: &Pod, job_uid: &str) -> bool {
    pod.metadata.owner_references.iter().flatten().any(|owner| owner.uid == job_uid)
}

fn url(ip: &str) -> Option<String> {
    Some(match ip.parse().ok()? {
        IpAddr::V4(ip) => format!("http://{ip}:{WORKER_PORT}/status"),
        IpAddr::V6(ip) => format!("http://[{ip}]:{WORKER_PORT}/status"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    use super::super::tests::active;
    use super::{ask, client, url, urls};
    use crate::metrics::Metrics;

    fn pod(job: &str, phase: &str, ip: &str) -> Arc<Pod> {
        let owner =
            json!({"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": job, "controller": true});
        let pod = json!({
            "metadata": {"name": format!("{job}-x"), "ownerReferences": [owner]},
            "status": {"phase": phase, "podIP": ip},
        });
        Arc::new(serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn only_running_pods_of_active_workers_are_asked() {
        let workers = [active(0), active(1), active(2)];
        let pods = [
            pod("job-2", "Running", "10.0.0.2"),
            pod("job-0", "Pending", "10.0.0.3"),
            pod("other", "Running", "10.0.0.4"),
        ];
        assert_eq!(urls(&workers, &pods), [(2, "http://10.0.0.2:8080/status".to_owned())]);
        assert_eq!(url("fd00::1").as_deref(), Some("http://[fd00::1]:8080/status"));
        assert_eq!(url("evil.example/"), None);
    }

    #[tokio::test]
    async fn a_worker_that_does_not_answer_stays_as_it_is() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut workers = [active(0)];
        // An address that is nobody's (RFC 5737).
        let pods = [pod("job-0", "Running", "192.0.2.1")];
        ask(&mut workers, &pods, &client().unwrap(), &Metrics::default()).await;
        assert_eq!(workers[0].present, None);
    }
}
