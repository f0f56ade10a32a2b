//! What a `podTemplate` may set beyond labels, annotations and names of accounts and classes.

use docmill_crds::api::pod_template::PodTemplate;
use serde_json::{Value, json};

use super::{refused, rules};
use crate::k8s::rules::pods::secrets::{PodSecret, SecretPurpose, SecretUse, pod_secrets};

/// What is refused of these settings, by an operator with these flags.
fn refused_settings(flags: &[&str], spec: &Value) -> Option<String> {
    refused(&rules(flags), &json!({"spec": spec}))
}

fn is_readable(spec: &Value) -> bool {
    serde_json::from_value::<PodTemplate>(json!({"spec": spec})).is_ok()
}

#[test]
fn what_grants_nothing_is_allowed() {
    let near = json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": "b"}}});
    let spec = json!({
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]}},
            "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": near}]},
        },
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "imagePullSecrets": [{"name": "registry"}],
        "schedulerName": "default-scheduler",
        "dnsPolicy": "Default",
        "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
        "env": [
            {"name": "SSL_CERT_FILE", "value": "/mnt/ca/ca.crt"},
            {"name": "RUST_BACKTRACE", "valueFrom": {"configMapKeyRef": {"name": "debug", "key": "trace"}}},
        ],
        "volumes": [
            {"name": "ca", "configMap": {"name": "ca"}},
            {"name": "token", "secret": {"secretName": "token"}},
            {"name": "scratch", "emptyDir": {}},
            {"name": "all", "projected": {"sources": [
                {"configMap": {"name": "ca"}},
                {"secret": {"name": "token"}},
                {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            ]}},
        ],
        "volumeMounts": [
            {"name": "ca", "mountPath": "/mnt/ca"},
            {"name": "token", "mountPath": "/srv/token/"},
            {"name": "scratch", "mountPath": "/data"},
            {"name": "all", "mountPath": "/data/..all"},
        ],
    });
    assert_eq!(refused_settings(&[], &spec), None);
}

