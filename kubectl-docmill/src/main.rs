//! `kubectl docmill`: the plugin of kubectl.

use std::process::ExitCode;

use clap::Parser as _;
use kubectl_docmill::cli::Cli;
use kubectl_docmill::commands::shell::COMPLETE;
use kubectl_docmill::dispatch;
use kubectl_docmill::output::notice;

fn main() -> ExitCode {
    // An error means that a provider is installed already; there is only one in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            notice::tell(&format!("error: failed to start the runtime: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if let [_, command, rest @ ..] = words.as_slice()
        && command == COMPLETE
    {
        return runtime.block_on(dispatch::complete(rest)).into();
    }
    match runtime.block_on(dispatch::run(&Cli::parse())) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            notice::tell(&failure.explanation());
            ExitCode::FAILURE
        }
    }
}
