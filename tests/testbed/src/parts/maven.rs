//! Jars from Maven Central, resolved by Maven from a `pom.xml` under `parts/`, and small Java classes of our own.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::{
    command::{Failed, run_logged, tool},
    home::Home,
    host::toolchains::Java,
};

/// Puts the jars that a POM names at this version, and all that they need, into a folder.
pub(crate) fn jars(home: &Home, pom: &str, version: &str, into: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(into).with_context(|| format!("failed to create {}", into.display()))?;
    let file = into.join("pom.xml");
    fs::write(&file, pom).with_context(|| format!("failed to write {}", file.display()))?;
    let log = home.log("build-jars")?;
    let advice = "check that this machine reaches Maven Central, then run it again";
    run_logged(
        tool("mvn")
            .args(["-q", "-B", "-ntp", "dependency:copy-dependencies"])
            .arg("-f")
            .arg(&file)
            .arg(format!("-Dpart.version={version}"))
            .arg(format!("-DoutputDirectory={}", into.display())),
        &log,
    )
    .map_err(|_| Failed::with_log("failed to download the jars", &log).advice(advice))?;
    fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))
}

/// Compiles one Java source against a folder of jars into a jar.
pub(crate) fn compile(
    home: &Home,
    java: &Java,
    name: &str,
    source: &str,
    jars: &Path,
    jar: &Path,
) -> anyhow::Result<()> {
    let work = jar.with_extension("work");
    let classes = work.join("classes");
    fs::create_dir_all(&classes).with_context(|| format!("failed to create {}", classes.display()))?;
    let file = work.join(format!("{name}.java"));
    fs::write(&file, source).with_context(|| format!("failed to write {}", file.display()))?;
    let log = home.log("build-jars")?;
    let bin = java.home.join("bin");
    let mut javac = tool(bin.join("javac"));
    javac.args(["-nowarn", "-d"]).arg(&classes).arg("-cp").arg(jars.join("*")).arg(&file);
    run_logged(&mut javac, &log)?;
    run_logged(tool(bin.join("jar")).arg("cf").arg(jar).arg("-C").arg(&classes).arg("."), &log)?;
    fs::remove_dir_all(&work).with_context(|| format!("failed to remove {}", work.display()))
}
