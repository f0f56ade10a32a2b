//! The run that a schedule creates for one of its times. Pure.

use docmill_crds::contract::{annotation, label};
use docmill_crds::{EnrichmentRun, EnrichmentSchedule};
use k8s_openapi::jiff::Timestamp;
use kube::{Resource as _, ResourceExt as _};

use crate::workers::worker_pod;

/// The run for a time. Its name follows from the time, so there can be only one.
pub fn run(schedule: &EnrichmentSchedule, time: Timestamp) -> EnrichmentRun {
    let template = &schedule.spec.run_template;
    let mut run = EnrichmentRun::new(&name(schedule, time), template.spec.clone());
    let mut labels = template.metadata.labels.clone();
    labels.extend(worker_pod::common_labels());
    labels.insert(label::SCHEDULE.to_owned(), schedule.name_any());
    let mut annotations = template.metadata.annotations.clone();
    annotations.insert(annotation::SCHEDULED_TIME.to_owned(), time.to_string());
    run.metadata.namespace = schedule.namespace();
    run.metadata.labels = Some(labels);
    run.metadata.annotations = Some(annotations);
    run.metadata.owner_references = schedule.controller_owner_ref(&()).map(|mut owner| {
        owner.block_owner_deletion = Some(true);
        vec![owner]
    });
    run
}

/// The schedule's name and the time in minutes since 1970, as a CronJob names its Jobs.
pub fn name(schedule: &EnrichmentSchedule, time: Timestamp) -> String {
    format!("{}-{}", schedule.name_any(), time.as_second() / 60)
}
