//! Volumes of worker pods. Secrets and ConfigMaps that they name have to exist: `optional` is not offered.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    DownwardAPIProjection, EmptyDirVolumeSource, KeyToPath, PersistentVolumeClaimVolumeSource,
};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::credentials::SecretRef;

/// A volume of worker pods: its name, and exactly one of the other fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("[has(self.configMap), has(self.secret), has(self.emptyDir), has(self.persistentVolumeClaim), has(self.csi), has(self.projected)].exists_one(set, set)")
    .message("exactly one of configMap, secret, emptyDir, persistentVolumeClaim, csi and projected must be set"))]
pub struct PodVolume {
    /// Name of the volume, to which `volumeMounts` refer.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The values of a ConfigMap as files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapVolume>,
    /// The values of a Secret as files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretVolume>,
    /// A directory that is empty at first, and gone with the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty_dir: Option<EmptyDirVolumeSource>,
    /// A PersistentVolumeClaim in the same namespace. The administrator must allow this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim: Option<PersistentVolumeClaimVolumeSource>,
    /// A volume that a CSI driver makes for the pod. The administrator must allow this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi: Option<CsiVolume>,
    /// Several sources in one directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projected: Option<ProjectedVolume>,
}

impl PodVolume {
    /// The kinds that are set, by the names of their fields: one, if the schema's rule was applied.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("configMap", self.config_map.is_some()),
            ("secret", self.secret.is_some()),
            ("emptyDir", self.empty_dir.is_some()),
            ("persistentVolumeClaim", self.persistent_volume_claim.is_some()),
            ("csi", self.csi.is_some()),
            ("projected", self.projected.is_some()),
        ];
        all.into_iter().filter_map(|(kind, is_set)| is_set.then_some(kind))
    }
}

/// The values of a ConfigMap in the same namespace as files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMapVolume {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The keys to take, and the file for each. Left out: all keys, each as a file of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub items: Vec<KeyToPath>,
    /// Permissions of the files. Left out: 0644 (420).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 511))]
    pub default_mode: Option<i32>,
}

/// The values of a Secret in the same namespace as files. The Secret must have the label
/// `docmill.io/use: "true"` or the type `docmill.io/credentials`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretVolume {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// The keys to take, and the file for each. Left out: all keys, each as a file of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub items: Vec<KeyToPath>,
    /// Permissions of the files. Left out: 0644 (420).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 511))]
    pub default_mode: Option<i32>,
}

/// A volume that a CSI driver makes for the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CsiVolume {
    /// Name of the driver.
    #[schemars(length(min = 1, max = 63))]
    pub driver: String,
    /// Whether the volume is read-only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// File system of the volume. Left out: the driver chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub fs_type: Option<String>,
    /// Settings for the driver.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::uris")]
    pub volume_attributes: BTreeMap<String, String>,
    /// A Secret in the same namespace that the driver gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_publish_secret_ref: Option<SecretRef>,
}

/// Several sources in one directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectedVolume {
    /// The sources. Tokens of service accounts are not offered.
    #[schemars(length(min = 1, max = 16))]
    pub sources: Vec<ProjectedSource>,
    /// Permissions of the files. Left out: 0644 (420).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 511))]
    pub default_mode: Option<i32>,
}

/// A source of a projected volume: exactly one of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("[has(self.configMap), has(self.secret), has(self.downwardAPI)].exists_one(set, set)")
    .message("exactly one of configMap, secret and downwardAPI must be set"))]
pub struct ProjectedSource {
    /// Values of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapItems>,
    /// Values of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretItems>,
    /// Labels, annotations and other facts about the pod.
    #[serde(default, rename = "downwardAPI", skip_serializing_if = "Option::is_none")]
    pub downward_api: Option<DownwardAPIProjection>,
}

/// Values of a ConfigMap in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMapItems {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The keys to take, and the file for each. Left out: all keys, each as a file of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub items: Vec<KeyToPath>,
}

/// Values of a Secret in the same namespace. The Secret must have the label `docmill.io/use: "true"` or the type
/// `docmill.io/credentials`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretItems {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The keys to take, and the file for each. Left out: all keys, each as a file of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub items: Vec<KeyToPath>,
}

/// Where a volume is mounted in the worker's container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodVolumeMount {
    /// Name of the volume.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Where it is mounted: `/data`, `/mnt`, `/srv` or a path below one of them.
    #[schemars(length(max = 256), regex(pattern = r"^/"))]
    pub mount_path: String,
    /// A file or directory of the volume to mount instead of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub sub_path: Option<String>,
    /// Whether it is mounted read-only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}
