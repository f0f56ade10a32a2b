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
use crate::cluster::{Cluster, RecordError};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::reproduce::golden_files::{self, MODEL_FILE};
use crate::reproduce::{
    Agreement, ClusterOutcome, LocalError, LocalObject, LocalOutcome, LocalSettings, Reproduction, compare,
    convert,
};

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
    object: LocalObject,
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
    let settings = Box::pin(settings(args, of_unit, session)).await?;
    let outcome =
        convert(&settings, &fetched.object).map_err(|error| failed_to_convert(&fetched.object, &error))?;
    let saved = match &args.save {
        Some(folder) => save(folder, &fetched.object, &settings.conversion, &outcome)?,
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
        Failure::new(trace.unknown().trim_end_matches('.'))
            .advice("`kubectl docmill trace` says what it could be")
    })?;
    let digest = unit.metadata.name.clone().unwrap_or_default();
    let content = match cluster.unit_content(&digest, Subresource::Raw, Some(&unit.source)).await {
        Ok(bytes) => Some(bytes),
        // Workers do not read some of the large ones either.
        Err(RecordError::TooLarge(_)) if unit.raw.size.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    let object = object_of(&unit, content);
    let error =
        trace.errors.into_iter().find(|error| error.metadata.name.as_deref() == Some(digest.as_str()));
    Ok(Fetched { object, cluster: Some(ClusterOutcome { unit, error }) })
}

/// The object of a unit.
fn object_of(unit: &Unit, content: Option<Vec<u8>>) -> LocalObject {
    let Unit { raw, conversion, .. } = unit;
    let told = raw.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let recorded = conversion.as_ref().and_then(|stage| stage.recorded_time.parse().ok());
    LocalObject {
        key: raw.key.clone(),
        size: content.as_ref().map_or(told, |bytes| bytes.len() as u64),
        content,
        landed: raw.last_modified.as_deref().and_then(|time| time.parse().ok()),
        converted: recorded.unwrap_or_else(Timestamp::now),
    }
}

fn of_file(file: &Path) -> Result<Fetched, Failure> {
    let bytes = fs::read(file)
        .map_err(|error| Failure::new(format!("failed to read {}: {error}", file.display())))?;
    let (now, size) = (Timestamp::now(), bytes.len() as u64);
    let (key, content) = (file.display().to_string(), Some(bytes));
    let object = LocalObject { key, content, size, landed: Some(now), converted: now };
    Ok(Fetched { object, cluster: None })
}

fn read_model(file: &Path) -> Result<Conversion, Failure> {
    conversion(&read_file(file)?).map_err(|error| {
        Failure::new(format!("failed to read the model in {}: {error}", file.display()))
            .advice("`job-runner model check` explains each line that is wrong")
    })
}

/// The model of a file, or the one that workers of the source use now; and where the source's documents belong.
async fn settings(
    args: &ReproduceArgs,
    of_unit: Option<&str>,
    session: &Session,
) -> Result<LocalSettings, Failure> {
    let of_file = args.model.as_deref().map(read_model).transpose()?;
    match (args.source.as_deref().or(of_unit), of_file) {
        (Some(source), of_file) => of_source(&session.cluster().await?, source, of_file).await,
        (None, Some(conversion)) => Ok(LocalSettings { conversion, index: None }),
        (None, None) => Err(Failure::new("no model: name a source with --source, or a file with --model")),
    }
}

async fn of_source(
    cluster: &Cluster,
    source: &str,
    of_file: Option<Conversion>,
) -> Result<LocalSettings, Failure> {
    let spec = cluster.get::<IngestSource>(source).await?.spec;
    let conversion = if let Some(conversion) = of_file {
        conversion
    } else if let Some(reference) = &spec.conversion.model_ref {
        cluster.get::<ConversionModel>(&reference.name).await?.spec.0
    } else {
        spec.conversion
    };
    Ok(LocalSettings { conversion, index: spec.index })
}

fn failed_to_convert(object: &LocalObject, error: &LocalError) -> Failure {
    let failure = Failure::new(format!("failed to convert {}: {error}", object.key));
    match error {
        LocalError::NoContent(_) => failure.advice("get it from its bucket, and name it with --file"),
        _ => failure,
    }
}

/// Writes the files of a test. A model that is there already stays.
fn save(
    folder: &Path,
    object: &LocalObject,
    conversion: &Conversion,
    outcome: &LocalOutcome,
) -> Result<Vec<String>, Failure> {
    let failed =
        |path: &Path, error: String| Failure::new(format!("failed to write {}: {error}", path.display()));
    let content = object.content.as_deref().ok_or_else(|| {
        Failure::new(format!("failed to save {}: it is too large to be fetched", object.key))
            .advice("leave out --save, or get it from its bucket and name it with --file")
    })?;
    fs::create_dir_all(folder).map_err(|error| failed(folder, error.to_string()))?;
    let files = golden_files::files(&object.key, content, conversion, outcome);
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
        key: fetched.object.key,
        unit: unit.as_ref().and_then(|unit| unit.metadata.name.clone()),
        state: unit.as_ref().map(|unit| unit.state.as_str().to_owned()),
        cluster_revision: revision.filter(|revision| *revision != outcome.revision),
        revision: outcome.revision,
        documents: outcome.documents.len().saturating_sub(outcome.unstored),
        refusals: outcome.refusals,
        agreement,
        saved,
    }
}
