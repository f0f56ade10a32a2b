//! What a `podTemplate` adds to a worker pod, in the types of Kubernetes. No I/O.

use std::collections::BTreeMap;

use docmill_crds::api::pod_template::{
    ConfigMapItems, ConfigMapVolume, CsiVolume, EnvSource, EnvVariable, PodSecurity, PodVolume,
    PodVolumeMount, ProjectedSource, ProjectedVolume, PullSecretRef, SeLinux, Seccomp, SecretItems,
    SecretVolume,
};
use k8s_openapi::api::core::v1::{
    CSIVolumeSource, ConfigMapKeySelector, ConfigMapProjection, ConfigMapVolumeSource, EnvVar, EnvVarSource,
    LocalObjectReference, PodSecurityContext, ProjectedVolumeSource, SELinuxOptions, SeccompProfile,
    SecretKeySelector, SecretProjection, SecretVolumeSource, Volume, VolumeMount, VolumeProjection,
};

/// `None` for an empty list or map, which is as good as none.
pub fn not_empty<T>(value: T, is_empty: impl FnOnce(&T) -> bool) -> Option<T> {
    if is_empty(&value) { None } else { Some(value) }
}

/// The security context of a pod: user and group of all workers, unless the template has others. It never
/// runs as root.
pub fn security_context(user: Option<i64>, given: Option<&PodSecurity>) -> PodSecurityContext {
    let given = given.cloned().unwrap_or_default();
    let seccomp = given.seccomp_profile.map_or_else(default_seccomp, seccomp_profile);
    PodSecurityContext {
        fs_group: given.fs_group.or(user),
        fs_group_change_policy: given.fs_group_change_policy.map(|policy| policy.as_str().to_owned()),
        run_as_group: given.run_as_group.or(user),
        run_as_non_root: Some(true),
        run_as_user: given.run_as_user.or(user),
        se_linux_options: given.se_linux_options.map(se_linux_options),
        seccomp_profile: Some(seccomp),
        supplemental_groups: not_empty(given.supplemental_groups, Vec::is_empty),
        ..PodSecurityContext::default()
    }
}

fn default_seccomp() -> SeccompProfile {
    SeccompProfile { type_: "RuntimeDefault".into(), localhost_profile: None }
}

fn seccomp_profile(given: Seccomp) -> SeccompProfile {
    let Seccomp { type_, localhost_profile } = given;
    SeccompProfile { type_: type_.as_str().to_owned(), localhost_profile }
}

fn se_linux_options(given: SeLinux) -> SELinuxOptions {
    let SeLinux { level, type_ } = given;
    let type_ = type_.map(|type_| type_.as_str().to_owned());
    SELinuxOptions { level, type_, ..SELinuxOptions::default() }
}

/// A Secret for pulling the image.
pub fn pull_secret(given: &PullSecretRef) -> LocalObjectReference {
    LocalObjectReference { name: given.name.clone() }
}

/// An environment variable.
pub fn variable(given: &EnvVariable) -> EnvVar {
    let EnvVariable { name, value, value_from } = given.clone();
    EnvVar { name, value, value_from: value_from.map(env_source) }
}

fn env_source(given: EnvSource) -> EnvVarSource {
    let EnvSource { secret_key_ref, config_map_key_ref } = given;
    EnvVarSource {
        config_map_key_ref: config_map_key_ref.map(|named| ConfigMapKeySelector {
            key: named.key,
            name: named.name,
            optional: None,
        }),
        secret_key_ref: secret_key_ref.map(|named| SecretKeySelector {
            key: named.key,
            name: named.name,
            optional: None,
        }),
        ..EnvVarSource::default()
    }
}

/// A volume.
pub fn volume(given: &PodVolume) -> Volume {
    let PodVolume { name, config_map, secret, empty_dir, persistent_volume_claim, csi, projected } =
        given.clone();
    Volume {
        name,
        config_map: config_map.map(config_map_source),
        csi: csi.map(csi_source),
        empty_dir,
        persistent_volume_claim,
        projected: projected.map(projected_source),
        secret: secret.map(secret_source),
        ..Volume::default()
    }
}

fn config_map_source(given: ConfigMapVolume) -> ConfigMapVolumeSource {
    let ConfigMapVolume { name, items, default_mode } = given;
    ConfigMapVolumeSource { default_mode, items: not_empty(items, Vec::is_empty), name, optional: None }
}

fn secret_source(given: SecretVolume) -> SecretVolumeSource {
    let SecretVolume { secret_name, items, default_mode } = given;
    SecretVolumeSource {
        default_mode,
        items: not_empty(items, Vec::is_empty),
        optional: None,
        secret_name: Some(secret_name),
    }
}

fn csi_source(given: CsiVolume) -> CSIVolumeSource {
    let CsiVolume { driver, read_only, fs_type, volume_attributes, node_publish_secret_ref } = given;
    CSIVolumeSource {
        driver,
        fs_type,
        node_publish_secret_ref: node_publish_secret_ref
            .map(|named| LocalObjectReference { name: named.name }),
        read_only: Some(read_only),
        volume_attributes: not_empty(volume_attributes, BTreeMap::is_empty),
    }
}

fn projected_source(given: ProjectedVolume) -> ProjectedVolumeSource {
    let ProjectedVolume { sources, default_mode } = given;
    ProjectedVolumeSource { default_mode, sources: Some(sources.into_iter().map(projection).collect()) }
}

fn projection(given: ProjectedSource) -> VolumeProjection {
    let ProjectedSource { config_map, secret, downward_api } = given;
    VolumeProjection {
        config_map: config_map.map(|ConfigMapItems { name, items }| ConfigMapProjection {
            items: not_empty(items, Vec::is_empty),
            name,
            optional: None,
        }),
        downward_api,
        secret: secret.map(|SecretItems { name, items }| SecretProjection {
            items: not_empty(items, Vec::is_empty),
            name,
            optional: None,
        }),
        ..VolumeProjection::default()
    }
}

/// Where a volume is mounted.
pub fn mount(given: &PodVolumeMount) -> VolumeMount {
    let PodVolumeMount { name, mount_path, sub_path, read_only } = given.clone();
    VolumeMount { mount_path, name, read_only: Some(read_only), sub_path, ..VolumeMount::default() }
}
