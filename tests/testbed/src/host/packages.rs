//! The Debian packages that the node is made of.

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::{
    command::{Failed, output, run_logged, tool},
    home::Home,
};

/// What the node needs from Debian: a package, and a file that shows that it is there.
const PACKAGES: [(&str, &str); 12] = [
    ("containerd", "/usr/bin/containerd"),
    ("runc", "/usr/sbin/runc"),
    ("containernetworking-plugins", "/usr/lib/cni/bridge"),
    ("iptables", "/usr/sbin/iptables"),
    ("conntrack", "/usr/sbin/conntrack"),
    ("ethtool", "/usr/sbin/ethtool"),
    ("socat", "/usr/bin/socat"),
    ("iproute2", "/sbin/ip"),
    ("kmod", "/sbin/modprobe"),
    ("mount", "/bin/mount"),
    ("openssl", "/usr/bin/openssl"),
    ("ca-certificates", "/etc/ssl/certs/ca-certificates.crt"),
];

/// Installs what is missing, the node's packages and these others.
pub(crate) fn ensure(home: &Home, others: &[&str]) -> anyhow::Result<()> {
    require_debian()?;
    let missing = missing(|file| Path::new(file).exists());
    let wanted: Vec<&str> = missing.into_iter().chain(others.iter().copied()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err(not_root(&wanted).into());
    }
    install(home, &wanted)
}

/// Fails unless this user is root: a kubelet cannot run otherwise.
pub(crate) fn require_root() -> anyhow::Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let missing = missing(|file| Path::new(file).exists());
    Err(not_root(&missing).into())
}

fn not_root(wanted: &[&str]) -> Failed {
    let install = if wanted.is_empty() {
        String::new()
    } else {
        format!("apt-get update && apt-get install --yes --no-install-recommends {} && ", wanted.join(" "))
    };
    let advice = format!(
        "run this as root:  {install}cargo testbed up\nor use a cluster that you have:  cargo testbed demo --context NAME"
    );
    Failed::with_output("the testbed's node (containerd, kubelet, network) needs root", "").advice(advice)
}

fn require_debian() -> anyhow::Result<()> {
    let release = fs::read_to_string("/etc/os-release").context("failed to read /etc/os-release")?;
    if release
        .lines()
        .any(|line| line == "ID=debian" || line.starts_with("ID_LIKE=") && line.contains("debian"))
    {
        return Ok(());
    }
    let advice = "use a Debian machine, or a cluster that you have: cargo testbed demo --context NAME";
    Err(Failed::with_output("the testbed is made of Debian's packages, and this is no Debian", "")
        .advice(advice)
        .into())
}

fn missing(exists: impl Fn(&str) -> bool) -> Vec<&'static str> {
    PACKAGES.iter().filter(|(_, file)| !exists(file)).map(|(package, _)| *package).collect()
}

fn install(home: &Home, packages: &[&str]) -> anyhow::Result<()> {
    let log = home.log("packages")?;
    let apt = || {
        let mut apt = tool("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run_logged(apt().arg("update"), &log)?;
    run_logged(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages), &log)
}

/// Downloads packages for this machine into a folder, without installing them.
pub(crate) fn download(home: &Home, packages: &[&str], folder: &Path) -> anyhow::Result<()> {
    let log = home.log("packages")?;
    let download = || run_logged(tool("apt-get").arg("download").args(packages).current_dir(folder), &log);
    // A machine that never updated its package lists, or long ago, cannot download.
    if download().is_err() {
        run_logged(tool("apt-get").arg("update"), &log)?;
        download()?;
    }
    Ok(())
}

/// Unpacks the packages of a folder, each over the others.
pub(crate) fn unpack(folder: &Path, into: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "deb") {
            output(tool("dpkg-deb").arg("-x").arg(entry.path()).arg(into))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_installed() {
        assert_eq!(missing(|_| true), [""; 0]);
        assert_eq!(
            missing(|file| !file.contains("conntrack") && file != "/usr/bin/socat"),
            ["conntrack", "socat"]
        );
    }

    #[test]
    fn without_root_the_advice_is_one_command() {
        let details = not_root(&["runc", "socat"]).details();
        assert!(
            details.contains("install --yes --no-install-recommends runc socat && cargo testbed up"),
            "{details}"
        );
        assert!(!not_root(&[]).details().contains("apt-get"));
    }
}
