//! What a `podTemplate` may set on worker pods. Pure.
//!
//! A template has no fields for containers, images, commands, node names and volumes of the node. The fields that
//! it has can still grant their author more rights: labels select and authorize, annotations inject, a service
//! account carries a role, a priority class evicts the pods of others, a Secret has values that its author may
//! not read, and a variable or a mounted file can decide which code runs and where names lead.

mod env;
pub mod secrets;
mod volumes;

use std::collections::BTreeMap;

use docmill_crds::api::pod_template::{PodSettings, PodTemplate};
use k8s_openapi::api::core::v1::{Affinity, PodAffinityTerm, Toleration};

use super::pattern::Patterns;
use crate::args::RuleArgs;
use crate::outcome::not_ready::NotReady;

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
/// The service account and the scheduler of pods that name none.
const DEFAULT_ACCOUNT: &str = "default";
const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// What a `podTemplate` may set on worker pods.
#[derive(Clone, Debug)]
pub struct PodRules {
    labels: Patterns,
    annotations: Patterns,
    service_accounts: Patterns,
    priority_classes: Patterns,
    tolerations: Patterns,
    env: Patterns,
    volumes: Patterns,
    runtime_classes: Patterns,
    schedulers: Patterns,
    fields: Patterns,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// It has something that the administrator does not allow.
    NotAllowed(String),
    /// It has something that nobody can allow.
    Never(String),
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
            env: Patterns::new(&args.pod_env),
            volumes: Patterns::new(&args.pod_volumes),
            runtime_classes: Patterns::new(&args.pod_runtime_classes),
            schedulers: Patterns::new(&args.pod_schedulers),
            fields: Patterns::new(&args.pod_fields),
        }
    }

    /// Checks that the template, the field `path` of its resource, is allowed. Reports all faults at once. The
    /// Secrets that it names are checked by [`check_pod_secrets`](crate::stores::check_pod_secrets).
    pub fn check(&self, path: &str, template: &PodTemplate) -> Result<(), NotReady> {
        let PodTemplate { metadata, spec } = template;
        let mut faults: Vec<Fault> = keys("labels", &metadata.labels, &self.labels)
            .chain(keys("annotations", &metadata.annotations, &self.annotations))
            .collect();
        faults.extend(self.names(spec));
        faults.extend(spec.tolerations.iter().filter_map(|toleration| self.toleration(toleration)));
        faults.extend(spec.affinity.as_deref().and_then(other_namespaces));
        faults.extend(self.fields(spec));
        faults.extend(spec.env.iter().filter_map(|variable| env::check(&variable.name, &self.env)));
        faults.extend(spec.volumes.iter().filter_map(|volume| volumes::check(volume, &self.volumes)));
        faults.extend(spec.volume_mounts.iter().filter_map(volumes::check_mount));
        if faults.is_empty() {
            return Ok(());
        }
        Err(NotReady::user("PodTemplateRefused", format!("{path}: {}", in_words(faults))))
    }

    /// Checks the names of a service account, of classes and of a scheduler.
    fn names(&self, spec: &PodSettings) -> impl Iterator<Item = Fault> {
        let priority_class = |name: &str| {
            let classes = &self.priority_classes;
            if name.starts_with(SYSTEM_CLASS) { classes.names(name) } else { classes.matches(name) }
        };
        // Pods that name no service account or scheduler have the default one anyway.
        let account = |name: &str| name == DEFAULT_ACCOUNT || self.service_accounts.matches(name);
        let scheduler = |name: &str| name == DEFAULT_SCHEDULER || self.schedulers.matches(name);
        [
            named("serviceAccountName", spec.service_account_name.as_deref(), account),
            named("priorityClassName", spec.priority_class_name.as_deref(), priority_class),
            named("runtimeClassName", spec.runtime_class_name.as_deref(), |name| {
                self.runtime_classes.matches(name)
            }),
            named("schedulerName", spec.scheduler_name.as_deref(), scheduler),
        ]
        .into_iter()
        .flatten()
    }

    /// Checks the fields that an administrator allows as a whole.
    fn fields(&self, spec: &PodSettings) -> impl Iterator<Item = Fault> {
        let has_any = |list: Option<&Vec<String>>| list.is_some_and(|list| !list.is_empty());
        let leads_elsewhere = spec
            .dns_config
            .as_ref()
            .is_some_and(|dns| has_any(dns.nameservers.as_ref()) || has_any(dns.searches.as_ref()));
        [
            ("securityContext", spec.security_context.is_some(), ""),
            ("hostAliases", !spec.host_aliases.is_empty(), ""),
            ("dnsConfig", leads_elsewhere, " with nameservers or searches"),
        ]
        .into_iter()
        .filter(move |(field, is_set, _)| *is_set && !self.fields.matches(field))
        .map(|(field, _, with)| {
            Fault::NotAllowed(format!("spec.{field}{with} is a field that the administrator does not allow"))
        })
    }

    fn toleration(&self, toleration: &Toleration) -> Option<Fault> {
        let Some(key) = toleration.key.as_deref().filter(|key| !key.is_empty()) else {
            let text = "spec.tolerations: a toleration without a key tolerates every taint";
            return Some(Fault::Never(text.to_owned()));
        };
        let taints = &self.tolerations;
        let allowed = if domain_is(key, &[NODE_ROLES]) { taints.names(key) } else { taints.matches(key) };
        let text = format!("spec.tolerations: the taint {key:?} is not one that the administrator allows");
        (!allowed).then_some(Fault::NotAllowed(text))
    }
}

