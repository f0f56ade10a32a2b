//! The flags of OpenLineage events.

use std::path::PathBuf;

/// Events of runs for a system that collects lineage.
#[derive(Clone, Debug, clap::Args)]
pub struct LineageArgs {
    /// URL to which `OpenLineage` events of runs are posted, for example `http://marquez:5000/api/v1/lineage`. It has
    /// to be an allowed endpoint. Default: none are sent.
    #[arg(long = "openlineage-url", env = "DOCMILL_OPENLINEAGE_URL")]
    pub url: Option<String>,

    /// Namespace of the jobs in these events.
    #[arg(long = "openlineage-namespace", env = "DOCMILL_OPENLINEAGE_NAMESPACE", default_value = "docmill")]
    pub job_namespace: String,

    /// Directory with `apiKey`, which is sent as a bearer token, and `ca.crt`, the authority of the receiver.
    /// Both may be left out.
    #[arg(long = "openlineage-secret-dir")]
    pub secret_dir: Option<PathBuf>,
}
