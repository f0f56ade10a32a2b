//! `kubectl docmill init`: an IngestSource that fits, from samples, flags and answers. The cluster is not asked.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use docmill_crds::conversion::{Conversion, Preset};

use super::ingest_runs::spec::conversion;
use super::{Session, read_file};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::init::{Answers, Fit, Trigger, best};

const EXAMPLES: &str = "Examples:
  kubectl docmill init samples/*.xml > source.yaml      # asks for what is missing
  kubectl docmill init --preset rss --bucket news --region eu-west-1 --poll 60 \\
    --elasticsearch https://es:9200 --elasticsearch-secret es | kubectl apply -f -";

/// What the source is like. What is missing is asked for on a terminal.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// Sample objects. The preset that converts them is chosen, unless --preset or --model names another.
    #[arg(value_name = "FILE")]
    samples: Vec<PathBuf>,

    /// Name of the source.
    #[arg(long, value_name = "NAME", default_value = "wire")]
    name: String,

    /// A preset, for example newsml-g2.
    #[arg(long, value_name = "PRESET", conflicts_with = "model")]
    preset: Option<String>,

    /// A file with a model, as `job-runner model infer` writes it.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// The bucket for snapshots and errors, and for raw objects unless --raw-bucket names another.
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,

    /// The bucket with the raw objects.
    #[arg(long, value_name = "BUCKET")]
    raw_bucket: Option<String>,

    /// What the keys of raw objects start with.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,

    /// Region of the buckets.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// URL of an object store that is not AWS's.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,

    /// Secret with the keys of the object store. Left out: the pod's own identity.
    #[arg(long, value_name = "SECRET")]
    storage_secret: Option<String>,

    /// URL of the SQS queue that has the notifications of the bucket.
    #[arg(long, value_name = "URL", conflicts_with = "poll")]
    queue_url: Option<String>,

    /// Instead of a queue: list the bucket every so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i32).range(10..=604_800))]
    poll: Option<i32>,

    /// URL of Elasticsearch or OpenSearch.
    #[arg(long, value_name = "URL")]
    elasticsearch: Option<String>,

    /// Secret with the login of the cluster. Left out: it needs none.
    #[arg(long, value_name = "SECRET")]
    elasticsearch_secret: Option<String>,

    /// Name of the index, with fields of the document in braces.
    #[arg(long, value_name = "TEMPLATE", default_value = "articles-{publishedAt:%Y.%m}")]
    index: String,

    /// Id of a document, with fields of the document in braces.
    #[arg(long, value_name = "TEMPLATE", default_value = "{guid}")]
    id: String,
}

/// Finds out what is missing, and prints the source.
pub fn run(args: &InitArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let (conversion, about) = model(args)?;
    let trigger = match (&args.queue_url, args.poll) {
        (Some(url), _) => Trigger::Queue(url.clone()),
        (None, Some(seconds)) => Trigger::Poll(seconds),
        (None, None) => Trigger::Queue(given(None, "--queue-url or --poll", "URL of the SQS queue")?),
    };
    let answers = Answers {
        name: args.name.clone(),
        bucket: given(args.bucket.as_ref(), "--bucket", "Bucket")?,
        raw_bucket: args.raw_bucket.clone(),
        prefix: args.prefix.clone(),
        region: given(args.region.as_ref(), "--region", "Region of the buckets")?,
        endpoint: args.endpoint.clone(),
        storage_secret: args.storage_secret.clone(),
        trigger,
        elasticsearch: given(args.elasticsearch.as_ref(), "--elasticsearch", "URL of Elasticsearch")?,
        elasticsearch_secret: args.elasticsearch_secret.clone(),
        index: args.index.clone(),
        id: args.id.clone(),
        conversion,
    };
    let manifest =
        answers.manifest().map_err(|error| Failure::new(format!("failed to make a source: {error}")))?;
    let yaml = serde_saphyr::to_string(&manifest)
        .map_err(|error| Failure::new(format!("failed to write the source: {error}")))?;
    session.screen.print(&format!("{about}{yaml}"))?;
    Ok(ExitStatus::Success)
}

/// The conversion, and a comment that says why it is this one.
fn model(args: &InitArgs) -> Result<(Conversion, String), Failure> {
    if let Some(file) = &args.model {
        let wrong = |error: String| Failure::new(format!("failed to read {}: {error}", file.display()));
        return Ok((conversion(&read_file(file)?).map_err(wrong)?, String::new()));
    }
    if let Some(name) = &args.preset {
        let preset = Preset::named(name).ok_or_else(|| {
            let all: Vec<&str> = Preset::ALL.into_iter().map(Preset::as_str).collect();
            Failure::new(format!("there is no preset {name:?}"))
                .advice(format!("name one of {}", all.join(", ")))
        })?;
        return Ok((of_preset(preset), String::new()));
    }
    let samples: Vec<(String, Vec<u8>)> =
        args.samples.iter().map(|file| sample(file)).collect::<Result<_, _>>()?;
    let Fit { preset, documents, refusals } = best(&samples).ok_or_else(|| {
        Failure::new("no preset converts the samples, or there are none").advice(
            "name a preset with --preset, or have `job-runner model infer SAMPLES > model.yaml` propose a model and name it \
             with --model, --index and --id",
        )
    })?;
    let about = format!(
        "# The preset {} makes {documents} documents of the samples; {refusals} are refused.\n",
        preset.as_str()
    );
    Ok((of_preset(preset), about))
}

fn of_preset(preset: Preset) -> Conversion {
    Conversion { preset: Some(preset), ..Conversion::default() }
}

fn sample(file: &Path) -> Result<(String, Vec<u8>), Failure> {
    let bytes = fs::read(file)
        .map_err(|error| Failure::new(format!("failed to read {}: {error}", file.display())))?;
    Ok((file.display().to_string(), bytes))
}

/// The value of a flag, or the answer to a question if there is somebody to ask.
fn given(value: Option<&String>, flag: &str, question: &str) -> Result<String, Failure> {
    if let Some(value) = value {
        return Ok(value.clone());
    }
    let missing = || Failure::new(format!("{flag} is missing")).advice(format!("give it: {question}"));
    if !io::stdin().is_terminal() {
        return Err(missing());
    }
    eprint!("{question}: ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|_| missing())?;
    let answer = answer.trim();
    if answer.is_empty() { Err(missing()) } else { Ok(answer.to_owned()) }
}
