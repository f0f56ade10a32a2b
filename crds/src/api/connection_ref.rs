//! How a resource refers to a connection.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// A Connection in this namespace, or a ClusterConnection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionRef {
    /// Name of the connection.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// `Connection`: one in this namespace. `ClusterConnection`: one for several namespaces.
    #[serde(default)]
    pub kind: ConnectionKind,
}

/// The kinds of connections.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
pub enum ConnectionKind {
    /// One in the namespace of the resource.
    #[default]
    Connection,
    /// One for several namespaces.
    ClusterConnection,
}

impl ConnectionKind {
    /// The name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
