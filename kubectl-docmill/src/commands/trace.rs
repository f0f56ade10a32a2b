//! `kubectl docmill trace`: every stage of a document or an object, where it is stuck, and which command would help.

pub mod advice;
pub mod faults;
pub mod lookup;
pub mod render;
pub mod stages;
#[cfg(test)]
mod tests;

use clap::Args;

use super::Session;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::watch::{self, WatchArgs};

const EXAMPLES: &str = "Examples:
  kubectl docmill trace urn:newsml:example.com:20261125:1
  kubectl docmill trace wire/2026/11/25/a.xml --source wire
  kubectl docmill trace s3://raw/wire/2026/11/25/a.xml -o json

Exit status: 0 if it is known and not refused, 3 if it was refused or nothing knows it, 1 if that could not be found out.";

/// What to look up.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct TraceArgs {
    /// Id of a document; key, URL or ARN of an object; or digest of a unit.
    #[arg(value_name = "ID|KEY|URL|DIGEST")]
    target: String,

    /// Name of the IngestSource. Left out: all of the namespace.
    #[arg(short, long, value_name = "SOURCE")]
    source: Option<String>,

    /// How to keep looking.
    #[command(flatten)]
    watch: WatchArgs,
}

/// Looks up, and shows what was found.
pub async fn run(args: &TraceArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    watch::repeatedly(args.watch, session.screen, async || {
        let trace = lookup::find(&cluster, &args.target, args.source.as_deref()).await?;
        let status = trace.exit_status();
        Ok((trace, status))
    })
    .await
}
