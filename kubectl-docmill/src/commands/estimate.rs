//! `kubectl docmill estimate`: what a source takes in a month, or a run once, before it is created. The cluster is not asked.

use std::path::PathBuf;

use clap::Args;
use docmill_crds::api::storage::{Packing, RawLocation};

use super::{Session, read_file};
use crate::estimate::amount::Given;
use crate::estimate::listing::Listing;
use crate::estimate::{Amount, Bill, Plan, Prices};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;

const EXAMPLES: &str = "Examples:
  kubectl docmill estimate -f source.yaml --per-second 50
  aws s3 ls --recursive s3://news-raw/wire/ | kubectl docmill estimate -f source.yaml --listing /dev/stdin
  kubectl docmill estimate -f enrichment.yaml --objects 1000000 --prices prices.yaml";

/// What is estimated, and of how much.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct EstimateArgs {
    /// An IngestSource (a month), an IngestRun or an EnrichmentRun (once).
    #[arg(short, long, value_name = "FILE")]
    filename: PathBuf,

    /// What `aws s3 ls --recursive` prints, or lines of a size and a key.
    #[arg(long, value_name = "FILE")]
    listing: Option<PathBuf>,

    /// Objects: of a month for a source, altogether for a run.
    #[arg(long, value_name = "NUMBER")]
    objects: Option<u64>,

    /// Objects that arrive in a second.
    #[arg(long, value_name = "NUMBER", value_parser = positive)]
    per_second: Option<f64>,

    /// Bytes of an object. Left out: those of the listing, or 5000.
    #[arg(long, value_name = "BYTES")]
    bytes: Option<u64>,

    /// Documents of an object. Left out: one.
    #[arg(long, value_name = "NUMBER", value_parser = positive)]
    documents_per_object: Option<f64>,

    /// For an IngestRun: its source stores snapshots in packs.
    #[arg(long)]
    packed: bool,

    /// A table of prices, as the documentation shows. Left out: list prices of us-east-1, and models for nothing.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("write a number above 0".to_owned()),
    }
}

/// Reckons, and shows the bill.
pub fn run(args: &EstimateArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let wrong =
        |what: &PathBuf, error: String| Failure::new(format!("failed to read {}: {error}", what.display()));
    let plan = Plan::read(&read_file(&args.filename)?).map_err(|error| wrong(&args.filename, error))?;
    let prices = match &args.prices {
        Some(file) => Prices::read(&read_file(file)?).map_err(|error| wrong(file, error))?,
        None => Prices::default(),
    };
    let listing = match &args.listing {
        Some(file) => {
            let listed = Listing::read(&read_file(file)?, location(&plan).as_ref());
            Some(listed.map_err(|error| wrong(file, error))?)
        }
        None => None,
    };
    session.screen.show(&bill(args, &plan, listing.as_ref(), &prices).map_err(Failure::new)?)?;
    Ok(ExitStatus::Success)
}

/// Which objects of a listing count; all, unless it is one for a source.
fn location(plan: &Plan) -> Option<RawLocation> {
    match plan {
        Plan::Source(source) => Some(source.spec.clone().with_locations().raw),
        Plan::Ingest(_) | Plan::Enrich(_) => None,
    }
}

fn bill(
    args: &EstimateArgs,
    plan: &Plan,
    listing: Option<&Listing>,
    prices: &Prices,
) -> Result<Bill, String> {
    let given = Given {
        objects: args.objects,
        per_second: args.per_second,
        bytes_each: args.bytes,
        documents_each: args.documents_per_object,
    };
    Ok(match plan {
        Plan::Source(source) => Bill::of_source(source, &Amount::of_month(given, listing)?, prices),
        Plan::Ingest(run) => {
            let packing = if args.packed { Packing::Packed } else { Packing::PerUnit };
            Bill::of_run(run, packing, &Amount::of_run(given, listing)?, prices)
        }
        Plan::Enrich(run) => Bill::of_enrichment(run, &Amount::of_run(given, listing)?, prices),
    })
}
