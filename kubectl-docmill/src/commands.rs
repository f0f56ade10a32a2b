//! The commands: one file each. A command reads through [`crate::cluster`], has its answer rendered by a pure function, and
//! prints it.

pub mod doctor;
pub mod suspend;

use crate::cli::{Cli, Command};
use crate::cluster::{Cluster, ClusterArgs};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::Screen;

/// What every command has: where the cluster is, and where its output goes.
#[derive(Clone, Debug)]
pub struct Session {
    cluster: ClusterArgs,
    /// Where output goes, and in which form.
    pub screen: Screen,
}

impl Session {
    /// Reads the kubeconfig. No request is sent yet.
    pub async fn cluster(&self) -> Result<Cluster, Failure> {
        Cluster::connect(&self.cluster).await
    }
}

/// Runs the command of a command line.
pub async fn run(cli: &Cli) -> Result<ExitStatus, Failure> {
    let session = Session { cluster: cli.cluster.clone(), screen: Screen::new(&cli.output) };
    match &cli.command {
        Command::Suspend(args) => suspend::run(args, true, &session).await,
        Command::Resume(args) => suspend::run(args, false, &session).await,
        Command::Doctor(args) => doctor::run(args, &session).await,
    }
}
