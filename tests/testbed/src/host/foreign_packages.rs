//! Debian packages for another architecture than the machine's. apt keeps the lists of these in a folder of their own, so
//! that apt and dpkg of the machine stay as they are.

use std::{fs, path::Path, process::Command};

use anyhow::Context as _;

use crate::{
    architecture::Architecture,
    command::{Failed, run_logged, tool},
    home::Home,
};

/// Downloads packages into `folder`. What apt needs to find them lies in `state`, which may be removed afterwards.
pub(crate) fn download(
    home: &Home,
    architecture: Architecture,
    packages: &[&str],
    folder: &Path,
    state: &Path,
) -> anyhow::Result<()> {
    for needed in ["lists/partial", "cache/archives/partial"] {
        let needed = state.join(needed);
        fs::create_dir_all(&needed).with_context(|| format!("failed to create {}", needed.display()))?;
    }
    let status = state.join("status");
    fs::write(&status, "").with_context(|| format!("failed to write {}", status.display()))?;
    let log = home.log("packages")?;
    run_logged(apt_get(architecture, state).arg("update"), &log)
        .and_then(|()| {
            let mut download = apt_get(architecture, state);
            run_logged(download.arg("download").args(packages).current_dir(folder), &log)
        })
        .map_err(|_| {
            let name = architecture.name();
            let advice = format!(
                "see to it that the sources of apt have packages for {name}: Debian's do; on Ubuntu, add \
                 http://ports.ubuntu.com for arm64"
            );
            Failed::with_log(format!("failed to download packages for {name}"), &log).advice(advice).into()
        })
}

/// apt, as if the machine had this architecture and no package yet.
fn apt_get(architecture: Architecture, state: &Path) -> Command {
    let (name, state) = (architecture.name(), state.display());
    let mut apt = tool("apt-get");
    for setting in [
        format!("APT::Architecture={name}"),
        format!("APT::Architectures={name}"),
        // apt's own user may not write into the testbed's folder.
        "APT::Sandbox::User=root".to_owned(),
        format!("Dir::State::lists={state}/lists"),
        format!("Dir::State::status={state}/status"),
        format!("Dir::Cache={state}/cache"),
    ] {
        apt.arg("--option").arg(setting);
    }
    apt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_machines_own_apt_is_written() {
        let apt = apt_get(Architecture::Arm64, Path::new("/s"));
        let settings: Vec<_> = apt.get_args().filter_map(|word| word.to_str()).collect();
        for own in ["Dir::State::lists=/s/lists", "Dir::State::status=/s/status", "Dir::Cache=/s/cache"] {
            assert!(settings.contains(&own), "{own} is missing in {settings:?}");
        }
        assert!(settings.contains(&"APT::Architecture=arm64"), "{settings:?}");
    }
}
