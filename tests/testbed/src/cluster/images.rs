//! The node's images, through containerd's own command line. No registry is needed.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    command::{output, succeeds, tool},
    home::Home,
    process::wait_until,
};

/// Images of the node.
#[derive(Debug)]
pub(crate) struct Images {
    socket: PathBuf,
}

impl Images {
    /// The images of the testbed's node.
    pub(crate) fn new(home: &Home) -> Self {
        Self { socket: home.in_state("containerd.sock") }
    }

    /// Whether containerd answers.
    pub(crate) fn ready(&self) -> bool {
        succeeds(&mut self.ctr(&["version"]))
    }

    /// Whether the node has an image of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        output(&mut self.ctr(&["images", "list", "-q", &format!("name=={name}")]))
            .is_ok_and(|found| found.trim() == name)
    }

    /// Names of all images that start so.
    pub(crate) fn starting_with(&self, start: &str) -> Vec<String> {
        let all = output(&mut self.ctr(&["images", "list", "-q"])).unwrap_or_default();
        all.lines().filter(|name| name.starts_with(start)).map(str::to_owned).collect()
    }

    /// Takes in an archive, as `docker save` writes it.
    pub(crate) fn import(&self, archive: &Path) -> anyhow::Result<()> {
        output(self.ctr(&["images", "import"]).arg(archive)).map(drop)
    }

    /// Gives an image of the node another name, too.
    pub(crate) fn tag(&self, name: &str, other: &str) -> anyhow::Result<()> {
        output(&mut self.ctr(&["images", "tag", name, other])).map(drop)
    }

    /// Forgets an image. Containers that run from it go on.
    pub(crate) fn remove(&self, name: &str) {
        let _ = output(&mut self.ctr(&["images", "remove", name]));
    }

    /// Whether no container runs, the pods' sandboxes included.
    pub(crate) fn no_containers(&self) -> bool {
        output(&mut self.ctr(&["tasks", "list", "-q"])).is_ok_and(|tasks| tasks.trim().is_empty())
    }

    /// Ends every container that is left, and waits until none is.
    pub(crate) fn kill_containers(&self) {
        self.kill(|_| true);
    }

    /// Ends every container but those of pods whose names begin so.
    pub(crate) fn kill_containers_but(&self, pods: &[&str]) {
        let spared =
            pods.iter().map(|start| self.containers_of(start, "").unwrap_or_default()).collect::<String>();
        self.kill(|task| spared.lines().all(|container| container != task));
    }

    /// Ends the containers of pods whose names begin so, but not the sandboxes that they live in. Gives their number.
    pub(crate) fn kill_containers_of(&self, pods: &str) -> anyhow::Result<usize> {
        let meant = self.containers_of(pods, ",labels.\"io.cri-containerd.kind\"==container")?;
        for container in meant.lines() {
            // One that has ended already has no task any more.
            let _ = output(&mut self.ctr(&["tasks", "kill", "-s", "SIGKILL", container]));
        }
        Ok(meant.lines().count())
    }

    /// Ids of the containers of pods whose names begin so, a line each: sandboxes too, unless a filter says otherwise.
    fn containers_of(&self, pods: &str, filter: &str) -> anyhow::Result<String> {
        let filter = format!("labels.\"io.kubernetes.pod.name\"~=\"^{pods}\"{filter}");
        output(&mut self.ctr(&["containers", "list", "-q", &filter]))
    }

    fn kill(&self, is_meant: impl Fn(&str) -> bool) {
        let running = || {
            let tasks = output(&mut self.ctr(&["tasks", "list", "-q"])).unwrap_or_default();
            tasks.lines().filter(|task| is_meant(task)).map(str::to_owned).collect::<Vec<_>>()
        };
        for task in running() {
            let _ = output(&mut self.ctr(&["tasks", "kill", "-s", "SIGKILL", &task]));
        }
        wait_until(Duration::from_secs(5), || {
            let left = running();
            for task in &left {
                let _ = output(&mut self.ctr(&["tasks", "delete", task]));
            }
            left.is_empty()
        });
    }

    fn ctr(&self, arguments: &[&str]) -> Command {
        let mut command = tool("ctr");
        command.arg("--address").arg(&self.socket).args(["--namespace", "k8s.io"]).args(arguments);
        command
    }
}
