//! The Jobs of a run: one with a pod for each slice, and one with a single pod that removes vectors of other
//! models from the target. Pure.

use docmill_crds::EnrichmentRun;
use docmill_crds::api::enrichment_run::EnrichmentMode;
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::{EnrichOrder, EnrichStep, WorkOrder, label, secret_mount};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use kube::api::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};

use super::observation::Selection;
use crate::controllers::run_job;
use crate::outcome::not_ready::NotReady;
use crate::workers::queue::queued;
use crate::workers::worker_pod::{self, Mount, WorkerImage, WorkerPod};

/// Name of the Job of a run. With the longest run name and a slice number, a pod's host name still fits.
pub fn enrich_name(run: &EnrichmentRun) -> String {
    run_job::indexed_job_name(&run.name_any(), "enrich")
}

/// Name of the Job that clears. With the longest run name it has 58 characters.
pub fn clear_name(run: &EnrichmentRun) -> String {
    run_job::indexed_job_name(&run.name_any(), "clear")
}

/// The Job of a run. Its name follows from the run's name, so there can be only one.
pub fn job(
    run: &EnrichmentRun,
    selection: &Selection,
    cluster_uid: &str,
    image: &WorkerImage,
) -> Result<Job, NotReady> {
    let slices = i32::try_from(selection.slices.len()).unwrap_or(i32::MAX);
    let pods = pods(run, slices);
    let order = work_order(run, selection, cluster_uid, step(run), pods);
    let spec = JobSpec {
        completion_mode: Some("Indexed".into()),
        completions: Some(slices),
        parallelism: Some(pods),
        ..JobSpec::default()
    };
    named_job(run, enrich_name(run), selection, order, spec, image)
}

/// The Job that removes vectors of other models from the target.
pub fn clear_job(
    run: &EnrichmentRun,
    selection: &Selection,
    cluster_uid: &str,
    image: &WorkerImage,
) -> Result<Job, NotReady> {
    let order = work_order(run, selection, cluster_uid, EnrichStep::Clear, 1);
    // Indexed, because every worker expects a slice number.
    let spec = JobSpec {
        completion_mode: Some("Indexed".into()),
        completions: Some(1),
        parallelism: Some(1),
        ..JobSpec::default()
    };
    named_job(run, clear_name(run), selection, order, spec, image)
}

/// The number of concurrent pods: each may have at least one request to a model in flight.
fn pods(run: &EnrichmentRun, slices: i32) -> i32 {
    let models = run.spec.enrichers.iter().filter(|enricher| enricher.builtin.is_none());
    let max_pods = models.map(|enricher| enricher.max_in_flight).min().unwrap_or(i32::MAX);
    run.spec.parallelism.min(slices).min(max_pods).max(1)
}

fn step(run: &EnrichmentRun) -> EnrichStep {
    match (run.spec.mode, &run.spec.compare) {
        (EnrichmentMode::Compare, Some(compare)) => EnrichStep::Compare(compare.clone()),
        _ if run.spec.dry_run => EnrichStep::DryRun,
        _ => EnrichStep::Enrich,
    }
}

fn named_job(
    run: &EnrichmentRun,
    name: String,
    selection: &Selection,
    order: EnrichOrder,
    spec: JobSpec,
    image: &WorkerImage,
) -> Result<Job, NotReady> {
    let mut labels = worker_pod::common_labels();
    labels.insert(label::RUN.to_owned(), run.name_any());
    let template = worker_pod::pod_template(WorkerPod {
        image,
        order: worker_pod::encode_order(&WorkOrder::Enrich(Box::new(order)))?,
        mounts: mounts(run, selection),
        labels: labels.clone(),
        template: &run.spec.pod_template,
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
            backoff_limit: Some(run.spec.backoff_limit),
            pod_failure_policy: Some(worker_pod::failure_policy()),
            pod_replacement_policy: Some("Failed".into()),
            suspend: Some(run.spec.suspend),
            template,
            ..spec
        }),
        status: None,
    };
    Ok(queued(job, &run.spec.pod_template))
}

/// The Secrets of the clusters, of the bucket whose objects go to models, and of the models.
fn mounts<'a>(run: &'a EnrichmentRun, selection: &'a Selection) -> Vec<Mount<'a>> {
    let storage = selection.origin.storage.as_ref().map(Storage::credentials).unwrap_or_default();
    let mut mounts = vec![
        Mount { folder: secret_mount::FROM.into(), sources: selection.origin.cluster.credentials() },
        Mount { folder: secret_mount::TO.into(), sources: run.spec.to.elasticsearch.credentials() },
        Mount { folder: secret_mount::STORAGE.into(), sources: storage },
    ];
    mounts.extend(run.spec.enrichers.iter().enumerate().map(|(position, enricher)| Mount {
        folder: secret_mount::enricher(position).into(),
        sources: enricher.credentials(),
    }));
    mounts
}

fn work_order(
    run: &EnrichmentRun,
    selection: &Selection,
    cluster_uid: &str,
    step: EnrichStep,
    pods: i32,
) -> EnrichOrder {
    let spec = &run.spec;
    EnrichOrder {
        namespace: run.namespace().unwrap_or_default(),
        run: run.name_any(),
        run_uid: run.uid().unwrap_or_default(),
        cluster: cluster_uid.to_owned(),
        step,
        from: selection.origin.cluster.clone(),
        from_index: selection.origin.index.clone(),
        from_query: spec.from.query.clone(),
        time_field: spec.from.time_field.clone(),
        storage: selection.origin.storage.clone(),
        to: spec.to.clone(),
        target: selection.target.clone(),
        select: spec.select.clone(),
        enrichers: spec.enrichers.clone(),
        versions: selection.versions.clone(),
        on_model_change: spec.on_model_change,
        pods,
        has_budget: spec.budget.is_some(),
        max_documents: spec.max_documents,
        slices: selection.slices.clone(),
        limits: selection.limits.clone(),
    }
}
