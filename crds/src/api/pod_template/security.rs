//! The security context of worker pods.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// User, groups and security profiles of worker pods. They never run as root, whatever is set here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSecurity {
    /// User that the pods run as. Left out: the one of all workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_user: Option<i64>,
    /// Their primary group. Left out: the one of all workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub run_as_group: Option<i64>,
    /// Group of the files in their volumes. Left out: the one of all workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub fs_group: Option<i64>,
    /// When files in volumes are given to `fsGroup`. Left out: `Always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_group_change_policy: Option<FsGroupChangePolicy>,
    /// Further groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(range(min = 1, max = 2_147_483_647)))]
    pub supplemental_groups: Vec<i64>,
    /// SELinux context. Left out: the container runtime chooses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se_linux_options: Option<SeLinux>,
    /// Seccomp profile. Left out: `RuntimeDefault`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seccomp_profile: Option<Seccomp>,
}

/// When files in volumes are given to `fsGroup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum FsGroupChangePolicy {
    /// Whenever a volume is mounted.
    Always,
    /// Only if the root of the volume has another group.
    OnRootMismatch,
}

impl FsGroupChangePolicy {
    /// The name, as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An SELinux context, as far as the Pod Security Standard `restricted` permits it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeLinux {
    /// Level, for example `s0:c123,c456`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub level: Option<String>,
    /// Type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<SeLinuxType>,
}

/// The SELinux types that the Pod Security Standard `restricted` permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SeLinuxType {
    /// A container.
    ContainerT,
    /// A container that runs an init system.
    ContainerInitT,
    /// A container in a virtual machine.
    ContainerKvmT,
    /// A container that runs containers.
    ContainerEngineT,
}

impl SeLinuxType {
    /// The name, as SELinux spells it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A seccomp profile. `Unconfined` is not offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.localhostProfile) == (self.type == 'Localhost')")
    .message("localhostProfile goes with type Localhost: that one needs it, and no other takes it")
    .field_path(".localhostProfile"))]
pub struct Seccomp {
    /// `RuntimeDefault`: the profile of the container runtime. `Localhost`: one that is installed on the node.
    #[serde(rename = "type")]
    pub type_: SeccompType,
    /// Path of the profile on the node, relative to the kubelet's directory of profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub localhost_profile: Option<String>,
}

/// Where a seccomp profile comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum SeccompType {
    /// From the container runtime.
    RuntimeDefault,
    /// From the node.
    Localhost,
}

impl SeccompType {
    /// The name, as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
