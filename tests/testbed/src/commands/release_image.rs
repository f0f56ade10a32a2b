//! `release-image`: writes the image of built programs as an OCI archive. Needs neither the cluster nor Docker.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use crate::{
    architecture::Architecture,
    home::Home,
    parts::release_image::{self, Release},
    progress::step,
};

/// What goes into the image, and where it goes.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseImage {
    /// Folder of the programs `operator`, `job-runner` and `kubectl-docmill`.
    #[arg(long)]
    programs: PathBuf,
    /// What they run on [default: what this machine does].
    #[arg(long)]
    architecture: Option<Architecture>,
    /// Full name of the image, with its tag: `registry.example.com/docmill:0.1.0`.
    #[arg(long)]
    name: String,
    /// Version of the programs.
    #[arg(long)]
    version: String,
    /// Git commit that they were built from.
    #[arg(long)]
    revision: String,
    /// Time of that commit, as RFC 3339 has it.
    #[arg(long)]
    created: String,
    /// The archive to write.
    archive: PathBuf,
}

/// Writes the archive, and prints the digest of the image.
pub(crate) fn run(home: &Home, arguments: &ReleaseImage) -> anyhow::Result<()> {
    let _lock = home.lock()?;
    let release = Release {
        programs: &arguments.programs,
        architecture: arguments.architecture.unwrap_or(Architecture::OWN),
        name: &arguments.name,
        version: &arguments.version,
        revision: &arguments.revision,
        created: &arguments.created,
    };
    let digest = step("image", || release_image::write(home, &release, &arguments.archive))?;
    writeln!(io::stdout(), "{digest}")?;
    Ok(())
}
