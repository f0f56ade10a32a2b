//! Watches the worker pods of a namespace while a test does something else.

mod memory;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::task::JoinHandle;

use super::cluster::{Cluster, is_live, name, phase};

/// Selects worker pods.
pub const WORKERS: &str = "app.kubernetes.io/name=docmill-worker";
/// How often it looks. A worker lives for seconds.
const INTERVAL: Duration = Duration::from_millis(300);

/// What was seen of the worker pods.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The most that were on their way or running at a time.
    pub most: usize,
    /// How each was seen last, by its name.
    pub pods: BTreeMap<String, LastSeen>,
}

/// How a pod was seen last.
#[derive(Clone, Debug, Default)]
pub struct LastSeen {
    /// Its phase.
    pub phase: String,
    /// The image of its containers.
    pub image: String,
    /// The kubelet's reason for the end of its container, for example `OOMKilled`; empty before.
    pub reason: String,
    /// The most memory that its process was seen to have, in KiB; `None` if its node is not this machine.
    pub peak_kibibytes: Option<u64>,
}

impl LastSeen {
    fn update(&mut self, pod: &Pod) {
        let mut containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        let image = containers.find_map(|container| container.image.clone());
        *self = Self {
            phase: phase(pod).to_owned(),
            image: image.unwrap_or_default(),
            reason: reason(pod).unwrap_or_default(),
            // Of a process that has ended, nobody knows it any more.
            peak_kibibytes: memory::peak_kibibytes(pod).max(self.peak_kibibytes),
        };
    }
}

/// A watch that goes on until it is dropped.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Begins to watch.
    pub fn begin(cluster: &Cluster, namespace: &str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let task = tokio::spawn(look(cluster.clone(), namespace.to_owned(), Arc::clone(&seen)));
        Self { seen, task }
    }

    /// What was seen until now.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn look(cluster: Cluster, namespace: String, seen: Arc<Mutex<Seen>>) {
    loop {
        // A look that fails is one look less.
        if let Ok(pods) = cluster.pods(&namespace, WORKERS).await {
            let live = pods.iter().filter(|pod| is_live(pod)).count();
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.most = seen.most.max(live);
            for pod in &pods {
                seen.pods.entry(name(pod).to_owned()).or_default().update(pod);
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Why the container of a pod has ended, if it has.
fn reason(pod: &Pod) -> Option<String> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses.iter().find_map(|status| status.state.as_ref()?.terminated.as_ref()?.reason.clone())
}
