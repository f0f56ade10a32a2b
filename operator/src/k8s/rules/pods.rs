//! What a `podTemplate` may set on worker pods. Pure.
//!
//! A template has few fields on purpose: no containers, volumes, environment or security contexts. The
//! remaining ones can still grant their author more rights: labels select and authorize, annotations inject,
//! a service account carries a role, and a priority class evicts the pods of others.

use std::collections::BTreeMap;

use docmill_crds::api::ingest_source::{PodSettings, PodTemplate};
use k8s_openapi::api::core::v1::Toleration;

use super::pattern::Patterns;
use crate::args::RuleArgs;
use crate::not_ready::NotReady;

/// Domains whose keys inject, select or authorize. Such a key is accepted only if the administrator names it
/// in full; a pattern does not cover it.
const RESERVED: [&str; 33] = [
    "admissioncontroller.io",
    "aliyun.com",
    "amazonaws.com",
    "azure.com",
    "azure.workload.identity",
    "bank-vaults.io",
    "banzaicloud.com",
    "cilium.io",
    "cncf.io",
    "dapr.io",
    "datadoghq.com",
    "dynatrace.com",
    "external-secrets.io",
    "gke.io",
    "google.com",
    "hashicorp.com",
    "istio.io",
    "k8s.io",
    "karpenter.sh",
    "keda.sh",
    "knative.dev",
    "kuma.io",
    "kubernetes.io",
    "kyverno.io",
    "linkerd.io",
    "newrelic.com",
    "openkruise.io",
    "openshift.io",
    "opentelemetry.io",
    "projectcalico.org",
    "spiffe.io",
    "tailscale.com",
    "x-k8s.io",
];
/// The domain of the labels by which the operator recognizes its own objects.
const OWN: &str = "docmill.io";
/// The domain of the taints that keep pods off the nodes of the control plane.
const NODE_ROLES: &str = "node-role.kubernetes.io";
/// The prefix that Kubernetes reserves for its own classes.
const SYSTEM_CLASS: &str = "system-";

/// What a `podTemplate` may set on worker pods.
#[derive(Clone, Debug)]
pub struct PodRules {
    labels: Patterns,
    annotations: Patterns,
    service_accounts: Patterns,
    priority_classes: Patterns,
    tolerations: Patterns,
}

impl PodRules {
    /// Reads the rules from the command line.
    pub fn new(args: &RuleArgs) -> Self {
        Self {
            labels: Patterns::new(&args.pod_labels),
            annotations: Patterns::new(&args.pod_annotations),
            service_accounts: Patterns::new(&args.pod_service_accounts),
            priority_classes: Patterns::new(&args.pod_priority_classes),
            tolerations: Patterns::new(&args.pod_tolerations),
        }
    }

    /// Checks that the template, the field `path` of its resource, is allowed. Reports all faults at once.
    pub fn check(&self, path: &str, template: &PodTemplate) -> Result<(), NotReady> {
        let PodTemplate { metadata, spec } = template;
        let mut faults: Vec<String> = keys("labels", &metadata.labels, &self.labels)
            .chain(keys("annotations", &metadata.annotations, &self.annotations))
            .collect();
        faults.extend(self.service_account(spec));
        faults.extend(self.priority_class(spec));
        faults.extend(spec.tolerations.iter().filter_map(|toleration| self.toleration(toleration)));
        if faults.is_empty() {
            return Ok(());
        }
        let faults = faults.join("; ");
        let text = format!(
            "{path}: {faults}; remove it, or ask the administrator to allow it with podTemplate of the chart"
        );
        Err(NotReady::user("PodTemplateRefused", text))
    }

    /// The namespace's `default` is always allowed: pods that name no service account have it anyway.
    fn service_account(&self, spec: &PodSettings) -> Option<String> {
        let name = spec.service_account_name.as_deref().filter(|name| *name != "default")?;
        let text = format!("spec.serviceAccountName {name:?} is not one that the administrator allows");
        (!self.service_accounts.matches(name)).then_some(text)
    }

    fn priority_class(&self, spec: &PodSettings) -> Option<String> {
        let name = spec.priority_class_name.as_deref().filter(|name| !name.is_empty())?;
        let classes = &self.priority_classes;
        let allowed =
            if name.starts_with(SYSTEM_CLASS) { classes.names(name) } else { classes.matches(name) };
        let text = format!("spec.priorityClassName {name:?} is not one that the administrator allows");
        (!allowed).then_some(text)
    }

    fn toleration(&self, toleration: &Toleration) -> Option<String> {
        let Some(key) = toleration.key.as_deref().filter(|key| !key.is_empty()) else {
            return Some("spec.tolerations: a toleration without a key tolerates every taint".to_owned());
        };
        let taints = &self.tolerations;
        let allowed = if domain_is(key, &[NODE_ROLES]) { taints.names(key) } else { taints.matches(key) };
        let text = format!("spec.tolerations: the taint {key:?} is not one that the administrator allows");
        (!allowed).then_some(text)
    }
}

/// Checks labels or annotations.
fn keys<'a>(
    what: &'a str,
    given: &'a BTreeMap<String, String>,
    allowed: &'a Patterns,
) -> impl Iterator<Item = String> + 'a {
    given.keys().filter_map(move |key| {
        let why = if domain_is(key, &[OWN]) {
            "is Docmill's own"
        } else if domain_is(key, &RESERVED) && !allowed.names(key) {
            "is reserved, because such keys inject, select or authorize"
        } else if !allowed.matches(key) {
            "is not one that the administrator allows"
        } else {
            return None;
        };
        Some(format!("metadata.{what} {key:?} {why}"))
    })
}

/// Whether the domain of a key is one of these, or a subdomain of one.
fn domain_is(key: &str, domains: &[&str]) -> bool {
    let Some((domain, _)) = key.split_once('/') else { return false };
    let domain = domain.to_ascii_lowercase();
    domains
        .iter()
        .any(|of| domain.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
