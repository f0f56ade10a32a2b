//! Commands built from Go modules: the control plane, etcd, CoreDNS, helm and the S3 server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use crate::{
    command::{Failed, run_logged, tool},
    home::Home,
    progress::step,
    versions::Versions,
};

/// A command to build.
struct Tool {
    /// Name of its folder, without the version.
    folder: &'static str,
    version: String,
    command: &'static str,
    source: Source,
}

/// Where a command's source is pinned.
enum Source {
    /// A module of the testbed's own, with every dependency's version and digest, and the package in it to build.
    Pinned { files: [(&'static str, &'static str); 2], package: &'static str },
    /// A package at a version, as `go install` takes it.
    Package(&'static str),
}

const KUBERNETES: [(&str, &str); 2] = [
    ("go.mod", include_str!("../../parts/go/kubernetes/go.mod")),
    ("go.sum", include_str!("../../parts/go/kubernetes/go.sum")),
];
const ETCD: [(&str, &str); 2] = [
    ("go.mod", include_str!("../../parts/go/etcd/go.mod")),
    ("go.sum", include_str!("../../parts/go/etcd/go.sum")),
];

fn tools(versions: &Versions) -> Vec<Tool> {
    let kubernetes = |command, package| Tool {
        folder: "kubernetes",
        version: versions.kubernetes.clone(),
        command,
        source: Source::Pinned { files: KUBERNETES, package },
    };
    let package = |folder, command, version: &String, package| Tool {
        folder,
        version: version.clone(),
        command,
        source: Source::Package(package),
    };
    vec![
        Tool {
            folder: "etcd",
            version: versions.etcd.clone(),
            command: "etcd",
            source: Source::Pinned { files: ETCD, package: "go.etcd.io/etcd/server/v3" },
        },
        kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        kubernetes("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
        kubernetes("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
        kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        package("versitygw", "versitygw", &versions.versitygw, "github.com/versity/versitygw/cmd/versitygw"),
        package("coredns", "coredns", &versions.coredns, "github.com/coredns/coredns"),
        package("helm", "helm", &versions.helm, "helm.sh/helm/v3/cmd/helm"),
    ]
}

/// Builds every command that the cache lacks.
pub(crate) fn ensure(home: &Home, versions: &Versions) -> anyhow::Result<()> {
    for tool in tools(versions) {
        let path = tool.path(home);
        if !path.exists() {
            step(&format!("build {} {}", tool.command, tool.version), || tool.build(home, &path))?;
        }
    }
    Ok(())
}

impl Tool {
    fn path(&self, home: &Home) -> PathBuf {
        home.bin_dir(self.folder, &self.version).join(self.command)
    }

    /// Builds under another name and renames, so that an interrupted build leaves nothing half-made.
    fn build(&self, home: &Home, path: &Path) -> anyhow::Result<()> {
        let folder = home.bin_dir(self.folder, &self.version);
        let part = folder.join(".part");
        fs::create_dir_all(&part).with_context(|| format!("failed to create {}", part.display()))?;
        let log = home.log(&format!("build-{}", self.command))?;
        let advice = "check that this machine reaches the Go module proxy (go env GOPROXY), then run it again: what is built stays";
        run_logged(&mut self.command(home, &part)?, &log).map_err(|_| {
            Failed::with_log(format!("failed to build {}", self.command), &log).advice(advice)
        })?;
        fs::rename(part.join(self.command), path)
            .with_context(|| format!("failed to rename {}", path.display()))?;
        let _ = fs::remove_dir(&part);
        Ok(())
    }

    fn command(&self, home: &Home, out: &Path) -> anyhow::Result<Command> {
        let mut go = tool("go");
        go.env("CGO_ENABLED", "0");
        match &self.source {
            Source::Pinned { files, package } => {
                go.current_dir(module(home, self.folder, files)?);
                go.args(["build", "-trimpath", "-ldflags", &self.linker_flags(), "-o"]);
                go.arg(out.join(self.command)).arg(package);
            }
            Source::Package(package) => {
                go.env("GOBIN", out).current_dir(home.cache());
                go.args(["install", "-trimpath", "-ldflags", &self.linker_flags()]);
                go.arg(format!("{package}@{}", self.version));
            }
        }
        Ok(go)
    }

    /// Kubernetes learns its own version from the linker; components refuse to work with one that has none.
    fn linker_flags(&self) -> String {
        if self.folder != "kubernetes" {
            return "-s -w".to_owned();
        }
        let version = &self.version;
        let minor = version.split('.').nth(1).unwrap_or_default();
        let variable = "k8s.io/component-base/version";
        format!(
            "-s -w -X {variable}.gitVersion={version} -X {variable}.gitMajor=1 -X {variable}.gitMinor={minor}"
        )
    }
}

/// Copies a pinned module into the cache and returns its folder.
fn module(home: &Home, name: &str, files: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
    let folder = home.cache().join("src").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_learns_its_version_and_the_others_need_none() {
        let versions = Versions::read().expect("versions.toml");
        for tool in tools(&versions) {
            let told = tool.linker_flags().contains(&format!("gitVersion={}", versions.kubernetes));
            assert_eq!(told, tool.folder == "kubernetes", "{}", tool.command);
        }
    }

    #[test]
    fn each_command_has_a_place_of_its_own() {
        let versions = Versions::read().expect("versions.toml");
        let mut places: Vec<_> = tools(&versions).iter().map(|tool| (tool.folder, tool.command)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 10);
    }
}
