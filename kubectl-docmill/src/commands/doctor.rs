//! `kubectl docmill doctor`: what is wrong with the installation and a source, and what mends it.

mod observe;

use clap::Args;
use jiff::Timestamp;

use super::Session;
use crate::doctor::diagnose;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::notice;

const EXAMPLES: &str = "Examples:
  kubectl docmill doctor
  kubectl docmill doctor wire
  kubectl docmill doctor wire --no-probe -o json

It exits with 3 if something is wrong.";

/// What to examine.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Name of an IngestSource, which a pod with the identity of its workers examines. Left out: the installation, and
    /// what the operator says of all sources of the namespace.
    #[arg(value_name = "SOURCE")]
    source: Option<String>,

    /// Start no pod with the identity of a worker.
    #[arg(long)]
    no_probe: bool,

    /// How many seconds that pod may take to start and to answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3600))]
    timeout: u32,
}

/// Examines, and shows the diagnosis.
pub async fn run(args: &DoctorArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    let probe_seconds = (!args.no_probe).then_some(args.timeout);
    if let Some(source) =
        args.source.as_ref().filter(|_| probe_seconds.is_some() && session.screen.is_terminal)
    {
        notice::tell(&format!("Asking the stores with the identity of a worker of {source} …\n"));
    }
    // On the heap: resources are large.
    let facts = Box::pin(observe::facts(&cluster, args.source.as_deref(), probe_seconds)).await?;
    let diagnosis = diagnose(&facts, env!("CARGO_PKG_VERSION"), Timestamp::now());
    session.screen.show(&diagnosis)?;
    let is_sound = diagnosis.failed().next().is_none();
    Ok(if is_sound { ExitStatus::Success } else { ExitStatus::Findings })
}
