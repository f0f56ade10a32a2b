//! `job-runner convert`: converts local files as a worker would, without a cluster. It is the tool for
//! developing a model.
//!
//! [`inputs`](super::inputs) finds the files, [`mod@run`] puts small ones together, [`thread_pool`] converts several
//! runs concurrently and keeps their order, [`file_job`] turns the verdicts of [`engine`] into lines, and this module writes them: documents to
//! standard output as NDJSON, refusals to standard error as NDJSON or, for people, as text.
//!
//! Exit status 0: everything was converted; 1: something was refused; 2: the command line, the model or a
//! file cannot be used. A file that cannot be read ends the work: the output for earlier files remains.

mod duplicates;
pub(super) mod engine;
pub(super) mod progress;
mod run;
mod thread_pool;
mod totals;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use docmill_convert::Losses;
use docmill_crds::conversion::{Conversion, Model, Preset};
use docmill_crds::template::TemplateError;

use super::exit_status::{REFUSED, UNUSABLE, complain};
use super::inputs::{Inputs, ReadError};
use super::model::file::{self, ModelFault};
use duplicates::Ids;
use engine::Engine;
use file_job::{ConvertJob, OutputForm};
use progress::ConvertProgress;
use thread_pool::{Crew, Progressed, Silence};
use totals::ConvertTally;

/// The number of concurrent files if `--jobs` is not set and the cores cannot be counted.
const ONE: NonZero<usize> = NonZero::<usize>::MIN;

/// Bytes of output that wait until there are more.
const OUTPUT_BYTES: usize = 64 * 1024;

/// How long a document may wait in the output buffer while nothing follows it.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// Convert local files to JSON documents, without a cluster.
///
/// Exit status 0: all was converted; 1: something was refused; 2: the command line, the model or a file cannot be used.
#[derive(Debug, clap::Args)]
pub struct ConvertArgs {
    /// The model: a YAML file with a ConversionModel or an IngestSource, or with nothing but a conversion.
    #[arg(long, value_name = "FILE", required_unless_present = "preset", conflicts_with = "preset")]
    model: Option<PathBuf>,

    /// A ready-made model.
    #[arg(long, value_name = "NAME", value_parser = super::model::preset_names())]
    preset: Option<String>,

    /// How documents get ids, as index.id of an IngestSource, like "{guid}". With --human, the command names
    /// documents of one file that have the same id, of which a source stores only the last [default: that of the IngestSource in --model].
    #[arg(long, value_name = "TEMPLATE")]
    id: Option<String>,

    /// Wrap each document: {"path", "index", "document"}.
    #[arg(long)]
    records: bool,

    /// Say what was refused in words, with the line it is about, and at the end how much was done.
    #[arg(long)]
    human: bool,

    /// Write what the documents have and the model does not name, counted by path, to this file as JSON:
    /// {"documents", "paths": [{"path", "kind", "documents", "occurrences", "example"}], "uncounted"}.
    #[arg(long, value_name = "FILE")]
    loss_report: Option<PathBuf>,

