//! The model servers: MLServer, which speaks the Open Inference Protocol v2, with three real models, and a small server that
//! has one of them under the paths of OpenAI's embeddings and of Text Embeddings Inference.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    command::{Failed, run_logged, tool},
    home::{Home, is_made_from, make_from},
    host::{toolchains::Python, venv::Venv},
    ip_family::IpFamily,
    progress::step,
    template::Values,
    versions::{ModelServer, Versions},
};

const BUILD_MODEL: &str = include_str!("../../parts/model-server/minilm/build_onnx.py");

/// The name of MLServer's pod, which the kubelet writes into its `/etc/hosts`.
pub(crate) const HOSTNAME: &str = "model-server";

const SETTINGS: &str = include_str!("../../parts/model-server/settings.json");

const FILES: [(&str, &str); 11] = [
    // MLServer passes this folder over, as it has no settings of a model.
    ("embeddings/server.py", include_str!("../../parts/model-server/embeddings/server.py")),
    ("minilm/build_onnx.py", BUILD_MODEL),
    ("minilm/minilm_runtime.py", include_str!("../../parts/model-server/minilm/minilm_runtime.py")),
    ("minilm/model-settings.json", include_str!("../../parts/model-server/minilm/model-settings.json")),
    (
        "sentiment/sentiment_runtime.py",
        include_str!("../../parts/model-server/sentiment/sentiment_runtime.py"),
    ),
    ("sentiment/model-settings.json", include_str!("../../parts/model-server/sentiment/model-settings.json")),
    ("magika/magika_runtime.py", include_str!("../../parts/model-server/magika/magika_runtime.py")),
    ("magika/model-settings.json", include_str!("../../parts/model-server/magika/model-settings.json")),
    ("tone-v1/tone_runtime.py", include_str!("../../parts/model-server/tone-v1/tone_runtime.py")),
    ("tone-v1/model-settings.json", include_str!("../../parts/model-server/tone-v1/model-settings.json")),
    ("tone-v2/model-settings.json", include_str!("../../parts/model-server/tone-v2/model-settings.json")),
];

/// Where it lies: `venv/`, and `models/` with the settings.
pub(crate) fn folder(home: &Home, versions: &Versions) -> PathBuf {
    let server = versions.model_server.packages.first().map_or("mlserver", String::as_str);
    home.cache().join(format!("kit/{}", server.replace("==", "-")))
}

/// Installs the packages and builds the models, once, and writes the settings and the models' code.
pub(crate) fn ensure(
    home: &Home,
    versions: &Versions,
    python: &Python,
    family: IpFamily,
) -> anyhow::Result<()> {
    let folder = folder(home, versions);
    let recipe = recipe(&versions.model_server, python);
    if !is_made_from(&folder, &recipe) {
        step("install the model server", || {
            make_from(&folder, &recipe, |part| install(home, &versions.model_server, python, part))
        })?;
    }
    write_files(&folder)?;
    write(&folder, "settings.json", &settings(family)?)
}

/// MLServer hands its `host` to an HTTP server, which wants `::` for all addresses of IPv6, and to gRPC, which wants `[::]`. A
/// name suits both.
fn settings(family: IpFamily) -> anyhow::Result<String> {
    let host = match family {
        IpFamily::Ipv4 => family.addresses().any,
        IpFamily::Ipv6 => HOSTNAME,
    };
    Values::default().set("HOST", host).fill(SETTINGS)
}

/// Interpreter, packages, and the program that builds the embedding model.
fn recipe(server: &ModelServer, python: &Python) -> String {
    let packages = server.packages.iter().chain(&server.packages_without_dependencies);
    let lines = [python.path.display().to_string()].into_iter().chain(packages.cloned());
    lines.chain([BUILD_MODEL.to_owned()]).collect::<Vec<_>>().join("\n")
}

fn write_files(folder: &Path) -> anyhow::Result<()> {
    FILES.into_iter().try_for_each(|(name, text)| write(folder, name, text))
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join("models").join(name);
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
}

fn install(home: &Home, server: &ModelServer, python: &Python, part: &Path) -> anyhow::Result<()> {
    write_files(part)?;
    let log = home.log("build-model-server")?;
    let venv = Venv::make(python, part.join("venv"), &log)?;
    let what = "the model server's packages";
    venv.install(what, &server.packages)?;
    venv.install(
        what,
        ["--no-deps"].into_iter().chain(server.packages_without_dependencies.iter().map(String::as_str)),
    )?;
    let minilm = part.join("models/minilm");
    let mut build = tool(venv.python());
    run_logged(build.arg(minilm.join("build_onnx.py")).arg(&minilm), &log)
        .map_err(|_| Failed::with_log("failed to build the embedding model", &log).advice("read the log"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_server_listens_on_addresses_of_the_family() {
        for (family, host) in [(IpFamily::Ipv4, "0.0.0.0"), (IpFamily::Ipv6, HOSTNAME)] {
            let settings: Value = serde_json::from_str(&settings(family).expect("filled")).expect("JSON");
            assert_eq!(settings["host"], host);
        }
    }
}
