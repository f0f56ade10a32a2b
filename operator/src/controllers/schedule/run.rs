//! The run that a schedule creates for one of its times. Pure.

use docmill_crds::contract::{annotation, label};
use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt as _};

use super::kind::ScheduleKind;
use crate::workers::worker_pod;

/// The run for a time. Its name follows from the time, so there can be only one.
pub fn run<S: ScheduleKind>(schedule: &S, time: Timestamp) -> S::Run {
    let template = schedule.run_metadata();
    let mut run = schedule.templated_run(&name(schedule, time));
    let mut labels = template.labels.clone();
    labels.extend(worker_pod::common_labels());
    labels.insert(label::SCHEDULE.to_owned(), schedule.name_any());
    let mut annotations = template.annotations.clone();
    annotations.insert(annotation::SCHEDULED_TIME.to_owned(), time.to_string());
    let meta = Resource::meta_mut(&mut run);
    meta.namespace = schedule.namespace();
    meta.labels = Some(labels);
    meta.annotations = Some(annotations);
    meta.owner_references = schedule.controller_owner_ref(&()).map(|mut owner| {
        owner.block_owner_deletion = Some(true);
        vec![owner]
    });
    run
}

/// The schedule's name and the time in minutes since 1970, as a CronJob names its Jobs.
pub fn name<S: ScheduleKind>(schedule: &S, time: Timestamp) -> String {
    format!("{}-{}", schedule.name_any(), time.as_second() / 60)
}
