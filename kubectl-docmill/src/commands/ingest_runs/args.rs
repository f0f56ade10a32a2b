//! The flags of the commands that create IngestRuns.

use std::path::PathBuf;

use clap::Args;
use docmill_crds::reason::Reason;
use strum::VariantArray as _;

use crate::arguments::since::Since;

/// How a run is made and followed.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Name of the run. Left out: made from mode and source.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Pods at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(i32).range(1..=100))]
    pub parallelism: i32,

    /// Create the run, and do not wait for it.
    #[arg(long)]
    pub detach: bool,
}

/// Which objects.
#[derive(Args, Clone, Debug, Default)]
pub struct ObjectArgs {
    /// Key of an object; may be repeated.
    #[arg(long = "key", value_name = "KEY", conflicts_with = "prefix")]
    pub keys: Vec<String>,

    /// Only keys that start with this.
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
}

/// What all that is not an audit or a shadow can have.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct WriteArgs {
    /// Only count what would be done.
    #[arg(long)]
    pub dry_run: bool,

    /// Units per second that all pods of the run together begin at most.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(1..=100_000))]
    pub max_units_per_second: Option<i32>,
}

/// Retry refused units.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  kubectl docmill replay wire
  kubectl docmill replay wire --reason MissingField --since 2h
  kubectl docmill replay wire --key wire/2026/11/25/a.xml")]
pub struct ReplayArgs {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Only this reason code; may be repeated.
    #[arg(long = "reason", value_name = "REASON", value_parser = reason)]
    pub reasons: Vec<Reason>,

    /// Only units refused since then: how long ago (30m, 2h, 1d), or a time in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,

    /// Which objects.
    #[command(flatten)]
    pub objects: ObjectArgs,

    /// How the work is done.
    #[command(flatten)]
    pub write: WriteArgs,

    /// How the run is followed.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Ingest objects of the bucket that were not ingested yet.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  kubectl docmill process wire --prefix wire/2026/11/
  kubectl docmill process wire --key wire/2026/11/25/a.xml
  kubectl docmill process wire --dry-run")]
pub struct ProcessArgs {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Only objects modified since then: how long ago (30m, 2h, 1d), or a time in RFC 3339.
    #[arg(long, value_name = "TIME", conflicts_with = "keys")]
    pub since: Option<Since>,

    /// Which objects.
    #[command(flatten)]
    pub objects: ObjectArgs,

    /// How the work is done.
    #[command(flatten)]
    pub write: WriteArgs,

    /// How the run is followed.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Convert objects again with the conversion in force.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  kubectl docmill reconvert wire
  kubectl docmill reconvert wire --all --max-units-per-second 50")]
pub struct ReconvertArgs {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Also units that were converted with the conversion in force.
    #[arg(long)]
    pub all: bool,

    /// Which objects.
    #[command(flatten)]
    pub objects: ObjectArgs,

    /// How the work is done.
    #[command(flatten)]
    pub write: WriteArgs,

    /// How the run is followed.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Rehearse another conversion, and report what would change.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  kubectl docmill shadow wire -f new.yaml
  kubectl docmill shadow wire -f new.yaml --prefix wire/2026/11/25/")]
pub struct ShadowArgs {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// YAML file of the proposed conversion: a ConversionModel, an IngestSource, or a conversion by itself.
    #[arg(short, long, value_name = "FILE")]
    pub file: PathBuf,

    /// Which objects.
    #[command(flatten)]
    pub objects: ObjectArgs,

    /// How the run is followed.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Compare bucket, records, snapshots, index and errors.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  kubectl docmill audit wire
  kubectl docmill audit wire --repair")]
pub struct AuditArgs {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Repair the differences.
    #[arg(long)]
    pub repair: bool,

    /// From how many units the repair may delete what no record and no object account for. Left out: 100, or 1 % of the
    /// units if that is more.
    #[arg(long, value_name = "NUMBER", requires = "repair", value_parser = clap::value_parser!(i32).range(0..))]
    pub max_deleted_units: Option<i32>,

    /// How the run is followed.
    #[command(flatten)]
    pub run: RunArgs,
}

/// A reason code, as it is written everywhere.
fn reason(text: &str) -> Result<Reason, String> {
    let known = Reason::VARIANTS.iter().copied().find(|reason| reason.as_str() == text);
    known.ok_or_else(|| "no such reason code; docs/reference/reasons.md lists them all".to_owned())
}
