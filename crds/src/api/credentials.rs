//! How resources name Secrets, or single values of Secrets and ConfigMaps, and the files that a pod gets of them.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Type of a Secret that is meant for Docmill, instead of the label `docmill.io/use`.
pub const CREDENTIALS_TYPE: &str = "docmill.io/credentials";

/// A Secret in the same namespace. It must have the label `docmill.io/use: "true"` or the type
/// `docmill.io/credentials`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A key of a Secret in the same namespace. The Secret must have the label `docmill.io/use: "true"` or the type
/// `docmill.io/credentials`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKeyRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key. Left out: the one that a `secretRef` would need for this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub key: Option<String>,
}

/// A key of a ConfigMap in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigMapKeyRef {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key. Left out: `ca.crt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub key: Option<String>,
}

/// Where some of the files in a mounted folder come from. A later source replaces a file of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialSource<'a> {
    /// All keys of a Secret, each as a file of its name.
    Secret(&'a SecretRef),
    /// One key of a Secret.
    SecretKey(KeyFile<'a>),
    /// One key of a ConfigMap.
    ConfigMapKey(KeyFile<'a>),
}

/// One key, and the file that its value becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFile<'a> {
    /// Name of the Secret or ConfigMap.
    pub name: &'a str,
    /// The key.
    pub key: &'a str,
    /// Name of the file: the key that the value has in a Secret that is mounted as a whole.
    pub file: &'static str,
}

impl SecretKeyRef {
    /// The value as this file.
    pub(super) fn source(&self, file: &'static str) -> CredentialSource<'_> {
        let key = self.key.as_deref().unwrap_or(file);
        CredentialSource::SecretKey(KeyFile { name: &self.name, key, file })
    }

    /// Another value of the same Secret, under the key that a Secret has for this file.
    pub(super) fn same_secret(&self, file: &'static str) -> CredentialSource<'_> {
        CredentialSource::SecretKey(KeyFile { name: &self.name, key: file, file })
    }
}

impl ConfigMapKeyRef {
    /// The value as this file.
    pub(super) fn source(&self, file: &'static str) -> CredentialSource<'_> {
        let key = self.key.as_deref().unwrap_or(file);
        CredentialSource::ConfigMapKey(KeyFile { name: &self.name, key, file })
    }
}
