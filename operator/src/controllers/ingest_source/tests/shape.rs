//! The shape of a worker's Job.

use std::collections::BTreeMap;

use docmill_crds::contract::WorkOrder;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PodSpec;

use super::source;
use crate::controllers::ingest_source::job::job;
use crate::controllers::ingest_source::plan::Start;
use crate::controllers::ingest_source::worker::slot_of;
use crate::workers::order::ingest_order;
use crate::workers::worker_pod::{WorkerImage, decode_order, encode_order};

fn start(slot: i32, predecessor: Option<&str>) -> Start {
    Start { slot, predecessor: predecessor.map(str::to_owned) }
}

fn made(source: &docmill_crds::IngestSource, start: &Start) -> Job {
    let image = WorkerImage {
        image: "docmill:1".into(),
        pull_policy: "IfNotPresent".into(),
        env: vec![("DOCMILL_LOG_FORMAT".into(), "text".into())],
    };
    job(source, start, encode_order(&work_order(source)).unwrap(), &image)
}

fn work_order(source: &docmill_crds::IngestSource) -> WorkOrder {
    WorkOrder::Ingest(Box::new(ingest_order(source, "cluster-1")))
}

fn pod(job: Job) -> PodSpec {
    job.spec.unwrap().template.spec.unwrap()
}

#[test]
fn names_tell_apart_slot_predecessor_and_source() {
    let name = |start: &Start| made(&source(), start).metadata.name.unwrap();
    let first = name(&start(0, None));
    assert_eq!(first, name(&start(0, None)), "the same worker has the same name");
    assert_ne!(first, name(&start(1, None)));
    assert_ne!(first, name(&start(0, Some("uid"))));
    let mut other = source();
    other.metadata.uid = Some("uid-2".into());
    assert_ne!(first, made(&other, &start(0, None)).metadata.name.unwrap());
}

#[test]
fn the_longest_name_of_a_source_leaves_room() {
    let mut source = source();
    source.metadata.name = Some("s".repeat(52));
    assert_eq!(made(&source, &start(999, None)).metadata.name.unwrap().len(), 63);
}

#[test]
fn a_job_is_owned_labelled_and_of_one_pod() {
    let job = made(&source(), &start(3, None));
    let owner = &job.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!(
        (owner.uid.as_str(), owner.controller, owner.block_owner_deletion),
        ("uid-1", Some(true), Some(true))
    );
    assert_eq!(job.metadata.labels.as_ref().unwrap()["docmill.io/source"], "wire");
    assert_eq!(slot_of(&job), Some(3));
    let spec = job.spec.unwrap();
    assert_eq!(spec.backoff_limit, Some(0));
    assert_eq!(spec.template.metadata.unwrap().labels.unwrap()["docmill.io/source"], "wire");
}

#[test]
fn credentials_come_as_files_and_the_order_as_it_was() {
    let mut source = source();
    source.spec.index.as_mut().unwrap().id = "a$(HOME)$$-{guid}".into();
    let pod = pod(made(&source, &start(0, None)));
    let container = &pod.containers[0];
    let mounts = container.volume_mounts.as_ref().unwrap();
    assert_eq!(mounts.len(), 1, "this index needs no credentials");
    assert_eq!(mounts[0].mount_path, "/etc/docmill/secrets/storage");
    let order = container.env.as_ref().unwrap()[0].value.clone().unwrap();
    assert!(order.contains("a$$(HOME)$$$$-"), "Kubernetes must not replace anything in it: {order}");
    match decode_order(&pod) {
        Some(WorkOrder::Ingest(order)) => {
            assert_eq!(order.spec, source.spec);
            assert_eq!((order.cluster.as_str(), order.uid.as_str()), ("cluster-1", "uid-1"));
        }
        other => panic!("no order of an ingest: {other:?}"),
    }
}

#[test]
fn an_order_that_no_process_could_be_started_with_is_refused() {
    let mut source = source();
    source.spec.raw.suffixes = vec!["x".repeat(200_000)];
    assert_eq!(encode_order(&work_order(&source)).unwrap_err().reason, "SpecTooLarge");
}

#[test]
fn the_pod_is_restricted_and_has_no_token() {
    let pod = pod(made(&source(), &start(0, None)));
    assert_eq!(pod.automount_service_account_token, Some(false));
    assert_eq!(pod.enable_service_links, Some(false));
    let security = pod.security_context.as_ref().unwrap();
    assert_eq!((security.run_as_non_root, security.run_as_user), (Some(true), Some(65532)));
    let container = pod.containers[0].security_context.as_ref().unwrap();
    assert_eq!(container.allow_privilege_escalation, Some(false));
    assert_eq!(container.read_only_root_filesystem, Some(true));
    assert_eq!(container.capabilities.as_ref().unwrap().drop, Some(vec!["ALL".into()]));
}

#[test]
fn the_users_template_is_kept_and_docmills_labels_win() {
    let mut source = source();
    let template = &mut source.spec.workers.pod_template;
    template.metadata.labels =
        BTreeMap::from([("team".into(), "news".into()), ("docmill.io/source".into(), "x".into())]);
    template.spec.service_account_name = Some("reader".into());
    template.spec.node_selector = BTreeMap::from([("disk".into(), "ssd".into())]);
    let template = made(&source, &start(0, None)).spec.unwrap().template;
    let labels = template.metadata.unwrap().labels.unwrap();
    assert_eq!((labels["team"].as_str(), labels["docmill.io/source"].as_str()), ("news", "wire"));
    let pod = template.spec.unwrap();
    assert_eq!(pod.service_account_name.as_deref(), Some("reader"));
    assert_eq!(pod.node_selector.unwrap()["disk"], "ssd");
}

#[test]
fn a_worker_can_be_seen_and_logs_as_the_operator_does() {
    let pod = pod(made(&source(), &start(0, None)));
    let container = &pod.containers[0];
    let port = &container.ports.as_ref().unwrap()[0];
    assert_eq!((port.name.as_deref(), port.container_port), (Some("metrics"), 8080));
    let variables = container.env.as_ref().unwrap();
    let format = variables.iter().find(|variable| variable.name == "DOCMILL_LOG_FORMAT").unwrap();
    assert_eq!(format.value.as_deref(), Some("text"));
}
