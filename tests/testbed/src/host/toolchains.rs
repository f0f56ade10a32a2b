//! The compilers and interpreters that the parts are built with and run on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{
    command::{Failed, output, succeeds, tool},
    home::Home,
    host::packages,
    versions::Versions,
};

/// The Go that builds the control plane must be at least this: etcd's module says so.
const GO_MINOR: u32 = 26;

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Toolchains {
    /// The newest Java development kit.
    pub(crate) java: Java,
    /// A Python that the model server runs on.
    pub(crate) python: Python,
}

/// A Java development kit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Java {
    /// Its feature release, for example 17.
    pub(crate) release: u32,
    /// Its folder, without symbolic links.
    pub(crate) home: PathBuf,
}

/// A Python interpreter.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    /// The interpreter.
    pub(crate) path: PathBuf,
    /// Where its standard library lies.
    pub(crate) prefix: PathBuf,
}

/// Finds everything, and installs from Debian what Debian has.
pub(crate) fn ensure(home: &Home, versions: &Versions) -> anyhow::Result<Toolchains> {
    require_go()?;
    let wanted = &versions.model_server.python;
    let mut missing = Vec::new();
    if newest_java().is_none() {
        missing.push("default-jdk-headless");
    }
    if !succeeds(tool("mvn").arg("--version")) {
        missing.push("maven");
    }
    if find_python(wanted).is_none() {
        missing.extend(["python3", "python3-venv"]);
    }
    if !succeeds(tool("cc").arg("--version")) {
        missing.extend(["gcc", "libc6-dev"]);
    }
    packages::ensure(home, &missing)?;
    let java = newest_java().context(
        "no Java development kit of release 17 or newer was found under /usr/lib/jvm or JAVA_HOME",
    )?;
    let Some(python) = find_python(wanted) else {
        let advice = format!("install one of Python {} with its venv module", wanted.join(", "));
        return Err(Failed::with_output("no Python that the model server runs on was found", "")
            .advice(advice)
            .into());
    };
    Ok(Toolchains { java, python })
}

fn require_go() -> anyhow::Result<()> {
    let advice = format!(
        "install Go 1.{GO_MINOR} or newer from https://go.dev/dl/ and put it on the PATH (Debian 12 has an older one)"
    );
    let version = output(tool("go").args(["env", "GOVERSION"])).map_err(|error| {
        Failed::with_output("Go was not found", format!("{error:#}")).advice(advice.clone())
    })?;
    match go_minor(version.trim()) {
        Some(minor) if minor >= GO_MINOR => Ok(()),
        _ => Err(Failed::with_output(format!("{} is too old", version.trim()), "").advice(advice).into()),
    }
}

fn go_minor(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("go1.")?;
    minor.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn newest_java() -> Option<Java> {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path());
    let chosen = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    installed.chain(chosen).filter_map(|home| java(&home)).filter(|java| java.release >= 17).max()
}

/// A folder is a development kit when it has a compiler and says its release.
fn java(home: &Path) -> Option<Java> {
    if !home.join("bin/javac").exists() {
        return None;
    }
    let release = java_release(&fs::read_to_string(home.join("release")).ok()?)?;
    Some(Java { release, home: home.canonicalize().ok()? })
}

fn java_release(file: &str) -> Option<u32> {
    let version = file.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn find_python(wanted: &[String]) -> Option<Python> {
    wanted.iter().find_map(|version| python(version).ok())
}

fn python(version: &str) -> anyhow::Result<Python> {
    let ask = "import ensurepip, os, sys, venv; print(os.path.realpath(sys.executable)); print(sys.base_prefix); print('%d.%d' % sys.version_info[:2])";
    let answer = output(tool(format!("python{version}")).args(["-c", ask]))?;
    let lines: Vec<&str> = answer.lines().collect();
    let [path, prefix, found] = lines[..] else { bail!("python{version} gave an unknown answer") };
    if found != version {
        bail!("python{version} is {found}");
    }
    Ok(Python { path: path.into(), prefix: prefix.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read() {
        assert_eq!(java_release("IMPLEMENTOR=\"Debian\"\nJAVA_VERSION=\"17.0.15\"\n"), Some(17));
        assert_eq!(java_release("JAVA_VERSION=\"25\"\n"), Some(25));
        assert_eq!(java_release("nothing"), None);
        assert_eq!(go_minor("go1.26.8"), Some(26));
        assert_eq!(go_minor("go1.27rc1"), Some(27));
        assert_eq!(go_minor("devel"), None);
    }
}
