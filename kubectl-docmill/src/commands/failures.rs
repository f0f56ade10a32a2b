//! `kubectl docmill failures`: what was refused of a source, by reason, with examples.

pub mod summary;

use clap::Args;
use docmill_crds::IngestSource;
use docmill_crds::records_api::MAX_LIMIT;
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use jiff::Timestamp;

use super::Session;
use crate::arguments::since::Since;
use crate::cluster::{Cluster, RecordError};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::watch::{self, WatchArgs};
use summary::FailureSummary;

/// Pages that are read at most: 5000 units.
const PAGES: usize = 10;

const EXAMPLES: &str = "Examples:
  kubectl docmill failures wire
  kubectl docmill failures wire --reason MissingField --since 2h
  kubectl docmill failures wire -o wide --examples 20

Exit status: 0 if nothing was refused, 3 if something was.";

/// Which failures, and whether to keep looking.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct FailuresArgs {
    /// Which failures.
    #[command(flatten)]
    query: FailuresQuery,

    /// How to keep looking.
    #[command(flatten)]
    watch: WatchArgs,
}

/// Which failures.
#[derive(Args, Clone, Debug)]
pub struct FailuresQuery {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Only this reason code.
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,

    /// Only units refused since then: how long ago (30m, 2h, 1d), or a time in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,

    /// Examples of each reason.
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    pub examples: usize,
}

/// Reads the refused units, and shows them grouped.
pub async fn run(args: &FailuresArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    watch::repeatedly(args.watch, session.screen, async || {
        let summary = read(&cluster, &args.query).await?;
        let is_clean = summary.groups.is_empty();
        Ok((summary, if is_clean { ExitStatus::Success } else { ExitStatus::Findings }))
    })
    .await
}

/// Reads the refused units, and groups them. Without the records API the reasons are those of the source's status.
pub async fn read(cluster: &Cluster, query: &FailuresQuery) -> Result<FailureSummary, Failure> {
    match units(cluster, query).await {
        Ok((units, is_cut)) => {
            let is_narrowed = query.reason.is_some() || query.since.is_some();
            let summary = FailureSummary::of_units(&query.source, &units, query.examples, is_cut);
            Ok(FailureSummary { is_narrowed, ..summary })
        }
        Err(RecordError::NotServed(failure)) if query.reason.is_none() && query.since.is_none() => {
            let source: IngestSource = cluster.get(&query.source).await?;
            Ok(FailureSummary::of_status(&source, failure.to_string()))
        }
        Err(other) => Err(other.into()),
    }
}

/// The refused units, the last recorded first, and whether there are more.
async fn units(cluster: &Cluster, wanted: &FailuresQuery) -> Result<(Vec<Unit>, bool), RecordError> {
    let mut query = UnitQuery {
        source: Some(wanted.source.clone()),
        state: Some(State::Failed),
        reason: wanted.reason.clone(),
        since: wanted.since.map(|since| since.time(Timestamp::now()).to_string()),
        limit: Some(MAX_LIMIT),
        ..UnitQuery::default()
    };
    let mut units = Vec::new();
    for _ in 0..PAGES {
        let page = cluster.units(&query).await?;
        units.extend(page.items);
        query.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        if query.continue_token.is_none() {
            break;
        }
    }
    Ok((units, query.continue_token.is_some()))
}
