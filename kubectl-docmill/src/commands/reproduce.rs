//! `kubectl docmill reproduce`: fetches a raw object and the model in force, and runs the same conversion here with the same
//! code.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use docmill_crds::conversion::Conversion;
use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::unit::Unit;
use docmill_crds::{ConversionModel, IngestSource};
use jiff::Timestamp;

use super::ingest_runs::spec::conversion;
use super::trace::lookup;
use super::{Session, read_file};
use crate::cluster::Cluster;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::reproduce::golden_files::{self, MODEL_FILE};
use crate::reproduce::{Agreement, ClusterOutcome, LocalOutcome, Reproduction, compare, convert};

const EXAMPLES: &str = "Examples:
  kubectl docmill reproduce wire/2026/11/25/a.xml --source wire
  kubectl docmill reproduce urn:newsml:example.com:20261125:1 --save testdata/wire
  kubectl docmill reproduce --file a.xml --source wire
  kubectl docmill reproduce --file a.xml --model model.yaml

Exit status: 0 if everything is converted, 3 if something is refused or the cluster came to something else.";

/// What to convert, and by which model.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ReproduceArgs {
    /// Id of a document, key or URL of an object, or digest of a unit.
    #[arg(value_name = "ID|KEY|URL|DIGEST", required_unless_present = "file", conflicts_with = "file")]
    target: Option<String>,

    /// A file on this machine, instead of an object of the cluster.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Name of the IngestSource. Left out: the one that the object belongs to.
    #[arg(short, long, value_name = "SOURCE", required_unless_present_any = ["target", "model"])]
    source: Option<String>,

    /// A model on this machine, instead of that of the source: a ConversionModel, an IngestSource, or a conversion by itself.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Write the object, the model and what becomes of it into this folder, as `job-runner model test` reads them.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// An object, and what the cluster says of it.
struct Fetched {
    key: String,
    bytes: Vec<u8>,
    landed: Option<Timestamp>,
    cluster: Option<ClusterOutcome>,
}

/// Fetches, converts, compares, and shows the result.
pub async fn run(args: &ReproduceArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let fetched = match (&args.target, &args.file) {
        (Some(target), _) => Box::pin(of_cluster(target, args.source.as_deref(), session)).await?,
        (None, Some(file)) => of_file(file)?,
        (None, None) => {
            return Err(Failure::new("nothing to convert: name an object, or a file with --file"));
        }
    };
    let of_unit = fetched.cluster.as_ref().map(|cluster| cluster.unit.source.as_str());
    let model = match (&args.model, args.source.as_deref().or(of_unit)) {
        (Some(file), _) => read_model(file)?,
        (None, Some(source)) => Box::pin(model_in_force(&session.cluster().await?, source)).await?,
        (None, None) => {
            return Err(Failure::new("no model: name a source with --source, or a file with --model"));
        }
    };
    let outcome = convert(&model, &fetched.bytes, &fetched.key, fetched.landed)
        .map_err(|error| Failure::new(format!("failed to convert {}: {error}", fetched.key)))?;
    let saved = match &args.save {
        Some(folder) => save(folder, &fetched, &model, &outcome)?,
        None => Vec::new(),
    };
    let reproduction = reproduction(fetched, outcome, saved);
    session.screen.show(&reproduction)?;
    let is_well = reproduction.refusals.is_empty() && reproduction.agreement != Agreement::Different;
    Ok(if is_well { ExitStatus::Success } else { ExitStatus::Findings })
}

async fn of_cluster(target: &str, source: Option<&str>, session: &Session) -> Result<Fetched, Failure> {
    let cluster = session.cluster().await?;
    let trace = lookup::find(&cluster, target, source).await?;
    let unit = trace.all_units().next().cloned().ok_or_else(|| {
        Failure::new(format!("nothing is known of {target} in namespace {}", cluster.namespace()))
            .advice("`kubectl docmill trace` says what it could be")
    })?;
    let digest = unit.metadata.name.clone().unwrap_or_default();
    let bytes = cluster.unit_content(&digest, Subresource::Raw, Some(&unit.source)).await?;
    let Unit { raw, .. } = &unit;
    let (key, landed) = (raw.key.clone(), raw.last_modified.as_deref().and_then(|time| time.parse().ok()));
    let error =
        trace.errors.into_iter().find(|error| error.metadata.name.as_deref() == Some(digest.as_str()));
    Ok(Fetched { key, bytes, landed, cluster: Some(ClusterOutcome { unit, error }) })
}

fn of_file(file: &Path) -> Result<Fetched, Failure> {
    let bytes = fs::read(file)
        .map_err(|error| Failure::new(format!("failed to read {}: {error}", file.display())))?;
    Ok(Fetched { key: file.display().to_string(), bytes, landed: Some(Timestamp::now()), cluster: None })
}

fn read_model(file: &Path) -> Result<Conversion, Failure> {
    conversion(&read_file(file)?).map_err(|error| {
        Failure::new(format!("failed to read the model in {}: {error}", file.display()))
            .advice("`job-runner model check` explains each line that is wrong")
    })
}

/// The model that workers of a source use now.
async fn model_in_force(cluster: &Cluster, source: &str) -> Result<Conversion, Failure> {
    let stated = cluster.get::<IngestSource>(source).await?.spec.conversion;
    match &stated.model_ref {
        Some(reference) => Ok(cluster.get::<ConversionModel>(&reference.name).await?.spec.0),
        None => Ok(stated),
    }
}

/// Writes the files of a test. A model that is there already stays.
fn save(
    folder: &Path,
    fetched: &Fetched,
    conversion: &Conversion,
    outcome: &LocalOutcome,
) -> Result<Vec<String>, Failure> {
    let failed =
        |path: &Path, error: String| Failure::new(format!("failed to write {}: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error.to_string()))?;
    let files = golden_files::files(&fetched.key, &fetched.bytes, conversion, outcome);
    let mut saved = Vec::new();
    for file in files.map_err(|error| failed(folder, error))? {
        let path = folder.join(&file.name);
        if file.name == MODEL_FILE && path.exists() {
            continue;
        }
        fs::write(&path, &file.content).map_err(|error| failed(&path, error.to_string()))?;
        saved.push(path.display().to_string());
    }
    Ok(saved)
}

fn reproduction(fetched: Fetched, outcome: LocalOutcome, saved: Vec<String>) -> Reproduction {
    let agreement = fetched.cluster.as_ref().map_or(Agreement::Unknown, |cluster| compare(cluster, &outcome));
    let unit = fetched.cluster.map(|cluster| cluster.unit);
    let revision =
        unit.as_ref().and_then(|unit| unit.conversion.as_ref()).map(|stage| stage.revision.clone());
    Reproduction {
        key: fetched.key,
        unit: unit.as_ref().and_then(|unit| unit.metadata.name.clone()),
        state: unit.as_ref().map(|unit| unit.state.as_str().to_owned()),
        cluster_revision: revision.filter(|revision| *revision != outcome.revision),
        revision: outcome.revision,
        documents: outcome.documents.len(),
        refusals: outcome.refusals,
        agreement,
        saved,
    }
}
