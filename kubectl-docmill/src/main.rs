//! `kubectl docmill`: the plugin of kubectl.

use std::process::ExitCode;

use clap::Parser as _;
use kubectl_docmill::cli::Cli;
use kubectl_docmill::commands;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // An error means that a provider is installed already; there is only one in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: failed to start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(&cli)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprint!("{}", failure.explanation());
            ExitCode::FAILURE
        }
    }
}
