//! A real one-node Kubernetes with real stores on one machine, for the demo and the tests.
//!
//! `cargo testbed up` builds what the cache lacks, starts the control plane, the node and the stores, and imports the
//! product's image. `cargo testbed down` takes all of it away again and keeps the cache. Everything lives in one folder
//! (see `home`), and nothing listens on anything but loopback and the testbed's own bridge.

mod architecture;
mod cluster;
mod command;
mod commands;
mod home;
mod host;
mod ip_family;
mod parts;
mod process;
mod progress;
mod template;
mod versions;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

/// A real cluster with real stores on one machine, for the demo and the tests.
#[derive(Debug, Parser)]
#[command(name = "cargo testbed", bin_name = "cargo testbed")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build what is missing and start everything; starts again what died.
    Up {
        /// Family of the addresses of node, pods and services. Unless it is given, that of the cluster that runs, else ipv4.
        #[arg(long)]
        ip_family: Option<ip_family::IpFamily>,
    },
    /// Stop and remove everything, and keep what was built.
    Down,
    /// Show what runs.
    Status,
    /// Print the shell's settings for the cluster and the stores: eval "$(cargo testbed env)".
    Env {
        /// One JSON object instead of shell lines.
        #[arg(long)]
        json: bool,
    },
    /// Show the log of a part; without a name, the parts there are.
    Logs {
        /// Part, as `status` lists it.
        part: Option<String>,
    },
    /// Stop one process of the cluster, as a failure would.
    Stop {
        /// Which one.
        part: commands::parts::Part,
    },
    /// Start a process that was stopped, and wait until it is ready.
    Start {
        /// Which one.
        part: commands::parts::Part,
    },
    /// Kill the containers of pods with SIGKILL; the kubelet starts them again.
    Kill {
        /// What the pods' names begin with, for example es-raw.
        pods: String,
    },
    /// Kill the kubelet and every container, and start the node anew, as a power cut would.
    Reboot,
    /// Build the product's image from this checkout and import it.
    Image {
        /// Build nothing, and import the same programs as another image, for tests of upgrades.
        #[arg(long)]
        next: bool,
    },
    /// Write the image of a release as an OCI archive, and print its digest.
    ReleaseImage(commands::release_image::ReleaseImage),
    /// Set everything up and take the first articles from the bucket to the enriched index.
    Demo {
        /// Use this kubectl context's cluster in place of the testbed, with the stores of charts/docmill-sandbox.
        #[arg(long)]
        context: Option<String>,
        /// Image of Docmill to install there, as name:tag. Left out: what is installed already.
        #[arg(long, requires = "context")]
        image: Option<String>,
    },
    /// Measure a part of the product on real stores, and print a table, JSON and a row in Markdown.
    ///
    /// Without `--operator` and `--growth`: what an article costs from bucket to index, beside a Python stack and beside the
    /// bare servers.
    Bench(commands::bench::Bench),
    /// Set everything up and run every test, but for those that take more than a minute.
    Test {
        /// Run those that take more than a minute, and no others.
        #[arg(long)]
        long: bool,
        /// Begin no further long test after so many minutes, and say which were left out.
        #[arg(long, requires = "long", default_value_t = 45)]
        minutes: u64,
        /// Run a choice of the tests in pods, and no others, with the image of this archive: release/release.sh writes such.
        #[arg(long, value_name = "ARCHIVE", conflicts_with = "long")]
        image: Option<PathBuf>,
        /// Folder of the plugin of kubectl that these tests call [default: that of this checkout].
        #[arg(long, value_name = "FOLDER", requires = "image")]
        programs: Option<PathBuf>,
        /// Arguments for the tests, after `--`: names to choose them by, for example.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            progress::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let home = home::Home::find()?;
    match command {
        Command::Up { ip_family } => commands::up::run(&home, ip_family)?,
        Command::Down => commands::down::run(&home)?,
        Command::Status => commands::status::run(&home)?,
        Command::Env { json } => commands::env::run(&home, json)?,
        Command::Logs { part } => commands::logs::run(&home, part.as_deref())?,
        Command::Image { next: true } => commands::image::next(&home)?,
        Command::Image { next: false } => commands::image::run(&home)?,
        Command::ReleaseImage(arguments) => commands::release_image::run(&home, &arguments)?,
        Command::Demo { context, image } => {
            return commands::demo::run(&home, context.as_deref(), image.as_deref());
        }
        Command::Bench(arguments) => return commands::bench::run(&home, &arguments),
        Command::Test { image: Some(archive), programs, arguments, .. } => {
            return commands::test_image::run(&home, &archive, programs.as_deref(), &arguments);
        }
        Command::Test { long: true, minutes, arguments, .. } => {
            return Ok(commands::test_long::run(&home, Duration::from_mins(minutes), &arguments));
        }
        Command::Test { arguments, .. } => return Ok(commands::test::run(&home, &arguments)),
        Command::Stop { part } => commands::parts::stop(&home, part)?,
        Command::Start { part } => commands::parts::start(&home, part)?,
        Command::Kill { pods } => commands::parts::kill(&home, &pods)?,
        Command::Reboot => commands::parts::reboot(&home)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Args;

    #[test]
    fn arguments_agree_with_each_other() {
        Args::command().debug_assert();
        let test =
            |arguments: &[&str]| Args::try_parse_from(["testbed", "test"].iter().chain(arguments)).is_ok();
        assert!(test(&["--image", "a.tar", "--programs", "b", "--", "backlog"]));
        assert!(!test(&["--image", "a.tar", "--long"]) && !test(&["--programs", "b"]));
    }
}