#[test]
fn what_is_not_offered_cannot_even_be_read() {
    for spec in [
        json!({"terminationGracePeriodSeconds": 5}),
        json!({"hostNetwork": true}),
        json!({"nodeName": "control-plane"}),
        json!({"envFrom": [{"secretRef": {"name": "s"}}]}),
        json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]}),
        json!({"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}),
        json!({"volumes": [{"name": "a", "nfs": {"server": "s", "path": "/"}}]}),
        json!({"volumes": [{"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}),
        json!({"volumes": [{"name": "a", "secret": {"secretName": "s", "optional": true}}]}),
        json!({"volumeMounts": [{"name": "a", "mountPath": "/mnt", "mountPropagation": "Bidirectional"}]}),
        json!({"securityContext": {"runAsNonRoot": false}}),
        json!({"securityContext": {"sysctls": []}}),
        json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
        json!({"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}),
        json!({"securityContext": {"seLinuxOptions": {"user": "system_u"}}}),
    ] {
        assert!(!is_readable(&spec), "{spec}");
    }
}

#[test]
fn variables_are_allowed_by_name() {
    let env = |name: &str| json!({"env": [{"name": name, "value": "x"}]});
    for name in ["HTTPS_PROXY", "https_proxy", "AWS_ENDPOINT_URL_STS", "OTEL_EXPORTER_OTLP_HEADERS", "TEAM"] {
        let message = refused_settings(&[], &env(name)).unwrap_or_default();
        assert!(message.contains(name) && message.contains("ask the administrator"), "{name}: {message}");
        assert_eq!(refused_settings(&["--pod-env", name], &env(name)), None, "{name}");
        assert_eq!(refused_settings(&["--pod-env", "*"], &env(name)), None, "{name}");
    }
    assert!(refused_settings(&["--pod-env", "AWS_*"], &env("TEAM")).is_some());
    assert!(refused_settings(&["--pod-env", ""], &env("SSL_CERT_FILE")).is_some());
}

#[test]
fn variables_of_docmill_and_of_the_loader_are_never_allowed() {
    for name in [
        "DOCMILL_WORK_ORDER",
        "DOCMILL_SECRETS_DIR",
        "DOCMILL_ANYTHING",
        "JOB_COMPLETION_INDEX",
        "KUBERNETES_SERVICE_HOST",
        "RUST_LOG",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "MALLOC_ARENA_MAX",
        "GLIBC_TUNABLES",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PATH",
    ] {
        let names = format!("*,{name}");
        let spec = json!({"env": [{"name": name}]});
        let message = refused_settings(&["--pod-env", &names], &spec).unwrap_or_default();
        assert!(message.contains(name) && message.contains("no administrator can"), "{name}: {message}");
    }
}

#[test]
fn kinds_of_volumes_are_allowed_by_name() {
    for (kind, source) in [
        ("persistentVolumeClaim", json!({"claimName": "archive"})),
        ("csi", json!({"driver": "secrets-store.csi.k8s.io"})),
    ] {
        let spec = json!({"volumes": [{"name": "a", kind: source}]});
        let message = refused_settings(&[], &spec).unwrap_or_default();
        assert!(message.contains(kind) && message.contains("ask the administrator"), "{message}");
        assert_eq!(refused_settings(&["--pod-volumes", kind], &spec), None);
    }
    let scratch = json!({"volumes": [{"name": "a", "emptyDir": {}}]});
    assert!(refused_settings(&["--pod-volumes", ""], &scratch).is_some());
}

#[test]
fn names_of_docmills_own_volumes_are_taken() {
    for name in ["storage", "index", "ledger", "from", "to", "enricher-0", "enriched-12"] {
        let spec = json!({"volumes": [{"name": name, "emptyDir": {}}]});
        let message = refused_settings(&["--pod-volumes", "*"], &spec).unwrap_or_default();
        assert!(message.contains(name) && message.contains("no administrator can"), "{name}: {message}");
    }
    let free = json!({"volumes": [{"name": "enriched-texts", "emptyDir": {}}]});
    assert_eq!(refused_settings(&["--pod-volumes", "*"], &free), None);
}

#[test]
fn nothing_is_mounted_where_programs_or_settings_are_read() {
    for path in [
        "/",
        "/etc",
        "/etc/docmill/secrets/storage",
        "/etc/ld.so.preload",
        "/usr/local/bin",
        "/lib",
        "/tmp",
        "/tmp/.aws",
        "/var/run/secrets",
        "/dev/termination-log",
        "/mnt2",
        "/mnt/../usr/bin",
        "/mnt/./a",
        "/mnt//a",
        "//mnt",
        "/data/..",
        "mnt/a",
    ] {
        let spec = json!({
            "volumes": [{"name": "a", "emptyDir": {}}],
            "volumeMounts": [{"name": "a", "mountPath": path}],
        });
        let message = refused_settings(&[], &spec).unwrap_or_default();
        assert!(message.contains("spec.volumeMounts") && message.contains("/mnt"), "{path}: {message}");
    }
}

#[test]
fn runtime_classes_and_schedulers_are_allowed_by_name() {
    for (field, flag) in
        [("runtimeClassName", "--pod-runtime-classes"), ("schedulerName", "--pod-schedulers")]
    {
        let spec = json!({field: "special"});
        let message = refused_settings(&[], &spec).unwrap_or_default();
        assert!(message.contains(field) && message.contains("\"special\""), "{message}");
        assert_eq!(refused_settings(&[flag, "special"], &spec), None);
        assert!(refused_settings(&[flag, "other"], &spec).is_some());
    }
}

#[test]
fn some_fields_are_allowed_as_a_whole() {
    for (field, value) in [
        ("securityContext", json!({"runAsUser": 1000})),
        ("hostAliases", json!([{"ip": "10.0.0.1", "hostnames": ["es"]}])),
        ("dnsConfig", json!({"nameservers": ["10.0.0.1"]})),
        ("dnsConfig", json!({"searches": ["example.com"]})),
    ] {
        let spec = json!({field: value});
        let message = refused_settings(&[], &spec).unwrap_or_default();
        assert!(message.contains(&format!("spec.{field}")), "{message}");
        assert_eq!(refused_settings(&["--pod-fields", field], &spec), None);
        assert_eq!(refused_settings(&["--pod-fields", "securityContext,hostAliases,dnsConfig"], &spec), None);
    }
}

#[test]
fn affinity_concerns_pods_of_the_own_namespace() {
    for wide in [json!({"namespaces": ["other"]}), json!({"namespaceSelector": {}})] {
        for field in ["podAffinity", "podAntiAffinity"] {
            let mut term = json!({"topologyKey": "zone", "labelSelector": {}});
            term.as_object_mut().unwrap().extend(wide.as_object().unwrap().clone());
            let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
            let preferred = json!({"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": term}]});
            for terms in [required, preferred] {
                let message = refused_settings(&[], &json!({"affinity": {field: terms}}));
                assert!(message.is_some_and(|message| message.contains("spec.affinity")), "{field} {wide}");
            }
        }
    }
}

#[test]
fn what_can_be_allowed_is_told_apart_from_what_cannot() {
    let spec = json!({"env": [{"name": "TEAM"}, {"name": "PATH"}], "schedulerName": "special"});
    let message = refused_settings(&[], &spec).unwrap();
    let (allowable, never) = message.split_once("ask the administrator").unwrap();
    assert!(allowable.contains("\"special\"") && allowable.contains("\"TEAM\""), "{message}");
    assert!(never.contains("\"PATH\"") && never.ends_with("no administrator can allow it"), "{message}");
}

#[test]
fn every_secret_is_found_once_with_all_its_places() {
    let template: PodTemplate = serde_json::from_value(json!({"spec": {
        "imagePullSecrets": [{"name": "registry"}],
        "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "b"}}},
            {"name": "C", "value": "c"},
        ],
        "volumes": [
            {"name": "whole", "secret": {"secretName": "keys"}},
            {"name": "part", "secret": {"secretName": "part", "items": [{"key": "ca.crt", "path": "ca"}]}},
            {"name": "driver", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "driver"}}},
            {"name": "all", "projected": {"sources": [
                {"configMap": {"name": "settings"}},
                {"secret": {"name": "part", "items": [{"key": "tls.key", "path": "key"}]}}]}},
        ],
    }}))
    .unwrap();
    let secret = |name, uses| PodSecret { name, uses };
    let values = |field: &str, keys| SecretUse { field: field.into(), purpose: SecretPurpose::Values(keys) };
    let pull = SecretUse { field: "spec.imagePullSecrets".into(), purpose: SecretPurpose::Pull };
    assert_eq!(
        pod_secrets(&template.spec),
        [
            secret("driver", vec![values("spec.volumes \"driver\"", vec![])]),
            secret(
                "keys",
                vec![values("spec.env \"A\"", vec!["a"]), values("spec.volumes \"whole\"", vec![])]
            ),
            secret(
                "part",
                vec![
                    values("spec.volumes \"part\"", vec!["ca.crt"]),
                    values("spec.volumes \"all\"", vec!["tls.key"])
                ]
            ),
            secret("registry", vec![pull]),
        ]
    );
}