/// What is wrong, where, and what to do.
fn in_words(faults: Vec<Fault>) -> String {
    let (mut not_allowed, mut never) = (Vec::new(), Vec::new());
    for fault in faults {
        match fault {
            Fault::NotAllowed(text) => not_allowed.push(text),
            Fault::Never(text) => never.push(text),
        }
    }
    let parts = [
        (not_allowed, "remove it, or ask the administrator to allow it with podTemplate of the chart"),
        (never, "remove it, because no administrator can allow it"),
    ];
    let parts = parts.into_iter().filter(|(texts, _)| !texts.is_empty());
    let parts: Vec<String> = parts.map(|(texts, advice)| format!("{}; {advice}", texts.join("; "))).collect();
    parts.join("; ")
}

/// Checks a name. An empty one is as good as none.
fn named(field: &str, name: Option<&str>, is_allowed: impl Fn(&str) -> bool) -> Option<Fault> {
    let name = name.filter(|name| !name.is_empty())?;
    let text = format!("spec.{field} {name:?} is not one that the administrator allows");
    (!is_allowed(name)).then_some(Fault::NotAllowed(text))
}

/// Terms about pods of other namespaces tell whether there are such pods, and can keep them off a node.
fn other_namespaces(affinity: &Affinity) -> Option<Fault> {
    let (near, far) = (affinity.pod_affinity.as_ref(), affinity.pod_anti_affinity.as_ref());
    let required = [
        near.and_then(|near| near.required_during_scheduling_ignored_during_execution.as_ref()),
        far.and_then(|far| far.required_during_scheduling_ignored_during_execution.as_ref()),
    ];
    let preferred = [
        near.and_then(|near| near.preferred_during_scheduling_ignored_during_execution.as_ref()),
        far.and_then(|far| far.preferred_during_scheduling_ignored_during_execution.as_ref()),
    ];
    let preferred = preferred.into_iter().flatten().flatten().map(|term| &term.pod_affinity_term);
    let mut terms = required.into_iter().flatten().flatten().chain(preferred);
    let is_wide = |term: &PodAffinityTerm| {
        term.namespace_selector.is_some() || term.namespaces.as_ref().is_some_and(|list| !list.is_empty())
    };
    let text =
        "spec.affinity has namespaces or namespaceSelector, and thus concerns pods of other namespaces";
    terms.any(is_wide).then(|| Fault::Never(text.to_owned()))
}

/// Checks labels or annotations.
fn keys<'a>(
    what: &'a str,
    given: &'a BTreeMap<String, String>,
    allowed: &'a Patterns,
) -> impl Iterator<Item = Fault> + 'a {
    given.keys().filter_map(move |key| {
        let fault = |why: &str| format!("metadata.{what} {key:?} {why}");
        if domain_is(key, &[OWN]) {
            Some(Fault::Never(fault("is Docmill's own")))
        } else if domain_is(key, &RESERVED) && !allowed.names(key) {
            Some(Fault::NotAllowed(fault("is reserved, because such keys inject, select or authorize")))
        } else if !allowed.matches(key) {
            Some(Fault::NotAllowed(fault("is not one that the administrator allows")))
        } else {
            None
        }
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
