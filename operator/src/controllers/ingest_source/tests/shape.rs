//! The shape of a worker's Job.

use std::collections::BTreeMap;

use docmill_crds::api::pod_template::PodTemplate;
use docmill_crds::contract::WorkOrder;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PodSpec;
use serde_json::json;

use super::{active, source};
use crate::controllers::ingest_source::job::{self, job};
use crate::controllers::ingest_source::plan::Start;
use crate::controllers::ingest_source::worker::{Worker, slot_of};
use crate::workers::order::ingest_order;
use crate::workers::worker_pod::{WorkerImage, decode_order, encode_order};

fn start(slot: i32, predecessor: Option<&str>) -> Start {
    Start { slot, predecessor: predecessor.map(str::to_owned) }
}

fn image(user: Option<i64>) -> WorkerImage {
    WorkerImage {
        image: "docmill:1".into(),
        pull_policy: "IfNotPresent".into(),
        env: vec![("DOCMILL_LOG_FORMAT".into(), "text".into())],
        user,
    }
}

fn made(source: &docmill_crds::IngestSource, start: &Start) -> Job {
    made_with(source, start, &image(Some(65532)))
}

fn made_with(source: &docmill_crds::IngestSource, start: &Start, image: &WorkerImage) -> Job {
    job(source, start, encode_order(&work_order(source)).unwrap(), image)
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
fn a_worker_that_is_stuck_is_outdated_when_its_pod_would_be_another_one() {
    let annotations = made(&source(), &start(1, None)).metadata.annotations.unwrap();
    let worker = Worker { stuck_with: Some(annotations["docmill.io/pod-digest"].clone()), ..active(1) };
    let is_outdated = |worker: &Worker, source: &docmill_crds::IngestSource, tag: &str| {
        let image = WorkerImage { image: tag.into(), ..image(Some(65532)) };
        job::is_outdated(worker, source, &image)
    };
    assert!(!is_outdated(&worker, &source(), "docmill:1"));
    assert!(is_outdated(&worker, &source(), "docmill:2"));
    let mut corrected = source();
    corrected.spec.workers.pod_template.spec.node_selector.insert("disk".into(), "ssd".into());
    assert!(is_outdated(&worker, &corrected, "docmill:1"));
    assert!(!is_outdated(&active(1), &corrected, "docmill:1"), "it is not stuck");
    let mut other_order = source();
    other_order.spec.workers.idle_seconds += 1;
    assert!(
        !is_outdated(&worker, &other_order, "docmill:1"),
        "what it has to do does not keep it from starting"
    );
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
fn the_cluster_chooses_the_user_where_it_has_to() {
    let pod = pod(made_with(&source(), &start(0, None), &image(None)));
    let security = pod.security_context.unwrap();
    assert_eq!((security.run_as_user, security.run_as_group, security.fs_group), (None, None, None));
    assert_eq!(security.run_as_non_root, Some(true));
    assert_eq!(security.seccomp_profile.unwrap().type_, "RuntimeDefault");
}

/// A template with everything in it.
fn template() -> PodTemplate {
    let template = json!({"spec": {
        "volumes": [
            {"name": "ca", "configMap": {"name": "ca", "items": [{"key": "ca.crt", "path": "ca"}]}},
            {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 256}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "archive", "persistentVolumeClaim": {"claimName": "archive", "readOnly": true}},
            {"name": "driver", "csi": {"driver": "d", "readOnly": true, "volumeAttributes": {"a": "b"},
                                       "nodePublishSecretRef": {"name": "driver"}}},
            {"name": "all", "projected": {"sources": [
                {"configMap": {"name": "ca"}}, {"secret": {"name": "keys"}},
                {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
        ],
        "affinity": {"podAntiAffinity": {}},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "imagePullSecrets": [{"name": "registry"}],
        "runtimeClassName": "gvisor",
        "schedulerName": "volcano",
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["10.0.0.1"]},
        "hostAliases": [{"ip": "10.0.0.2", "hostnames": ["es"]}],
        "securityContext": {
            "runAsUser": 1000,
            "fsGroupChangePolicy": "OnRootMismatch",
            "supplementalGroups": [7],
            "seLinuxOptions": {"type": "container_t", "level": "s0"},
            "seccompProfile": {"type": "Localhost", "localhostProfile": "docmill.json"},
        },
        "env": [
            {"name": "A", "value": "a"},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "b"}}},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "c"}}},
        ],
        "volumeMounts": [{"name": "ca", "mountPath": "/mnt/ca", "subPath": "ca", "readOnly": true}],
    }});
    serde_json::from_value(template).unwrap()
}

