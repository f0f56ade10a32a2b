//! From the command line to its command.

use clap::CommandFactory as _;
use jiff::Timestamp;

use crate::cli::{Cli, Command};
use crate::commands::documents::search;
use crate::commands::ingest_runs::{self, forget, spec};
use crate::commands::lineage::verify;
use crate::commands::{
    Session, cat, console, diff, doctor, enrich, estimate, failures, history, init, reproduce, shell,
    suspend, top, trace,
};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::Screen;

/// Runs the command of a command line.
pub async fn run(cli: &Cli) -> Result<ExitStatus, Failure> {
    let session = &Session::new(cli.cluster.clone(), Screen::new(&cli.output));
    let now = Timestamp::now();
    match &cli.command {
        Command::Trace(args) => trace::run(args, session).await,
        Command::Search(args) => search::run(args, session).await,
        Command::Failures(args) => failures::run(args, session).await,
        Command::Cat(args) => cat::run(args, session).await,
        Command::Diff(args) => diff::run(args, session).await,
        Command::History(args) => history::run(args, session).await,
        Command::Top(args) => top::run(args, session).await,
        Command::Console(args) => console::run(args, session).await,
        Command::Replay(args) => ingest_runs::run(spec::replay(args, now), &args.run, session).await,
        Command::Process(args) => ingest_runs::run(spec::process(args, now), &args.run, session).await,
        Command::Reconvert(args) => ingest_runs::run(spec::reconvert(args), &args.run, session).await,
        Command::Shadow(args) => ingest_runs::shadow(args, session).await,
        Command::Audit(args) => ingest_runs::run(spec::audit(args), &args.run, session).await,
        Command::Forget(args) => Box::pin(forget::run(args, session)).await,
        Command::Enrich(args) => enrich::run(args, session).await,
        Command::Suspend(args) => suspend::run(args, true, session).await,
        Command::Resume(args) => suspend::run(args, false, session).await,
        // On the heap: these and the verification are large.
        Command::Doctor(args) => Box::pin(doctor::run(args, session)).await,
        Command::Reproduce(args) => Box::pin(reproduce::run(args, session)).await,
        Command::Estimate(args) => estimate::run(args, session),
        Command::Verify(args) => Box::pin(verify::run(args, session)).await,
        Command::Init(args) => init::run(args, session),
        Command::Man => shell::man(Cli::command(), session.screen),
    }
}

/// Prints what the last of these words can become, for kubectl.
pub async fn complete(words: &[String]) -> ExitStatus {
    shell::complete(Cli::command(), words).await
}
