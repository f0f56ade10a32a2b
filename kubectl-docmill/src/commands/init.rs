//! `kubectl docmill init`: an IngestSource that fits, from samples, flags and answers. The cluster is not asked.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use docmill_crds::conversion::{Conversion, Preset};
use docmill_infer::Pattern;

use super::ingest_runs::spec::conversion;
use super::{Session, read_file};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::init::{Answers, Fit, Inferred, Trigger, best, commented, infer};
use crate::output::notice;

const EXAMPLES: &str = "Examples:
  kubectl docmill init samples/*.xml > source.yaml      # asks for what is missing
  kubectl docmill init --preset rss --bucket news --region eu-west-1 --poll 60 \\
    --elasticsearch https://es:9200 --elasticsearch-secret es | kubectl apply -f -";

/// What the presets fill.
const ID: &str = "{guid}";
const INDEX: &str = "articles-{publishedAt:%Y.%m}";

/// What the source is like. What is missing is asked for on a terminal.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// Sample objects. The preset that converts them is chosen, unless --preset or --model names another; where none
    /// does, a model is made from them.
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

    /// Make a model from the samples, in which the elements with this path are one document each, like /feed/entry or
    /// //item.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["preset", "model"])]
    record: Option<String>,

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

    /// Name of the index, with fields of the document in braces. Left out: by the month of publication, if samples or the
    /// preset have one.
    #[arg(long, value_name = "TEMPLATE")]
    index: Option<String>,

    /// Id of a document, with fields of the document in braces. Left out: the id that samples or the preset have.
    #[arg(long, value_name = "TEMPLATE")]
    id: Option<String>,
}

/// How objects become documents, and what it proposes for the index.
struct Model {
    conversion: Conversion,
    /// The conversion as YAML with comments, if it was made from samples.
    yaml: Option<String>,
    id: Option<String>,
    index: String,
    /// Comments that say why it is this one.
    about: String,
}

impl Model {
    /// A preset, or a model whose fields have the same names.
    fn given(conversion: Conversion, about: String) -> Self {
        Self { conversion, yaml: None, id: Some(ID.to_owned()), index: INDEX.to_owned(), about }
    }

    fn of_preset(preset: Preset, about: String) -> Self {
        Self::given(Conversion { preset: Some(preset), ..Conversion::default() }, about)
    }
}

/// Finds out what is missing, and prints the source.
pub fn run(args: &InitArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let Model { conversion, yaml: commented_model, id, index, about } = model(args)?;
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
        index: args.index.clone().unwrap_or(index),
        id: given(args.id.as_ref().or(id.as_ref()), "--id", "Id of a document, like {number}-{date}")?,
        conversion,
    };
    let manifest =
        answers.manifest().map_err(|error| Failure::new(format!("failed to make a source: {error}")))?;
    let yaml = serde_saphyr::to_string(&manifest)
        .map_err(|error| Failure::new(format!("failed to write the source: {error}")))?;
    let yaml = match commented_model {
        Some(model) => commented(&yaml, &model),
        None => yaml,
    };
    session.screen.print(&format!("{about}{yaml}"))?;
    Ok(ExitStatus::Success)
}

/// The model that the flags name, else the preset that fits the samples, else a model that is made from them.
fn model(args: &InitArgs) -> Result<Model, Failure> {
    if let Some(file) = &args.model {
        let wrong = |error: String| Failure::new(format!("failed to read {}: {error}", file.display()));
        return Ok(Model::given(conversion(&read_file(file)?).map_err(wrong)?, String::new()));
    }
    if let Some(name) = &args.preset {
        let preset = Preset::named(name).ok_or_else(|| {
            let all: Vec<&str> = Preset::ALL.into_iter().map(Preset::as_str).collect();
            Failure::new(format!("there is no preset {name:?}"))
                .advice(format!("name one of {}", all.join(", ")))
        })?;
        return Ok(Model::of_preset(preset, String::new()));
    }
    let samples: Vec<(String, Vec<u8>)> =
        args.samples.iter().map(|file| sample(file)).collect::<Result<_, _>>()?;
    if samples.is_empty() {
        return Err(Failure::new("there are no samples")
            .advice("name sample objects, or a preset with --preset, or a file with a model with --model"));
    }
    if let Some(record) = &args.record {
        let pattern = Pattern::parse(record).map_err(|fault| Failure::new(fault.to_string()))?;
        return inferred(&samples, Some(pattern));
    }
    let Some(Fit { preset, documents, refusals }) = best(&samples) else { return inferred(&samples, None) };
    let about = format!(
        "# The preset {} makes {documents} documents of the samples; {refusals} are refused.\n",
        preset.as_str()
    );
    Ok(Model::of_preset(preset, about))
}

/// The model that is made from the samples.
fn inferred(samples: &[(String, Vec<u8>)], record: Option<Pattern>) -> Result<Model, Failure> {
    let Inferred { conversion, yaml, id, index, about } = infer(samples, record).map_err(|error| {
        Failure::new(format!("failed to make a model from the samples: {error}"))
            .advice("name a preset with --preset, or a file with a model with --model, --index and --id")
    })?;
    Ok(Model { conversion, yaml: Some(yaml), id, index, about })
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
    notice::tell(&format!("{question}: "));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|_| missing())?;
    let answer = answer.trim();
    if answer.is_empty() { Err(missing()) } else { Ok(answer.to_owned()) }
}
