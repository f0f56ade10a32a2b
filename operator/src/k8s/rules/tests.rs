mod templates;

use clap::Parser as _;
use docmill_crds::api::pod_template::PodTemplate;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::Rules;
use crate::args::Args;

fn rules(flags: &[&str]) -> Rules {
    let args = [&["operator", "--worker-image", "w"], flags].concat();
    Rules::new(&Args::try_parse_from(args).unwrap().rules)
}

fn secret(labels: &Value, kind: &str) -> Secret {
    let metadata = json!({"name": "s3", "namespace": "news", "labels": labels});
    serde_json::from_value(json!({"metadata": metadata, "type": kind})).unwrap()
}

#[test]
fn a_secret_has_to_be_marked_or_of_docmills_type() {
    let rules = rules(&[]);
    assert_eq!(rules.check_secret(&secret(&json!({"docmill.io/use": "true"}), "Opaque")), Ok(()));
    assert_eq!(rules.check_secret(&secret(&json!({}), "docmill.io/credentials")), Ok(()));
    for labels in [json!({}), json!({"docmill.io/use": "false"}), json!({"use": "true"})] {
        let fault = rules.check_secret(&secret(&labels, "Opaque")).unwrap_err();
        assert_eq!(fault.reason, "SecretNotAllowed");
        let command = "kubectl label secret s3 --namespace news docmill.io/use=true";
        assert!(fault.message.contains(command), "{}", fault.message);
    }
}

#[test]
fn some_types_are_never_taken_whatever_is_switched() {
    let marked = json!({"docmill.io/use": "true"});
    for rules in [rules(&[]), rules(&["--marked-secrets-only=false"])] {
        for kind in super::NEVER {
            let fault = rules.check_secret(&secret(&marked, kind)).unwrap_err();
            assert!(fault.reason == "SecretNotAllowed" && fault.message.contains(kind), "{fault:?}");
        }
    }
    let open = rules(&["--marked-secrets-only=false"]);
    assert_eq!(open.check_secret(&secret(&json!({}), "Opaque")), Ok(()));
}

#[test]
fn images_are_pulled_with_marked_secrets_of_registries_only() {
    let marked = json!({"docmill.io/use": "true"});
    for kind in ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"] {
        assert_eq!(rules(&[]).check_pull_secret(&secret(&marked, kind)), Ok(()));
        let fault = rules(&[]).check_pull_secret(&secret(&json!({}), kind)).unwrap_err();
        assert_eq!(fault.reason, "SecretNotAllowed");
        let command = "kubectl label secret s3 --namespace news docmill.io/use=true";
        assert!(fault.message.contains(command), "{}", fault.message);
        let open = rules(&["--marked-secrets-only=false"]);
        assert_eq!(open.check_pull_secret(&secret(&json!({}), kind)), Ok(()));
    }
    for kind in ["Opaque", "docmill.io/credentials", "kubernetes.io/service-account-token"] {
        let fault = rules(&[]).check_pull_secret(&secret(&marked, kind)).unwrap_err();
        assert!(fault.message.contains("dockerconfigjson"), "{}", fault.message);
    }
}

#[test]
fn the_operators_own_identity_is_for_the_namespaces_that_are_named() {
    let fault = rules(&[]).check_own_identity("news", "spec.storage.credentialsSecretRef").unwrap_err();
    assert_eq!(fault.reason, "OperatorIdentityNotAllowed");
    assert!(fault.message.contains("operatorIdentity.namespaces") && fault.message.contains("\"news\""));
    let some = rules(&["--own-identity-namespaces", "news,wire-*"]);
    assert_eq!(some.check_own_identity("news", "f"), Ok(()));
    assert_eq!(some.check_own_identity("wire-eu", "f"), Ok(()));
    assert!(some.check_own_identity("newsroom", "f").is_err());
}

fn refused(rules: &Rules, template: &Value) -> Option<String> {
    let template: PodTemplate = serde_json::from_value(template.clone()).unwrap();
    let fault = rules.pods.check("spec.workers.podTemplate", &template).err()?;
    assert_eq!(fault.reason, "PodTemplateRefused");
    Some(fault.message)
}

