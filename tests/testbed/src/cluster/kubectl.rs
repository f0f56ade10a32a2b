//! The cluster through its own command line.

use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    command::{feed, output, succeeds, tool},
    home::Home,
    versions::Versions,
};

/// Calls kubectl as the cluster's administrator.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    path: std::path::PathBuf,
    kubeconfig: std::path::PathBuf,
}

impl Kubectl {
    /// The testbed's own kubectl for the testbed's cluster.
    pub(crate) fn new(home: &Home, versions: &Versions) -> Self {
        let path = home.bin_dir("kubernetes", &versions.kubernetes).join("kubectl");
        Self { path, kubeconfig: home.kubeconfig() }
    }

    /// A call with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tool(&self.path);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(arguments);
        command
    }

    /// Whether the API server says that it is ready.
    pub(crate) fn ready(&self) -> bool {
        succeeds(&mut self.command(&["get", "--raw", "/readyz", "--request-timeout=2s"]))
    }

    /// Creates or changes what these manifests describe.
    pub(crate) fn apply(&self, manifests: &str) -> anyhow::Result<()> {
        feed(
            &mut self.command(&[
                "apply",
                "--server-side",
                "--force-conflicts",
                "--field-manager=testbed",
                "-f",
                "-",
            ]),
            manifests,
        )
    }

    /// The objects of a list.
    pub(crate) fn list(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let text = output(self.command(&["get", "--request-timeout=5s", "--output=json"]).args(arguments))?;
        let list: Value = serde_json::from_str(&text).context("failed to read kubectl's answer")?;
        Ok(list.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
    }
}

/// Whether a pod's or a node's condition is true.
pub(crate) fn condition(object: &Value, kind: &str) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// An object's name.
pub(crate) fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_counts_when_it_is_true() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert!(condition(&pod, "Ready"));
        assert!(!condition(&pod, "Initialized"));
        assert!(!condition(&json!({}), "Ready"));
        assert_eq!(name(&pod), "p");
    }
}
