//! What a release consists of, besides the programs: manifests and bill of materials.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::command;
use e2e::install::checkout;
use serde_json::Value;

use crate::chart::helm;

async fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    command::run(program, &arguments, None).await?.expect_ok(program)
}

fn path(path: &str) -> String {
    checkout(path).display().to_string()
}

fn documents(text: &str) -> Result<Vec<Value>> {
    let text = format!("\n{text}");
    let documents = text.split("\n---\n").filter(|document| document.contains("kind: "));
    documents.map(|document| Ok(serde_saphyr::from_str::<Value>(document)?)).collect()
}

/// The values of lines `key = "value"` of a lock file.
fn values<'a>(lock: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!("{key} = \"");
    lock.lines().filter_map(|line| line.strip_prefix(&start)?.strip_suffix('"')).collect()
}

#[tokio::test]
async fn one_file_installs_everything_with_the_image_of_the_release() -> Result<()> {
    if helm(&["version"], None).await.is_none() {
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("docmill-manifests-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let (script, place) = (path("release/manifests.sh"), folder.display().to_string());
    run("bash", &[script.as_str(), "0.1.0", "registry.example.com/docmill", &digest, &place]).await?;
    let install = documents(&fs::read_to_string(folder.join("install.yaml"))?)?;
    let crds = documents(&fs::read_to_string(folder.join("crds.yaml"))?)?;
    fs::remove_dir_all(&folder)?;

    let kinds: BTreeSet<&str> = install.iter().filter_map(|object| object["kind"].as_str()).collect();
    for kind in [
        "Namespace",
        "CustomResourceDefinition",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "Service",
        "Deployment",
        "PodDisruptionBudget",
    ] {
        ensure!(kinds.contains(kind), "install.yaml has no {kind}, only {kinds:?}");
    }
    ensure!(!kinds.contains("Pod"), "install.yaml has the pod of helm test");
    ensure!(install.first().is_some_and(|first| first["kind"] == "Namespace"), "the namespace is not first");
    let names = |objects: &[Value]| -> BTreeSet<String> {
        let crds = objects.iter().filter(|object| object["kind"] == "CustomResourceDefinition");
        crds.map(|crd| crd["metadata"]["name"].to_string()).collect()
    };
    let files = fs::read_dir(checkout("charts/docmill/files/crds"))?.count();
    ensure!(names(&crds).len() == files && crds.len() == files, "{:?}", names(&crds));
    ensure!(names(&install) == names(&crds), "{:?}", names(&install));
    let deployment = install.iter().find(|object| object["kind"] == "Deployment").context("no Deployment")?;
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    ensure!(image == &format!("registry.example.com/docmill@{digest}"), "{image}");
    Ok(())
}

#[tokio::test]
async fn a_release_for_an_unknown_architecture_is_refused_before_anything_is_built() -> Result<()> {
    // The repository would be refused next.
    let script = path("release/release.sh");
    let call = [script.as_str(), "--arch", "riscv64", "--repository", "nowhere"].map(str::to_owned);
    let refused = command::run("bash", &call, None).await?;
    ensure!(refused.code == Some(1), "{refused:?}");
    ensure!(refused.stderr.contains("riscv64: amd64 and arm64 are known"), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn the_bill_of_materials_has_every_package_of_the_lock_file() -> Result<()> {
    let lock = fs::read_to_string(checkout("Cargo.lock"))?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let (manifest, platform) = (path("Cargo.toml"), format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
    let metadata = run(
        &cargo,
        &[
            "metadata",
            "--locked",
            "--offline",
            "--format-version=1",
            "--filter-platform",
            &platform,
            "--manifest-path",
            &manifest,
        ],
    )
    .await?;
    let file = std::env::temp_dir().join(format!("docmill-metadata-{}.json", std::process::id()));
    fs::write(&file, metadata)?;
    let (script, lock_file, file_name) =
        (path("release/sbom.py"), path("Cargo.lock"), file.display().to_string());
    let call = [
        script.as_str(),
        "--lock",
        &lock_file,
        "--metadata",
        &file_name,
        "--platform-metadata",
        &file_name,
        "--version=0.1.0",
        "--timestamp=2026-01-02T03:04:05Z",
    ];
    let (text, again) = (run("python3", &call).await?, run("python3", &call).await?);
    fs::remove_file(&file)?;
    ensure!(text == again, "equal inputs give different bills");

    let bill: Value = serde_json::from_str(&text)?;
    ensure!(bill["bomFormat"] == "CycloneDX" && bill["specVersion"] == "1.5", "{}", bill["specVersion"]);
    let components = bill["components"].as_array().context("no components")?;
    let named = |field: &'static str| components.iter().filter_map(move |one| one[field].as_str());
    let found: BTreeSet<(&str, &str)> = named("name").zip(named("version")).collect();
    let expected: BTreeSet<(&str, &str)> =
        values(&lock, "name").into_iter().zip(values(&lock, "version")).collect();
    ensure!(expected.len() > 300 && found == expected, "{:?}", expected.difference(&found));
    let hashes: BTreeSet<&str> =
        components.iter().filter_map(|one| one["hashes"][0]["content"].as_str()).collect();
    let checksums: BTreeSet<&str> = values(&lock, "checksum").into_iter().collect();
    ensure!(hashes == checksums, "{:?}", checksums.difference(&hashes));

    let scope = |name: &str| components.iter().find(|one| one["name"] == name).map(|one| &one["scope"]);
    ensure!(scope("docmill-operator").is_some_and(|scope| scope == "required"));
    ensure!(scope("tokio").is_some_and(|scope| scope == "required"));
    ensure!(scope("proptest").is_some_and(|scope| scope == "excluded"));
    for component in components.iter().filter(|one| one["scope"] == "required") {
        ensure!(component["licenses"][0]["expression"].is_string(), "no licence: {component}");
    }
    let references: BTreeSet<&str> = named("bom-ref").collect();
    for dependency in bill["dependencies"].as_array().context("no dependencies")? {
        let on = dependency["dependsOn"].as_array().context("no dependsOn")?;
        let unknown = on.iter().filter_map(Value::as_str).find(|one| !references.contains(one));
        ensure!(unknown.is_none(), "{dependency} names {unknown:?}");
    }
    Ok(())
}
