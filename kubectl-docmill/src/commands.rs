//! The commands: one file each. A command reads through [`crate::cluster`], has its answer rendered by a pure function, and
//! prints it.

pub mod cat;
pub mod console;
pub mod diff;
pub mod doctor;
/// Documents of a source.
pub mod documents {
    pub mod search;
}
pub mod enrich;
pub mod estimate;
pub mod failures;
pub mod history;
pub mod ingest_runs;
pub mod init;
/// What was stated of a day, held against the stores.
pub mod lineage {
    pub mod verify;
}
pub mod reproduce;
pub mod shell;
pub mod suspend;
pub mod top;
pub mod trace;

use std::path::Path;

use crate::cluster::{Cluster, ClusterArgs};
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
    /// By the global flags. Nothing is read yet.
    pub const fn new(cluster: ClusterArgs, screen: Screen) -> Self {
        Self { cluster, screen }
    }

    /// Reads the kubeconfig. No request is sent yet.
    pub async fn cluster(&self) -> Result<Cluster, Failure> {
        Cluster::connect(&self.cluster).await
    }
}

/// The text of a file that a flag names.
fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("failed to read {}: {error}", path.display())))
}
