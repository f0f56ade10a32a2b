//! What the administrator allows the operator to do on behalf of the authors of resources. Pure.
//!
//! A user who may create an `IngestSource` is not necessarily allowed to read Secrets or to create pods. The
//! operator does both on their behalf, so it follows rules: which Secrets it uses ([`Rules::check_secret`],
//! [`Rules::check_pull_secret`]), for which namespaces it uses its own cloud identity
//! ([`Rules::check_own_identity`]), and what it sets on pods ([`pods`]).

mod pattern;
pub mod pods;
#[cfg(test)]
mod tests;

use docmill_crds::api::credentials::CREDENTIALS_TYPE;
use docmill_crds::contract::label;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;

use crate::args::RuleArgs;
use crate::outcome::not_ready::NotReady;
use pattern::Patterns;
use pods::PodRules;

/// Types of Secrets whose values are never used, whatever their labels: they grant access to the cluster or to a
/// registry, and hold no credentials of a store.
const NEVER: [&str; 6] = [
    "kubernetes.io/service-account-token",
    "bootstrap.kubernetes.io/token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/ssh-auth",
    "helm.sh/release.v1",
];

/// Types of Secrets with the credentials of a registry, which are for pulling images and nothing else.
const PULL: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// What the administrator allows.
#[derive(Clone, Debug)]
pub struct Rules {
    marked_secrets_only: bool,
    own_identity: Patterns,
    /// Rules for `podTemplate`.
    pub pods: PodRules,
}

impl Rules {
    /// Reads the rules from the command line.
    pub fn new(args: &RuleArgs) -> Self {
        Self {
            marked_secrets_only: args.marked_secrets_only,
            own_identity: Patterns::new(&args.own_identity_namespaces),
            pods: PodRules::new(args),
        }
    }

    /// Checks that the values of a Secret may be used for a resource in its namespace.
    pub fn check_secret(&self, secret: &Secret) -> Result<(), NotReady> {
        let name = secret.name_any();
        let kind = secret.type_.as_deref().unwrap_or_default();
        if let Some(never) = NEVER.iter().find(|never| **never == kind) {
            let text = format!(
                "the Secret {name:?} may not be used: Docmill uses no Secret of type {never}; put the credentials of the store \
                 into a Secret of their own"
            );
            return Err(NotReady::user("SecretNotAllowed", text));
        }
        if kind == CREDENTIALS_TYPE {
            return Ok(());
        }
        self.check_mark(secret, &format!(" and is not of type {CREDENTIALS_TYPE}"))
    }

    /// Checks that the image of the workers of a resource in its namespace may be pulled with a Secret.
    pub fn check_pull_secret(&self, secret: &Secret) -> Result<(), NotReady> {
        let kind = secret.type_.as_deref().unwrap_or_default();
        if !PULL.contains(&kind) {
            let text = format!(
                "the Secret {:?} may not be used: images are pulled with Secrets of type {} only",
                secret.name_any(),
                PULL.join(" or ")
            );
            return Err(NotReady::user("SecretNotAllowed", text));
        }
        self.check_mark(secret, "")
    }

    /// Checks the label by which somebody who may write a Secret hands it to Docmill. `lack` is what else it
    /// lacks.
    fn check_mark(&self, secret: &Secret, lack: &str) -> Result<(), NotReady> {
        let marked = secret.labels().get(label::USE).is_some_and(|value| value == label::USE_ALLOWED);
        if marked || !self.marked_secrets_only {
            return Ok(());
        }
        let (name, namespace) = (secret.name_any(), secret.namespace().unwrap_or_default());
        let (key, value) = (label::USE, label::USE_ALLOWED);
        let text = format!(
            "the Secret {name:?} may not be used: it has no label {key}: {value:?}{lack}; if it is meant for Docmill, run: \
             kubectl label secret {name} --namespace {namespace} {key}={value}"
        );
        Err(NotReady::user("SecretNotAllowed", text))
    }

    /// Checks that the operator may use its own cloud identity in this namespace, because `field` names no
    /// Secret.
    pub fn check_own_identity(&self, namespace: &str, field: &str) -> Result<(), NotReady> {
        if self.own_identity.matches(namespace) {
            return Ok(());
        }
        let text = format!(
            "{field} is not set, and the operator may not use its own cloud identity for the namespace {namespace:?}; \
             name a Secret there, or ask the administrator to add the namespace to operatorIdentity.namespaces of the chart"
        );
        Err(NotReady::user("OperatorIdentityNotAllowed", text))
    }
}
