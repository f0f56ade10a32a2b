//! `job-runner model test`: checks a model against golden files, which say for each input what becomes of it.
//!
//! Beside an input `NAME.xml` is `NAME.expected.json` if it has one document, else `NAME.expected.ndjson`, and
//! `NAME.error.json` if something is refused. [`files`] finds them, [`outcome`] converts an input, [`diff`] shows
//! how two texts differ.
//!
//! Exit status 0: everything is as expected; 1: something is not; 2: the command line, the model or a file cannot
//! be used.

mod diff;
mod files;
mod outcome;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use docmill_convert::GoldenContent;

use super::file::{self, ModelFault};
use super::output::print;
use crate::commands::convert::engine::Engine;
use crate::commands::exit_status::{REFUSED, UNUSABLE, complain};
use crate::commands::inputs::ReadError;
use files::Fixtures;
use outcome::Golden;

/// The model of a folder.
const MODEL_FILE: &str = "model.yaml";

/// What is tested.
#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// Folders, each with a model in model.yaml, with inputs, and with what is expected of each input: NAME.expected.json
    /// (one document) or NAME.expected.ndjson, and NAME.error.json (refusals).
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,

    /// The model, instead of model.yaml in each folder.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Write what becomes of the inputs as what is expected of them.
    #[arg(long)]
    update: bool,
}

/// Why the command cannot do its work.
#[derive(Debug, thiserror::Error)]
pub(super) enum GoldenError {
    #[error(transparent)]
    Model(#[from] ModelFault),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("failed to write {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{} and {} would share what is expected of them: rename one of them",
        first.display(),
        second.display()
    )]
    SameName { first: PathBuf, second: PathBuf },
    #[error("there are no inputs in {}: put samples there, and run this with --update", folder.display())]
    NoInput { folder: PathBuf },
}

/// What is printed, and how many files are not as expected.
#[derive(Debug, Default)]
struct Report {
    text: String,
    inputs: usize,
    different: usize,
}

/// Runs the command.
pub(super) fn run(args: &TestArgs) -> ExitCode {
    let mut report = Report::default();
    let tested = args.folders.iter().try_for_each(|folder| test(args, folder, &mut report));
    if tested.is_ok() {
        report.total();
    }
    let printed = print(&report.text);
    match tested {
        Err(error) => {
            complain(&error);
            ExitCode::from(UNUSABLE)
        }
        Ok(()) if report.different > 0 => ExitCode::from(REFUSED),
        Ok(()) => printed,
    }
}

fn test(args: &TestArgs, folder: &Path, report: &mut Report) -> Result<(), GoldenError> {
    let model = args.model.clone().unwrap_or_else(|| folder.join(MODEL_FILE));
    let engine = Engine::new(&file::read(&model)?).map_err(ModelFault::Model)?;
    let Fixtures { inputs, mut golden } = files::list(folder)?;
    if inputs.is_empty() {
        return Err(GoldenError::NoInput { folder: folder.to_owned() });
    }
    for (stem, input) in inputs {
        report.inputs += 1;
        for one in outcome::of(&engine, folder, &input, &stem)? {
            let is_there = golden.remove(&one.path);
            let step = if args.update { update } else { compare };
            step(&one, is_there, report)?;
        }
    }
    for path in golden {
        report.different += 1;
        report.tell(&path, "there is no input for it: remove it, or add the input");
    }
    Ok(())
}

/// Compares a golden file with what became of its input.
fn compare(golden: &Golden, is_there: bool, report: &mut Report) -> Result<(), GoldenError> {
    let expected = if is_there { Some(read(&golden.path)?) } else { None };
    let problem = match (&expected, &golden.content.values) {
        (None, None) => return Ok(()),
        (Some(text), Some(_)) if golden.content.is(text) => return Ok(()),
        (Some(_), Some(_)) => "is different",
        (Some(_), None) => "is expected, and nothing of that kind came",
        (None, Some(_)) => "is missing: --update writes it",
    };
    report.different += 1;
    report.tell(&golden.path, problem);
    let expected = expected.map(|text| GoldenContent::text_for_people(&text)).unwrap_or_default();
    report.text.push_str(&diff::diff(&expected, &golden.content.for_people()));
    Ok(())
}

/// Makes a golden file what became of its input.
fn update(golden: &Golden, is_there: bool, report: &mut Report) -> Result<(), GoldenError> {
    let failed = |source| GoldenError::Write { path: golden.path.clone(), source };
    match golden.content.text() {
        None if !is_there => {}
        None => {
            fs::remove_file(&golden.path).map_err(failed)?;
            report.tell(&golden.path, "removed");
        }
        // What says the same in another notation stays as somebody wrote it.
        Some(_) if is_there && golden.content.is(&read(&golden.path)?) => {}
        Some(text) => {
            fs::write(&golden.path, text).map_err(failed)?;
            report.tell(&golden.path, "written");
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, ReadError> {
    fs::read_to_string(path).map_err(|source| ReadError { path: path.to_owned(), source })
}

impl Report {
    fn total(&mut self) {
        let Self { text, inputs, different } = self;
        // Writing to a text does not fail.
        let _ = writeln!(text, "{inputs} inputs, {different} files are not as expected");
    }

    fn tell(&mut self, path: &Path, what: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{}: {what}", path.display());
    }
}
