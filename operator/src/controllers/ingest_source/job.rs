//! The Job of one worker of a source. Pure.

use std::collections::BTreeMap;

use docmill_crds::IngestSource;
use docmill_crds::contract::{annotation, label};
use docmill_crds::digest::{hex, sha256};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};
use sha2::{Digest as _, Sha256};

use super::plan::Start;
use super::worker::{SLOT_LABEL, Worker};
use crate::workers::queue::queued;
use crate::workers::worker_pod::{self, WorkerImage, WorkerPod};

/// How long an ended Job is kept. The rate and the pauses after failures are computed from its pod, and a
/// person can read the pod's log.
const KEPT_SECONDS: i32 = 120;
/// With the longest source name and the hyphen this makes 63 characters, the limit for a Job's name.
const NAME_DIGITS: usize = 10;

/// The Job of one worker. `order` is the encoded work order.
pub fn job(source: &IngestSource, start: &Start, order: String, image: &WorkerImage) -> Job {
    let template = template(source, start.slot, order, image);
    let digest = digest(source, start.slot, image);
    let owner = source.controller_owner_ref(&()).map(|mut owner| {
        owner.block_owner_deletion = Some(true);
        owner
    });
    let job = Job {
        metadata: ObjectMeta {
            name: Some(name(source, start)),
            namespace: source.namespace(),
            labels: Some(labels(source, start.slot)),
            annotations: Some(BTreeMap::from([(annotation::POD_DIGEST.to_owned(), digest)])),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            pod_failure_policy: Some(worker_pod::failure_policy()),
            pod_replacement_policy: Some("Failed".into()),
            template,
            ttl_seconds_after_finished: Some(KEPT_SECONDS),
            ..JobSpec::default()
        }),
        status: None,
    };
    queued(job, &source.spec.workers.pod_template)
}

/// Whether a worker that does not start would have another pod if it were made now: what kept it from starting may have
/// been corrected, for others but not for it.
pub fn is_outdated(worker: &Worker, source: &IngestSource, image: &WorkerImage) -> bool {
    let (Some(known), Some(slot)) = (&worker.stuck_with, worker.slot) else { return false };
    *known != digest(source, slot, image)
}

fn template(source: &IngestSource, slot: i32, order: String, image: &WorkerImage) -> PodTemplateSpec {
    worker_pod::pod_template(WorkerPod {
        image,
        order,
        mounts: worker_pod::source_mounts(&source.spec),
        labels: labels(source, slot),
        template: &source.spec.workers.pod_template,
    })
}

/// Digest of a pod without its work order: that keeps no pod from starting, and it changes whenever a run begins or ends
/// that shares the limits of a connection.
fn digest(source: &IngestSource, slot: i32, image: &WorkerImage) -> String {
    let template = template(source, slot, String::new(), image);
    sha256(&serde_json::to_vec(&template).unwrap_or_default())
}

/// Name of the Job of a worker.
pub fn name(source: &IngestSource, start: &Start) -> String {
    let mut hash = Sha256::new();
    for part in [
        source.uid().unwrap_or_default(),
        start.slot.to_string(),
        start.predecessor.clone().unwrap_or_default(),
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("{}-{}", source.name_any(), &hex(&hash.finalize())[..NAME_DIGITS])
}

fn labels(source: &IngestSource, slot: i32) -> BTreeMap<String, String> {
    let mut labels = worker_pod::common_labels();
    labels.insert(label::SOURCE.to_owned(), source.name_any());
    labels.insert(SLOT_LABEL.to_owned(), slot.to_string());
    labels
}
