//! `job-runner`: the worker of Docmill.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use docmill_clients::telemetry::build_info;
use docmill_clients::telemetry::logs::{self, LogFormat};
use docmill_crds::contract::LOG_FORMAT_ENV;
use job_runner::commands::{completions, convert, model, work};
use job_runner::telemetry::traces::Traces;
use tokio::runtime::Handle;

/// Takes documents from bucket to index, and from index through models.
#[derive(Parser)]
#[command(name = "job-runner", version = build_info::version(), about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Do the work that the operator ordered (inside of a worker pod).
    Work(Work),
    /// Convert local files to NDJSON, without a cluster: how a model is developed.
    Convert(convert::ConvertArgs),
    /// Write a model: start from a preset or from samples, and check it.
    Model(model::ModelArgs),
    /// Print a script by which a shell completes this command line.
    Completions(completions::CompletionsArgs),
}

/// How a worker logs.
#[derive(Clone, Debug, clap::Args)]
struct Work {
    /// What is logged: a level, or a filter such as `info,hyper=debug`.
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    log_level: String,

    /// The form of the log.
    #[arg(long, env = LOG_FORMAT_ENV, value_enum, default_value_t = LogFormat::Json)]
    log_format: LogFormat,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Work(args) => work(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Completions(args) => completions::run(args, Cli::command()),
    }
}

fn work(args: &Work) -> ExitCode {
    // An error means that a provider is installed already; there is only one in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // One thread serves the connections; what takes long runs on threads of its own. Two would wake each other up all the time.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("failed to start the runtime: {error}");
            return ExitCode::from(docmill_crds::contract::ExitCode::Transient.code());
        }
    };
    let traces = observe(args, runtime.handle());
    let exit = runtime.block_on(work::run());
    if let Some(traces) = traces {
        traces.end();
    }
    exit
}

/// Starts log and spans. A worker without them still works.
fn observe(args: &Work, runtime: &Handle) -> Option<Traces> {
    let (traces, failed) = match Traces::from_env(runtime) {
        Ok(traces) => (traces, None),
        Err(error) => (None, Some(error)),
    };
    if let Err(error) = logs::init_with(args.log_format, &args.log_level, traces.as_ref().map(Traces::layer))
    {
        eprintln!("{error}");
    }
    if let Some(error) = failed {
        tracing::warn!(%error, "failed to set up tracing; no spans will be sent");
    }
    traces
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Arg, CommandFactory as _};

    use super::Cli;

    #[test]
    fn the_page_on_the_command_line_has_every_command_and_flag() {
        let page = include_str!("../../docs/reference/cli.md");
        let (page, _) = page.split_once("\n## operator\n").unwrap();
        let mut left = vec![("job-runner".to_owned(), Cli::command())];
        while let Some((name, command)) = left.pop() {
            let is_shown = command.has_subcommands() || page.contains(&format!("\n{name}"));
            assert!(is_shown, "{name} is missing in the usage");
            let section = page.split("\n### ").find(|section| section.lines().next() == Some(name.as_str()));
            let lines = section.into_iter().flat_map(str::lines);
            let documented = lines.filter_map(|row| row.strip_prefix("| `--")?.split('`').next());
            let documented: BTreeSet<&str> = documented.collect();
            let flags: BTreeSet<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
            assert_eq!(documented, flags, "{name}");
            let commands = command.get_subcommands();
            left.extend(commands.map(|inner| (format!("{name} {}", inner.get_name()), inner.clone())));
        }
    }
}
