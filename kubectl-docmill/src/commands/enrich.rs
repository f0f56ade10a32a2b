//! `kubectl docmill enrich`: creates an EnrichmentRun, follows it, and ends with its verdict.

use std::path::PathBuf;

use clap::Args;
use docmill_crds::api::schedule::Schedule as _;
use docmill_crds::{EnrichmentRun, EnrichmentRunSpec, EnrichmentSchedule};

use super::{Session, read_file};
use crate::cluster::Cluster;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::runs::follow::create;

const EXAMPLES: &str = "Examples:
  kubectl docmill enrich -f run.yaml
  kubectl docmill enrich --schedule nightly --max-documents 100
  kubectl docmill enrich --like tone-1 --dry-run";

/// Which run.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct EnrichArgs {
    /// How the run is described.
    #[command(flatten)]
    origin: OriginArgs,

    /// Name of the run. Left out: that of the file, or made from the schedule's or the earlier run's.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Only report what would be selected, and how many calls that would take.
    #[arg(long)]
    dry_run: bool,

    /// Documents at most.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    max_documents: Option<i64>,

    /// Create the run, and do not wait for it.
    #[arg(long)]
    detach: bool,
}

/// Where the description of the run is.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct OriginArgs {
    /// YAML file of an EnrichmentRun.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Name of an EnrichmentSchedule: the run that it would create.
    #[arg(long, value_name = "SCHEDULE")]
    schedule: Option<String>,

    /// Name of an EnrichmentRun: the same again.
    #[arg(long, value_name = "RUN")]
    like: Option<String>,
}

/// Creates the run.
pub async fn run(args: &EnrichArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    let run = described(&cluster, &args.origin).await?;
    create(&cluster, session.screen, &with_flags(run, args), args.detach).await
}

async fn described(cluster: &Cluster, origin: &OriginArgs) -> Result<EnrichmentRun, Failure> {
    if let Some(name) = &origin.schedule {
        let schedule: EnrichmentSchedule = cluster.get(name).await?;
        let metadata = schedule.run_metadata().clone();
        let mut run = generated(name, schedule.spec.run_template.spec);
        run.metadata.labels = Some(metadata.labels);
        run.metadata.annotations = Some(metadata.annotations);
        return Ok(run);
    }
    if let Some(name) = &origin.like {
        let earlier: EnrichmentRun = cluster.get(name).await?;
        return Ok(generated(name, EnrichmentRunSpec { suspend: false, ..earlier.spec }));
    }
    // The group of the flags is required, so that there is a file if there is nothing else.
    let path = origin.file.clone().unwrap_or_default();
    serde_saphyr::from_str(&read_file(&path)?).map_err(|error| {
        Failure::new(format!("failed to read an EnrichmentRun from {}: {error}", path.display())).advice(
            "docs/guides/enrichment.md has examples; `kubectl explain enrichmentrun.spec` lists the fields",
        )
    })
}

/// A run with a name of its own.
fn generated(name: &str, spec: EnrichmentRunSpec) -> EnrichmentRun {
    let mut run = EnrichmentRun::new("", spec);
    run.metadata.name = None;
    // A name has 52 characters at most, and the API server adds five.
    let start: String = name.chars().take(46).collect();
    run.metadata.generate_name = Some(format!("{}-", start.trim_end_matches(['.', '-'])));
    run
}

fn with_flags(mut run: EnrichmentRun, args: &EnrichArgs) -> EnrichmentRun {
    if let Some(name) = &args.name {
        run.metadata.name = Some(name.clone());
        run.metadata.generate_name = None;
    }
    // The namespace of the command is where it is created.
    run.metadata.namespace = None;
    run.spec.dry_run |= args.dry_run;
    run.spec.max_documents = args.max_documents.or(run.spec.max_documents);
    run
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    #[test]
    fn one_description_of_a_run_is_needed() {
        let parses = |line: &str| Cli::try_parse_from(line.split(' ')).is_ok();
        assert!(parses("kubectl-docmill enrich -f run.yaml"));
        assert!(parses("kubectl-docmill enrich --like a --dry-run"));
        assert!(!parses("kubectl-docmill enrich"));
        assert!(!parses("kubectl-docmill enrich --like a --schedule b"));
    }
}
