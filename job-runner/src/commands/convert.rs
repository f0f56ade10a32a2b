//! `job-runner convert`: converts local files as a worker would, without a cluster. It is how a person develops a model.
//!
//! Documents go to standard output as NDJSON in the order of the input, refusals to standard error as NDJSON. Exit
//! status 0: everything was converted; 1: something was refused; 2: the command line, the model or a file cannot be used.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use docmill_crds::conversion::{Conversion, ModelError, Preset};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pipeline::convert::{Converter, Document, Refusal};

/// Exit status when something was refused, and when the command cannot do its work.
const REFUSED: u8 = 1;
const UNUSABLE: u8 = 2;

/// Convert local files to JSON documents, without a cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model: a YAML file with an IngestSource, or with nothing but its conversion.
    #[arg(long, value_name = "FILE", required_unless_present = "preset", conflicts_with = "preset")]
    model: Option<PathBuf>,

    /// A ready-made model.
    #[arg(long, value_name = "NAME", value_parser = preset_names())]
    preset: Option<String>,

    /// Wrap each document: {"path", "index", "document"}.
    #[arg(long)]
    records: bool,

    /// Files, folders (every file in them, in the order of their names), or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn preset_names() -> Vec<&'static str> {
    Preset::ALL.map(Preset::as_str).to_vec()
}

/// Why the command cannot do its work.
#[derive(Debug, thiserror::Error)]
enum ConvertError {
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to understand the model in {}", path.display())]
    Yaml {
        path: PathBuf,
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    #[error("{0}")]
    Model(#[from] ModelError),
    #[error("failed to write a document")]
    Write(#[source] io::Error),
}

/// Runs the command.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match convert_all(args, &mut BufWriter::new(io::stdout().lock()), &mut io::stderr().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(REFUSED),
        Err(ConvertError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let first: &dyn std::error::Error = &error;
            let chain = std::iter::successors(Some(first), |cause| cause.source()).map(ToString::to_string);
            let _ = writeln!(io::stderr(), "error: {}", chain.collect::<Vec<_>>().join(": "));
            ExitCode::from(UNUSABLE)
        }
    }
}

/// Converts all inputs; returns whether nothing was refused.
fn convert_all(args: &Args, out: &mut impl Write, refusals: &mut impl Write) -> Result<bool, ConvertError> {
    let converter = Converter::new(&conversion(args)?.resolve()?)?;
    let mut inputs = Vec::new();
    for path in &args.paths {
        list(path, &mut inputs)?;
    }
    let mut all_good = true;
    for path in inputs {
        for verdict in converter.documents(open(&path)?) {
            let verdict = verdict.map_err(|source| ConvertError::Read { path: path.clone(), source })?;
            all_good &= verdict.is_ok();
            write_verdict(&path, verdict, args.records, out, refusals).map_err(ConvertError::Write)?;
        }
    }
    out.flush().map_err(ConvertError::Write)?;
    Ok(all_good)
}

fn conversion(args: &Args) -> Result<Conversion, ConvertError> {
    let Some(path) = &args.model else {
        let preset = args.preset.as_deref().and_then(Preset::named);
        return Ok(Conversion { preset, ..Conversion::default() });
    };
    let yaml =
        fs::read_to_string(path).map_err(|source| ConvertError::Read { path: path.clone(), source })?;
    parse_model(&yaml).map_err(|source| ConvertError::Yaml { path: path.clone(), source: Box::new(source) })
}

/// The conversion of an `IngestSource`, or one that stands alone.
fn parse_model(yaml: &str) -> Result<Conversion, serde_saphyr::Error> {
    #[derive(Deserialize)]
    struct Source {
        spec: Spec,
    }
    #[derive(Deserialize)]
    struct Spec {
        conversion: Conversion,
    }
    let value: Value = serde_saphyr::from_str(yaml)?;
    if value.get("spec").is_some() {
        return Ok(serde_saphyr::from_str::<Source>(yaml)?.spec.conversion);
    }
    if value.get("conversion").is_some() {
        return Ok(serde_saphyr::from_str::<Spec>(yaml)?.conversion);
    }
    serde_saphyr::from_str(yaml)
}

/// The files that a path stands for.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), ConvertError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let failed = |source| ConvertError::Read { path: path.to_owned(), source };
    let entries = fs::read_dir(path).map_err(failed)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort();
    entries.iter().try_for_each(|entry| list(entry, files))
}

/// An input. The converter reads it as it goes, so that its size does not matter.
fn open(path: &Path) -> Result<Box<dyn Read>, ConvertError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|source| ConvertError::Read { path: path.to_owned(), source })?;
    Ok(Box::new(file))
}

fn write_verdict(
    path: &Path,
    verdict: Result<Document, Refusal>,
    records: bool,
    out: &mut impl Write,
    refusals: &mut impl Write,
) -> io::Result<()> {
    let path = path.to_string_lossy();
    match verdict {
        Ok(document) if records => {
            let index = document.index_in_object;
            let document = serde_json::from_str(document.json())?;
            write_line(out, &Converted { path: &path, index, document })
        }
        Ok(document) => writeln!(out, "{}", document.json()),
        Err(refusal) => write_line(refusals, &Refused { path: &path, refusal }),
    }
}

#[derive(Serialize)]
struct Converted<'a> {
    path: &'a str,
    index: u32,
    document: Value,
}

#[derive(Serialize)]
struct Refused<'a> {
    path: &'a str,
    #[serde(flatten)]
    refusal: Refusal,
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests;
