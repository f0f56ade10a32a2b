//! Jobs that wait in a queue of Kueue. Pure.

use docmill_crds::api::pod_template::PodTemplate;
use docmill_crds::contract::annotation;
use k8s_openapi::api::batch::v1::Job;

/// Label with the name of the queue.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";
/// Label with the name of the priority class in that queue.
const PRIORITY: &str = "kueue.x-k8s.io/priority-class";

/// Puts a Job into the queue that its template names, if it names one: Kueue looks for the labels on Jobs, and
/// admits a Job by resuming it. Docmill itself never resumes such a Job. One that is created suspended gets no
/// pods instead, and no deadline meanwhile, because its queue may resume it.
pub fn queued(mut job: Job, template: &PodTemplate) -> Job {
    let asked = &template.metadata.labels;
    if asked.get(QUEUE).is_none_or(String::is_empty) {
        return job;
    }
    let labels = [QUEUE, PRIORITY].into_iter().filter_map(|key| asked.get_key_value(key));
    let labels = labels.map(|(key, name)| (key.clone(), name.clone()));
    job.metadata.labels.get_or_insert_default().extend(labels);
    if let Some(annotations) = &mut job.metadata.annotations {
        annotations.remove(annotation::SUSPENDED_BY);
    }
    if let Some(spec) = &mut job.spec {
        if spec.suspend == Some(true) {
            (spec.parallelism, spec.active_deadline_seconds) = (Some(0), None);
        }
        spec.suspend = Some(true);
    }
    job
}

/// Whether a Job is one of a queue.
pub fn is_queued(job: &Job) -> bool {
    let labels = job.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(QUEUE)).is_some_and(|queue| !queue.is_empty())
}

/// Whether a Job is suspended: it has no pods, and none are to be expected.
pub fn is_suspended(job: &Job) -> bool {
    job.spec.as_ref().is_some_and(|spec| spec.suspend == Some(true))
}