#[test]
fn what_the_template_asks_for_is_in_the_pod_beside_what_docmill_needs() {
    let mut source = source();
    source.spec.workers.pod_template = template();
    let pod = serde_json::to_value(pod(made(&source, &start(0, None)))).unwrap();
    for (place, expected) in [
        ("/affinity", json!({"podAntiAffinity": {}})),
        ("/topologySpreadConstraints/0/topologyKey", json!("zone")),
        ("/imagePullSecrets", json!([{"name": "registry"}])),
        ("/runtimeClassName", json!("gvisor")),
        ("/schedulerName", json!("volcano")),
        ("/dnsPolicy", json!("None")),
        ("/dnsConfig/nameservers/0", json!("10.0.0.1")),
        ("/hostAliases/0/hostnames/0", json!("es")),
        ("/terminationGracePeriodSeconds", json!(60)),
        ("/automountServiceAccountToken", json!(false)),
        (
            "/securityContext",
            json!({
                "runAsUser": 1000,
                "runAsGroup": 65532,
                "fsGroup": 65532,
                "fsGroupChangePolicy": "OnRootMismatch",
                "runAsNonRoot": true,
                "supplementalGroups": [7],
                "seLinuxOptions": {"type": "container_t", "level": "s0"},
                "seccompProfile": {"type": "Localhost", "localhostProfile": "docmill.json"},
            }),
        ),
        ("/volumes/0/secret/secretName", json!("s3")),
        (
            "/volumes/1",
            json!({"name": "ca", "configMap": {"name": "ca", "items": [{"key": "ca.crt", "path": "ca"}]}}),
        ),
        ("/volumes/2", json!({"name": "keys", "secret": {"secretName": "keys", "defaultMode": 256}})),
        ("/volumes/3", json!({"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}})),
        (
            "/volumes/4",
            json!({"name": "archive", "persistentVolumeClaim": {"claimName": "archive", "readOnly": true}}),
        ),
        (
            "/volumes/5/csi",
            json!({"driver": "d", "readOnly": true, "volumeAttributes": {"a": "b"},
                   "nodePublishSecretRef": {"name": "driver"}}),
        ),
        ("/volumes/6/projected/sources/1", json!({"secret": {"name": "keys"}})),
        ("/containers/0/volumeMounts/0/mountPath", json!("/etc/docmill/secrets/storage")),
        (
            "/containers/0/volumeMounts/1",
            json!({"name": "ca", "mountPath": "/mnt/ca", "subPath": "ca", "readOnly": true}),
        ),
    ] {
        assert_eq!(pod.pointer(place), Some(&expected), "{place}");
    }
    let variables = pod["containers"][0]["env"].as_array().unwrap();
    assert_eq!(variables[0]["name"], "DOCMILL_WORK_ORDER");
    let given = json!([
        {"name": "A", "value": "a"},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "b"}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "c"}}},
    ]);
    assert_eq!(&variables[variables.len() - 3..], given.as_array().unwrap().as_slice());
}

#[test]
fn a_job_for_a_queue_has_its_labels_and_waits_to_be_admitted() {
    let with = |labels: &[(&str, &str)]| {
        let mut source = source();
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        source.spec.workers.pod_template.metadata.labels = labels.collect();
        let job = made(&source, &start(0, None));
        let labels = job.metadata.labels.unwrap();
        let of = |key: &str| labels.get(&format!("kueue.x-k8s.io/{key}")).cloned();
        (of("queue-name"), of("priority-class"), job.spec.unwrap().suspend)
    };
    let (queue, class) = (("kueue.x-k8s.io/queue-name", "news"), ("kueue.x-k8s.io/priority-class", "low"));
    assert_eq!(with(&[queue, class]), (Some("news".into()), Some("low".into()), Some(true)));
    assert_eq!(with(&[queue]), (Some("news".into()), None, Some(true)));
    assert_eq!(with(&[class, ("team", "a")]), (None, None, None), "nobody would ever resume it");
    assert_eq!(with(&[("kueue.x-k8s.io/queue-name", "")]), (None, None, None));
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

#[test]
fn a_variable_of_the_template_replaces_what_the_operator_passes_on() {
    let mut source = source();
    let template = json!({"spec": {"env": [{"name": "OTEL_TRACES_SAMPLER", "value": "always_off"}]}});
    source.spec.workers.pod_template = serde_json::from_value(template).unwrap();
    let mut image = image(None);
    image.env.push(("OTEL_TRACES_SAMPLER".into(), "always_on".into()));
    let pod = pod(made_with(&source, &start(0, None), &image));
    let variables = pod.containers[0].env.as_ref().unwrap();
    let values = variables.iter().filter(|variable| variable.name == "OTEL_TRACES_SAMPLER");
    let values: Vec<_> = values.map(|variable| variable.value.as_deref()).collect();
    assert_eq!(values, [Some("always_off")], "a name is there once");
}
