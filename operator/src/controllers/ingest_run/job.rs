//! The Jobs of a run: one of a single pod that selects, and one whose pods share the work. Pure.

use std::collections::BTreeMap;

use docmill_crds::IngestRun;
use docmill_crds::contract::{RunOrder, WorkOrder, label, secret_mount};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use kube::api::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};

use crate::controllers::run_job;
use crate::outcome::not_ready::NotReady;
use crate::workers::queue::queued;
use crate::workers::worker_pod::{self, Mount, WorkerImage, WorkerPod};

/// Name of the Job that selects. With the longest run name it has 57 characters.
pub fn plan_name(run: &IngestRun) -> String {
    format!("{}-plan", run.name_any())
}

/// Name of the Job that works. With the longest run name and a part number, a pod's host name still fits.
pub fn work_name(run: &IngestRun) -> String {
    run_job::indexed_job_name(&run.name_any(), "work")
}

/// The Job that selects.
pub fn plan_job(run: &IngestRun, order: &RunOrder, image: &WorkerImage) -> Result<Job, NotReady> {
    let spec = JobSpec { backoff_limit: Some(run.spec.backoff_limit), ..JobSpec::default() };
    job(run, plan_name(run), order, spec, image)
}

/// The Job that works. Each part has its own backoff limit, so a part that cannot be processed does not
/// prevent the others from finishing.
pub fn work_job(run: &IngestRun, order: &RunOrder, parts: i32, image: &WorkerImage) -> Result<Job, NotReady> {
    let spec = JobSpec {
        backoff_limit_per_index: Some(run.spec.backoff_limit),
        completion_mode: Some("Indexed".into()),
        completions: Some(parts),
        parallelism: Some(run.spec.parallelism.min(parts)),
        ..JobSpec::default()
    };
    job(run, work_name(run), order, spec, image)
}

fn job(
    run: &IngestRun,
    name: String,
    order: &RunOrder,
    spec: JobSpec,
    image: &WorkerImage,
) -> Result<Job, NotReady> {
    let source = &order.ingest.spec;
    let labels = labels(run);
    let template = worker_pod::pod_template(WorkerPod {
        image,
        order: worker_pod::encode_order(&WorkOrder::Run(Box::new(order.clone())))?,
        mounts: mounts(order),
        labels: labels.clone(),
        template: &source.workers.pod_template,
    });
    let owner = run.controller_owner_ref(&()).map(|mut owner| {
        owner.block_owner_deletion = Some(true);
        owner
    });
    let job = Job {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: run.namespace(),
            labels: Some(labels),
            annotations: run_job::annotations(run.spec.suspend),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            active_deadline_seconds: run.spec.active_deadline_seconds,
            pod_failure_policy: Some(worker_pod::failure_policy()),
            pod_replacement_policy: Some("Failed".into()),
            suspend: Some(run.spec.suspend),
            template,
            ..spec
        }),
        status: None,
    };
    Ok(queued(job, &source.workers.pod_template))
}

/// The Secrets of the source, and those of the clusters with enriched copies that are to be erased.
fn mounts(order: &RunOrder) -> Vec<Mount<'_>> {
    let mut mounts = worker_pod::source_mounts(&order.ingest.spec);
    mounts.extend(order.enriched.iter().enumerate().map(|(position, target)| Mount {
        folder: secret_mount::enriched(position).into(),
        sources: target.elasticsearch.credentials(),
    }));
    mounts
}

fn labels(run: &IngestRun) -> BTreeMap<String, String> {
    let mut labels = worker_pod::common_labels();
    labels.insert(label::INGEST_RUN.to_owned(), run.name_any());
    labels
}
