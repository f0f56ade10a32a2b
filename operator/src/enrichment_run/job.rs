//! The Job of a run: one pod a slice. Pure.

use docmill_crds::EnrichmentRun;
use docmill_crds::contract::{EnrichOrder, WorkOrder, label, secret_mount};
use docmill_crds::ingest_source::PodTemplate;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use kube::api::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};

use super::observation::Selection;
use crate::not_ready::NotReady;
use crate::worker_pod::{self, Mount, WorkerImage, WorkerPod};

/// The Job of a run. It has the run's own name, so that there can be only one.
pub fn job(run: &EnrichmentRun, selection: &Selection, image: &WorkerImage) -> Result<Job, NotReady> {
    let order = worker_pod::encode_order(&work_order(run, selection))?;
    let mut labels = worker_pod::common_labels();
    labels.insert(label::RUN.to_owned(), run.name_any());
    let template = worker_pod::pod_template(WorkerPod {
        image,
        order,
        mounts: vec![
            Mount { folder: secret_mount::FROM, secret: selection.origin.cluster.secret_ref.as_ref() },
            Mount { folder: secret_mount::TO, secret: run.spec.to.elasticsearch.secret_ref.as_ref() },
        ],
        labels: labels.clone(),
        template: &PodTemplate::default(),
    });
    let owner = run.controller_owner_ref(&()).map(|mut owner| {
        owner.block_owner_deletion = Some(true);
        owner
    });
    let slices = i32::try_from(selection.slices.len()).unwrap_or(i32::MAX);
    Ok(Job {
        metadata: ObjectMeta {
            name: Some(run.name_any()),
            namespace: run.namespace(),
            labels: Some(labels),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            active_deadline_seconds: run.spec.active_deadline_seconds,
            backoff_limit: Some(run.spec.backoff_limit),
            completion_mode: Some("Indexed".into()),
            completions: Some(slices),
            parallelism: Some(run.spec.parallelism.min(slices)),
            pod_failure_policy: Some(worker_pod::failure_policy()),
            pod_replacement_policy: Some("Failed".into()),
            template,
            ..JobSpec::default()
        }),
        status: None,
    })
}

fn work_order(run: &EnrichmentRun, selection: &Selection) -> WorkOrder {
    WorkOrder::Enrich(Box::new(EnrichOrder {
        namespace: run.namespace().unwrap_or_default(),
        run: run.name_any(),
        run_uid: run.uid().unwrap_or_default(),
        from: selection.origin.cluster.clone(),
        from_index: selection.origin.index.clone(),
        to: run.spec.to.clone(),
        select: run.spec.select,
        enrichers: run.spec.enrichers.clone(),
        slices: selection.slices.clone(),
    }))
}