#[test]
fn what_most_people_need_is_allowed() {
    let template = json!({
        "metadata": {
            "labels": {
                "team": "news",
                "cost-center": "4711",
                "kueue.x-k8s.io/queue-name": "news",
                "kueue.x-k8s.io/priority-class": "low",
            },
            "annotations": {"note": "a", "prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
        },
        "spec": {
            "serviceAccountName": "docmill-worker",
            "nodeSelector": {"pool": "batch"},
            "tolerations": [{"key": "batch", "operator": "Exists"}, {"key": "example.com/spot", "value": "yes"}],
            "resources": {"limits": {"memory": "1Gi"}},
        },
    });
    assert_eq!(refused(&rules(&[]), &template), None);
    assert_eq!(refused(&rules(&[]), &json!({"spec": {"serviceAccountName": "default"}})), None);
}

#[test]
fn keys_that_inject_select_or_authorize_are_refused_by_name() {
    for (kind, key) in [
        ("annotations", "sidecar.istio.io/inject"),
        ("annotations", "linkerd.io/inject"),
        ("annotations", "vault.hashicorp.com/agent-inject"),
        ("annotations", "iam.amazonaws.com/role"),
        ("annotations", "container.apparmor.security.beta.kubernetes.io/job-runner"),
        ("annotations", "ad.datadoghq.com/job-runner.checks"),
        ("annotations", "k8s.v1.cni.cncf.io/networks"),
        ("annotations", "example.com/anything"),
        ("annotations", "docmill.io/source"),
        ("labels", "azure.workload.identity/use"),
        ("labels", "app"),
        ("labels", "app.kubernetes.io/name"),
        ("labels", "kueue.x-k8s.io/managed"),
        ("labels", "docmill.io/source"),
        ("labels", "Docmill.io/source"),
    ] {
        let message = refused(&rules(&[]), &json!({"metadata": {kind: {key: "x"}}}));
        assert!(message.as_ref().is_some_and(|message| message.contains(key)), "{kind} {key}: {message:?}");
    }
}

#[test]
fn a_pattern_covers_no_reserved_key_and_its_full_name_does() {
    let broad = rules(&["--pod-annotations", "*,*/*", "--pod-labels", "*,*/*"]);
    let with = |kind: &str, key: &str| json!({"metadata": {kind: {key: "x"}}});
    assert_eq!(refused(&broad, &with("annotations", "example.com/anything")), None);
    assert_eq!(refused(&broad, &with("labels", "app")), None);
    assert!(refused(&broad, &with("annotations", "sidecar.istio.io/inject")).is_some());
    assert!(refused(&broad, &with("labels", "docmill.io/source")).is_some());
    let named = rules(&["--pod-annotations", "sidecar.istio.io/inject", "--pod-labels", "docmill.io/source"]);
    assert_eq!(refused(&named, &with("annotations", "sidecar.istio.io/inject")), None);
    assert!(refused(&named, &with("labels", "docmill.io/source")).is_some(), "never");
}

#[test]
fn accounts_classes_and_taints_that_are_not_allowed_are_told_together() {
    let spec = json!({
        "serviceAccountName": "admin",
        "priorityClassName": "high",
        "tolerations": [{"operator": "Exists"}, {"key": "node-role.kubernetes.io/control-plane"}],
    });
    let message = refused(&rules(&[]), &json!({"spec": spec})).unwrap();
    for part in ["\"admin\"", "\"high\"", "every taint", "control-plane"] {
        assert!(message.contains(part), "{message}");
    }
    let critical = json!({"spec": {"priorityClassName": "system-node-critical"}});
    assert!(refused(&rules(&["--pod-priority-classes", "*"]), &critical).is_some());
    let high = json!({"spec": {"priorityClassName": "high"}});
    assert_eq!(refused(&rules(&["--pod-priority-classes", "high"]), &high), None);
}
