//! `job-runner convert`: converts local files as a worker would, without a cluster. It is how a person develops a model.
//!
//! [`inputs`](super::inputs) finds the files, [`crew`] has several of them converted at a time and keeps their order,
//! [`work`] makes lines of the verdicts that [`engine`] gives, and this file writes them: documents to standard output as
//! NDJSON, refusals to standard error as NDJSON or, for people, as text.
//!
//! Exit status 0: everything was converted; 1: something was refused; 2: the command line, the model or a file cannot be
//! used. A file that cannot be read ends the work: what was said of the files before it stands.

mod crew;
mod engine;
mod human;
mod progress;
mod tally;
mod work;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use docmill_crds::conversion::{Conversion, Model, Preset};

use super::inputs::{Inputs, ReadError};
use super::model::file::{self, ModelFault};
use super::{REFUSED, UNUSABLE, complain};
use crew::{Crew, Said, Silence};
use engine::Engine;
use progress::Progress;
use tally::Tally;
use work::{Form, Work};

/// Files that are being converted at the same time when `--jobs` says nothing and the cores cannot be counted.
const ONE: NonZero<usize> = NonZero::<usize>::MIN;

/// How long a document may wait in the output's buffer while nothing follows it.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// Convert local files to JSON documents, without a cluster.
///
/// Exit status 0: all was converted; 1: something was refused; 2: the command line, the model or a file cannot be used.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model: a YAML file with an IngestSource, or with nothing but its conversion.
    #[arg(long, value_name = "FILE", required_unless_present = "preset", conflicts_with = "preset")]
    model: Option<PathBuf>,

    /// A ready-made model.
    #[arg(long, value_name = "NAME", value_parser = super::model::preset_names())]
    preset: Option<String>,

    /// Wrap each document: {"path", "index", "document"}.
    #[arg(long)]
    records: bool,

    /// Say what was refused in words, with the line it is about, and at the end how much was done.
    #[arg(long)]
    human: bool,

    /// Write what the files have that no field of the model names to this file, as JSON: {"documents", "paths": [{"path",
    /// "kind", "documents", "occurrences", "example"}], "uncounted"}.
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
    #[error("the conversion of {} broke off, which is a fault of this program", path.display())]
    BrokeOff { path: PathBuf },
    #[error("failed to write the output")]
    Write(#[source] io::Error),
    #[error("failed to write the loss report to {}", path.display())]
    LossReport {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Runs the command.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = convert(args, &mut tally, &mut out, &mut io::stderr());
    // Also after an error: what came before it stands.
    let outcome = outcome.and(out.flush().map_err(ConvertError::Write));
    if args.human {
        // Nobody is left to be told when this fails.
        let _ = writeln!(io::stderr(), "{}", human::totals(&tally, started.elapsed()));
    }
    match outcome {
        // Who reads the output has seen enough.
        Err(ConvertError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => exit(&tally),
        Err(error) => {
            complain(&error);
            ExitCode::from(UNUSABLE)
        }
        Ok(()) => exit(&tally),
    }
}

fn exit(tally: &Tally) -> ExitCode {
    if tally.all_good() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) }
}

fn model(args: &Args) -> Result<Model, ModelFault> {
    if let Some(path) = &args.model {
        return file::read(path);
    }
    let preset = args.preset.as_deref().and_then(Preset::named);
    Conversion { preset, ..Conversion::default() }.resolve().map_err(ModelFault::Model)
}

/// Converts all inputs and counts what became of them.
fn convert(
    args: &Args,
    tally: &mut Tally,
    out: &mut impl Write,
    refusals: &mut impl Write,
) -> Result<(), ConvertError> {
    let form = Form { records: args.records, human: args.human };
    let work = Arc::new(Work::new(Engine::new(&model(args)?).map_err(ModelFault::Model)?, form));
    let working = Arc::clone(&work);
    let mut progress = Progress::new(&args.paths, work.bytes_read());
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(ONE);
    let crew = Crew::start(Inputs::new(&args.paths), jobs.get(), move |path, to| working.convert(path, to));
    for input in crew {
        let (path, said) = input?;
        loop {
            match said.recv_timeout(FLUSH_AFTER) {
                Ok(Said::Lines(lines)) => {
                    tally.add(&lines.tally);
                    out.write_all(&lines.documents).map_err(ConvertError::Write)?;
                    if !lines.refusals.is_empty() {
                        let written = progress.aside(|| refusals.write_all(&lines.refusals));
                        written.map_err(ConvertError::Write)?;
                    }
                }
                Ok(Said::End) => break,
                Ok(Said::Unreadable(source)) => return Err(ReadError { path, source }.into()),
                Err(Silence::Yet) => out.flush().map_err(ConvertError::Write)?,
                Err(Silence::BrokeOff) => return Err(ConvertError::BrokeOff { path }),
            }
            progress.show(tally);
        }
    }
    args.loss_report.as_ref().map_or(Ok(()), |path| report_losses(path, &work))
}

fn report_losses(path: &Path, work: &Work) -> Result<(), ConvertError> {
    let failed = |source| ConvertError::LossReport { path: path.to_owned(), source };
    let report = serde_json::to_vec_pretty(&work.take_losses()).map_err(io::Error::from).map_err(failed)?;
    fs::write(path, report).map_err(failed)
}

#[cfg(test)]
mod tests;
