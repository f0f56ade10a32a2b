//! `job-runner model`: helps to write a model. `show` prints a preset to start from, `infer` proposes a model
//! from samples, `check` tells whether a model is valid, and where it is not, `test` compares what becomes of
//! inputs with golden files, and `schema` prints the JSON Schema of model files for editors.

pub(super) mod file;
mod golden;
mod infer;
mod output;

use std::path::PathBuf;
use std::process::ExitCode;

use docmill_crds::conversion::{Field, Preset};
use docmill_crds::reference_docs::model_schema;

use super::exit_status::{UNUSABLE, complain};
use output::print;

/// Write a model: start from a preset or from samples, and check it.
#[derive(Debug, clap::Args)]
pub struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ModelCommand {
    /// Check a model; a fault is shown in its line, and the exit status is 2.
    Check {
        /// A YAML file with a ConversionModel or an IngestSource, or with nothing but a conversion.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print a ready-made model, as a start for one's own.
    Show {
        /// Its name.
        #[arg(value_name = "PRESET", value_parser = preset_names())]
        preset: String,
    },
    /// Propose a model from sample objects: a start, to be read and amended.
    ///
    /// Comments say how many documents have a field, and a value of it. Exit status 0: all samples were taken in; 1: some
    /// were passed over; 2: the command line or a file cannot be used, or there is nothing to propose.
    Infer(infer::InferArgs),
    /// Check a model against golden files: what becomes of each input is what is expected of it.
    ///
    /// Exit status 0: everything is as expected; 1: something is not; 2: the command line, the model or a file cannot be
    /// used.
    Test(golden::TestArgs),
    /// Print the JSON Schema of model files, by which editors complete and check them.
    Schema,
}

pub(super) fn preset_names() -> Vec<&'static str> {
    Preset::ALL.map(Preset::as_str).to_vec()
}

/// Runs the command.
pub fn run(args: &ModelArgs) -> ExitCode {
    let text = match &args.command {
        ModelCommand::Check { file } => check(file),
        ModelCommand::Infer(args) => return infer::run(args),
        ModelCommand::Test(args) => return golden::run(args),
        ModelCommand::Schema => Ok(model_schema()),
        ModelCommand::Show { preset } => Ok(Preset::named(preset).map_or("", Preset::yaml).to_owned()),
    };
    match text {
        Ok(text) => print(&text),
        Err(error) => {
            complain(&error);
            ExitCode::from(UNUSABLE)
        }
    }
}

/// Returns that the model is valid, and a summary of it.
fn check(path: &std::path::Path) -> Result<String, file::ModelFault> {
    let model = file::read(path)?;
    let revision = model.revision();
    if model.format.syntax().is_none() {
        return Ok(format!("ok: a document about each object, revision {revision}\n"));
    }
    let fields = count(&model.fields);
    Ok(format!("ok: record {}, {fields} fields, revision {revision}\n", model.record))
}

/// Number of fields, including those in objects.
fn count(fields: &[Field]) -> usize {
    fields.iter().map(|field| 1 + count(&field.fields)).sum()
}
