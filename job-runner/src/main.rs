//! `job-runner`: the worker of Docmill.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use job_runner::commands::{convert, model, work};
use tracing_subscriber::EnvFilter;

/// Takes documents from bucket to index, and from index through models.
#[derive(Parser)]
#[command(name = "job-runner", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Do the work that the operator ordered (inside of a worker pod).
    Work,
    /// Convert local files to NDJSON, without a cluster: how a model is developed.
    Convert(convert::Args),
    /// Write a model: start from a preset or from samples, and check it.
    Model(model::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Work => work(),
        Command::Convert(args) => convert::run(&args),
        Command::Model(args) => model::run(&args),
    }
}

fn work() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
    // An error means that a provider is installed already; there is only one in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work::run()),
        Err(error) => {
            tracing::error!(%error, "failed to start the runtime");
            ExitCode::from(docmill_crds::contract::ExitCode::Transient.code())
        }
    }
}
