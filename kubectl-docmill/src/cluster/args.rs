//! The flags that say which cluster, as in kubectl.

use std::path::PathBuf;

use clap::Args;

/// Which cluster and namespace.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct ClusterArgs {
    /// Namespace. Left out: that of the context.
    #[arg(short, long, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Context of the kubeconfig. Left out: the current one.
    #[arg(long, global = true, value_name = "CONTEXT")]
    pub context: Option<String>,

    /// Path of the kubeconfig. Left out: `KUBECONFIG`, or `~/.kube/config`.
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}
