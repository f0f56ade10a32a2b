//! Logs: one JSON object a line on standard output.

use tracing_subscriber::EnvFilter;

/// Starts logging. `filter` is a level or a list of directives as in `RUST_LOG`.
pub fn init(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("--log-level {filter:?}: {error}; try info or info,kube=debug"))?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .try_init()
        .map_err(|error| anyhow::anyhow!("failed to start logging: {error}"))
}
