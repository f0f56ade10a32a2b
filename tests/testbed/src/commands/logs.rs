//! `logs`: the log of a part, whether it is a process or a pod.

use std::{
    fs,
    io::{self, Write as _},
};

use anyhow::{Context as _, bail};

use crate::{
    cluster::{PROCESSES, kubectl::Kubectl},
    command::output,
    home::Home,
    parts::stores::{ALL, NAMESPACE},
    versions::Versions,
};

/// Prints the whole log of a part, or the parts there are.
pub(crate) fn run(home: &Home, part: Option<&str>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let pods: Vec<&str> = ALL.iter().map(|store| store.name).chain(["coredns"]).collect();
    let Some(part) = part else {
        writeln!(out, "processes: {}\npods:      {}", PROCESSES.join(" "), pods.join(" "))?;
        writeln!(out, "builds:    {}", home.cache().join("log").display())?;
        return Ok(());
    };
    if PROCESSES.contains(&part) {
        let path = home.log(part)?;
        let mut file = fs::File::open(&path).with_context(|| format!("failed to open {}", path.display()))?;
        io::copy(&mut file, &mut out)?;
    } else if pods.contains(&part) {
        let namespace = if part == "coredns" { "kube-system" } else { NAMESPACE };
        let kubectl = Kubectl::new(home, &Versions::read()?);
        let deployment = format!("deployment/{part}");
        let logs = ["logs", "--namespace", namespace, &deployment, "--all-containers"];
        out.write_all(output(&mut kubectl.command(&logs))?.as_bytes())?;
    } else {
        bail!("there is no part {part}: `cargo testbed logs` lists them");
    }
    Ok(())
}
