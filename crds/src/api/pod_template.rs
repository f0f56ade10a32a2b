//! `podTemplate`: what users may set on worker pods, a subset of Kubernetes' `PodTemplateSpec`.
//!
//! There are no fields for other containers, images, commands, node names, the network and namespaces of the
//! node, and volumes of the node. What the fields may hold is checked by the operator, by what the administrator
//! allows.

mod env;
mod security;
mod volumes;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, HostAlias, PodDNSConfig, ResourceRequirements, Toleration, TopologySpreadConstraint,
};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use env::{ConfigMapKeyRef, EnvSource, EnvVariable, SecretKeyRef};
pub use security::{FsGroupChangePolicy, PodSecurity, SeLinux, SeLinuxType, Seccomp, SeccompType};
pub use volumes::{
    ConfigMapItems, ConfigMapVolume, CsiVolume, PodVolume, PodVolumeMount, ProjectedSource, ProjectedVolume,
    SecretItems, SecretVolume,
};

/// The part of a pod template that users may set on worker pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodTemplate {
    /// Labels and annotations of the pods.
    #[serde(default)]
    pub metadata: PodMetadata,
    /// Settings of the pods.
    #[serde(default)]
    pub spec: PodSettings,
}

impl PodTemplate {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Labels and annotations of worker pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodMetadata {
    /// Labels to add. Docmill's own labels take precedence. With `kueue.x-k8s.io/queue-name`, the Jobs of the
    /// pods have this label and `kueue.x-k8s.io/priority-class` too, and are created suspended, so that Kueue
    /// admits them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::labels")]
    pub labels: BTreeMap<String, String>,
    /// Annotations to add.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::annotations")]
    pub annotations: BTreeMap<String, String>,
}

/// Settings of worker pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!has(self.volumeMounts) || self.volumeMounts.all(mount, has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name))")
        .message("each of volumeMounts must name one of volumes")
        .field_path(".volumeMounts")
)]
pub struct PodSettings {
    /// Service account of the pods, for example one that carries an AWS role. It needs no permissions in the
    /// Kubernetes cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: Option<String>,
    /// Labels of the nodes that may run the pods.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::labels")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that the pods tolerate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Which nodes the pods prefer or need, and which pods they want near or far. Terms about pods concern
    /// the namespace of the resource only: `namespaces` and `namespaceSelector` are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Box<Affinity>>,
    /// How the pods are spread over nodes, zones and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Priority class of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub priority_class_name: Option<String>,
    /// Runtime class of the pods, one that the administrator allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub runtime_class_name: Option<String>,
    /// Scheduler of the pods: `default-scheduler`, or one that the administrator allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub scheduler_name: Option<String>,
    /// Secrets for pulling the image of the workers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub image_pull_secrets: Vec<PullSecretRef>,
    /// How the pods resolve names. `ClusterFirst` (the default): by the DNS of the cluster. `Default`: as the
    /// node does. `None`: by `dnsConfig` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_policy: Option<DnsPolicy>,
    /// Settings of the resolver. The administrator must allow `nameservers` and `searches`, because they
    /// decide where names lead; `options` may always be set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<Box<PodDNSConfig>>,
    /// Entries of `/etc/hosts`. The administrator must allow them, because they decide where names lead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub host_aliases: Vec<HostAlias>,
    /// User, groups and security profiles of the pods. The administrator must allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_context: Option<Box<PodSecurity>>,
    /// Requests and limits of the worker's container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Box<ResourceRequirements>>,
    /// Environment variables of the worker's container, as far as the administrator allows their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub env: Vec<EnvVariable>,
    /// Volumes of the pods, of the kinds that the administrator allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub volumes: Vec<PodVolume>,
    /// Where the volumes are mounted in the worker's container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["mountPath".into()]))]
    pub volume_mounts: Vec<PodVolumeMount>,
}

/// A Secret in the same namespace, of type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`. It must
/// have the label `docmill.io/use: "true"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PullSecretRef {
    /// Name of the Secret with the credentials of a registry.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// How pods resolve names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum DnsPolicy {
    /// By the DNS of the cluster.
    ClusterFirst,
    /// As the node does.
    Default,
    /// By `dnsConfig` alone.
    None,
}

impl DnsPolicy {
    /// The name, as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
