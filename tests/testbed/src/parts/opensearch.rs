//! OpenSearch, laid out from the jars of Maven Central as a program that a test starts for itself. It is no part of the
//! cluster: a few tests need it, for a minute.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::{
    home::{Home, is_made_from, make_from},
    host::toolchains::Java,
    parts::maven,
    progress::{note, step},
    template::Values,
    versions::Versions,
};

const POM: &str = include_str!("../../parts/opensearch/pom.xml");
const SETTINGS: &str = include_str!("../../parts/opensearch/opensearch.yml");
const LAUNCHER: &str = include_str!("../../parts/opensearch/OsLauncher.java");
const START: &str = include_str!("../../parts/opensearch/start.sh");
const LOGGING: &str = include_str!("../../parts/elasticsearch/log4j2.properties");
/// The oldest Java that it runs on.
const JAVA: u32 = 21;

/// Where it lies, with the program `start`.
pub(crate) fn folder(home: &Home, versions: &Versions) -> PathBuf {
    home.cache().join(format!("kit/opensearch-{}", versions.opensearch))
}

/// Lays it out where it is missing or was made from something else. Without a Java that runs it, tests go without.
pub(crate) fn ensure(home: &Home, versions: &Versions, java: &Java) -> anyhow::Result<()> {
    if java.release < JAVA {
        note(&format!(
            "OpenSearch is left out: it needs a Java {JAVA} or newer under /usr/lib/jvm or JAVA_HOME"
        ));
        return Ok(());
    }
    let start = Values::default().set("JAVA_HOME", java.home.display().to_string()).fill(START)?;
    let folder = folder(home, versions);
    let recipe = [POM, SETTINGS, LAUNCHER, LOGGING, &start].concat();
    if is_made_from(&folder, &recipe) {
        return Ok(());
    }
    step(&format!("download OpenSearch {}", versions.opensearch), || {
        make_from(&folder, &recipe, |part| lay_out(home, &versions.opensearch, java, &start, part))
    })
}

fn lay_out(home: &Home, version: &str, java: &Java, start: &str, part: &Path) -> anyhow::Result<()> {
    let lib = part.join("lib");
    maven::jars(home, POM, version, &lib)?;
    for folder in ["home/config", "home/plugins", "home/modules"] {
        fs::create_dir_all(part.join(folder))?;
    }
    maven::compile(home, java, "OsLauncher", LAUNCHER, &lib, &part.join("launcher.jar"))?;
    fs::write(part.join("home/config/opensearch.yml"), SETTINGS)?;
    fs::write(part.join("home/config/log4j2.properties"), LOGGING)?;
    let program = part.join("start");
    fs::write(&program, start)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("failed to make {} a program", program.display()))
}