    /// How many files are converted at the same time [default: the number of cores]. The order of the output is always
    /// that of the input.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// Files, folders (all files in them but hidden ones, in the order of their names), or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Why the command cannot do its work.
#[derive(Debug, thiserror::Error)]
enum ConvertError {
    #[error(transparent)]
    Model(#[from] ModelFault),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the id {template:?} of documents cannot be used")]
    Id {
        template: String,
        #[source]
        source: TemplateError,
    },
    #[error("the conversion of {} broke off, which is a fault of this program", path.display())]
    BrokeOff { path: PathBuf },
    #[error("failed to write {}", path.display())]
    Report {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to write the output")]
    Write(#[source] io::Error),
}

/// Runs the command.
pub fn run(args: &ConvertArgs) -> ExitCode {
    let started = Instant::now();
    let mut tally = ConvertTally::default();
    let mut out = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    let outcome = convert(args, &mut tally, &mut out, &mut io::stderr());
    // Also after an error: the output before it remains.
    let outcome = outcome.and(out.flush().map_err(ConvertError::Write));
    if args.human {
        // If this fails, there is nobody left to notify.
        let _ = writeln!(io::stderr(), "{}", tally.for_people(started.elapsed()));
    }
    match outcome {
        // The reader of the output has seen enough.
        Err(ConvertError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => exit(&tally),
        Err(error) => {
            complain(&error);
            ExitCode::from(UNUSABLE)
        }
        Ok(()) => exit(&tally),
    }
}

fn exit(tally: &ConvertTally) -> ExitCode {
    if tally.all_good() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) }
}

/// The model, and the template of ids beside it.
fn model(args: &ConvertArgs) -> Result<(Model, Option<String>), ModelFault> {
    if let Some(path) = &args.model {
        return file::read_with_id(path);
    }
    let preset = args.preset.as_deref().and_then(Preset::named);
    let model = Conversion { preset, ..Conversion::default() }.resolve().map_err(ModelFault::Model)?;
    Ok((model, None))
}

/// How documents get their ids, for people: nobody else is told of duplicates.
fn ids(args: &ConvertArgs, of_source: Option<String>) -> Result<Option<Ids>, ConvertError> {
    let template = args.id.clone().or(of_source).filter(|_| args.human);
    let by = |template: String| {
        Ids::by(&template).map_err(|source| ConvertError::Id { template: template.clone(), source })
    };
    template.map(by).transpose()
}

/// Converts all inputs and counts the results.
fn convert(
    args: &ConvertArgs,
    tally: &mut ConvertTally,
    out: &mut impl Write,
    refusals: &mut impl Write,
) -> Result<(), ConvertError> {
    let form = OutputForm { records: args.records, human: args.human };
    let (model, id) = model(args)?;
    let engine = Engine::new(&model).map_err(ModelFault::Model)?;
    let job = Arc::new(ConvertJob::new(engine, ids(args, id)?, form));
    // Opened now, so that a path that cannot be written is noticed before long work.
    let loss_report = args.loss_report.as_ref().map(LossReport::create).transpose()?;
    let mut progress = ConvertProgress::new(&args.paths, job.bytes_read());
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(ONE);
    let shared_job = Arc::clone(&job);
    let crew = Crew::start(Inputs::new(&args.paths), jobs.get(), move |run, to| shared_job.convert(run, to));
    for turn in crew {
        let (run, messages) = turn?;
        loop {
            match messages.recv_timeout(FLUSH_AFTER) {
                Ok(Progressed::Lines(lines)) => {
                    tally.add(&lines.tally);
                    out.write_all(&lines.documents).map_err(ConvertError::Write)?;
                    if !lines.refusals.is_empty() {
                        let written = progress.aside(|| refusals.write_all(&lines.refusals));
                        written.map_err(ConvertError::Write)?;
                    }
                }
                Ok(Progressed::End) => break,
                Ok(Progressed::Unreadable(error)) => return Err(error.into()),
                Err(Silence::Yet) => out.flush().map_err(ConvertError::Write)?,
                Err(Silence::BrokeOff) => {
                    return Err(ConvertError::BrokeOff { path: run.current().to_owned() });
                }
            }
            progress.show(tally);
        }
    }
    loss_report.map_or(Ok(()), |report| report.write(&job.take_losses()))
}

/// The file of `--loss-report`.
struct LossReport<'p> {
    path: &'p Path,
    file: File,
}

impl<'p> LossReport<'p> {
    fn create(path: &'p PathBuf) -> Result<Self, ConvertError> {
        let failed = |source| ConvertError::Report { path: path.clone(), source };
        Ok(Self { path, file: File::create(path).map_err(failed)? })
    }

    fn write(mut self, losses: &Losses) -> Result<(), ConvertError> {
        let json = serde_json::to_string_pretty(losses).map_err(io::Error::from);
        let written = json.and_then(|json| writeln!(self.file, "{json}"));
        written.map_err(|source| ConvertError::Report { path: self.path.to_owned(), source })
    }
}

mod file_job;
#[cfg(test)]
mod tests;
