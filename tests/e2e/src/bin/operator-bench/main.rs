//! What the operator costs with many sources, of which nine of ten are suspended and the others idle: at rest, at its
//! start, and until a new source is ready. `cargo testbed bench --operator` sets everything up and calls this.

mod fleet;
mod measure;
mod report;

use anyhow::{Context as _, Result};
use e2e::cluster::Cluster;
use e2e::env::Env;
use e2e::install::{self, NAMESPACE, RELEASE};

use fleet::Fleet;

/// As in production: one operator that works, and sweeps every five minutes, in place of what tests need.
const VALUES: &str = "replicaCount=1,retention.intervalSeconds=300,retention.graceSeconds=600";

fn main() -> std::process::ExitCode {
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start")
        .and_then(|runtime| runtime.block_on(bench()));
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<()> {
    let counts = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let counts = counts.collect::<Result<Vec<_>, _>>().context("each argument is a number of sources")?;
    let env = Env::read()?;
    let cluster = Cluster::connect(env.context.as_deref()).await?;
    install::install(&cluster, &env).await?;
    let chart = install::checkout("charts/docmill").display().to_string();
    let release = ["upgrade", RELEASE, &chart, "--namespace", NAMESPACE, "--wait", "--timeout=180s"];
    cluster.helm(&[&release[..], &["--reuse-values", "--set", VALUES]].concat()).await?;
    let measured = all(&cluster, &env, &counts).await;
    let rollback = ["rollback", RELEASE, "--namespace", NAMESPACE, "--wait", "--timeout=180s"];
    cluster.helm(&rollback).await?;
    measured
}

async fn all(cluster: &Cluster, env: &Env, counts: &[u32]) -> Result<()> {
    let mut costs = Vec::new();
    for count in counts {
        let fleet = Fleet::new(cluster, env, *count).await?;
        let measured = async {
            fleet.launch().await?;
            measure::cost(&fleet).await
        };
        let measured = measured.await;
        let removed = fleet.remove().await;
        let cost = measured?;
        report::table(&cost);
        costs.push(cost);
        removed?;
    }
    report::all(&costs);
    Ok(())
}
