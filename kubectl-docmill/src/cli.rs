//! The command line: global flags and commands.

use clap::{Parser, Subcommand};

use crate::cluster::ClusterArgs;
use crate::commands::{doctor, suspend};
use crate::output::OutputArgs;

/// Where documents are, what failed and why, and runs that are followed to their end.
///
/// It uses the kubeconfig as kubectl does, and needs no other credentials.
#[derive(Debug, Parser)]
#[command(name = "kubectl-docmill", bin_name = "kubectl docmill", version, about, long_about)]
pub struct Cli {
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How results are shown.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Suspend a source, a run or a schedule.
    Suspend(suspend::SuspendArgs),
    /// Resume a source, a run or a schedule.
    Resume(suspend::SuspendArgs),
    /// Find what is wrong with the installation or a source, and what mends it.
    Doctor(doctor::DoctorArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_definitions_of_the_command_line_agree() {
        Cli::command().debug_assert();
    }
}
