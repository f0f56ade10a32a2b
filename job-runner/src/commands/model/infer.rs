//! `job-runner model infer`: proposes a model from sample objects, by the rules of `docmill-infer`. Here is its I/O.
//!
//! Exit status 0: all samples were taken in; 1: some were skipped; 2: the command line or a file cannot be
//! used, or there is nothing to propose.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use docmill_crds::conversion::ModelError;
use docmill_infer::{Nothing, Pattern, PatternFault, Samples, yaml};

use crate::commands::exit_status::{REFUSED, UNUSABLE, complain};
use crate::commands::explainer::Explainer;
use crate::commands::inputs::{Input, Inputs, ReadError, open};

/// Propose a model from sample objects: a start, to be read and amended.
#[derive(Debug, clap::Args)]
pub(super) struct InferArgs {
    /// The path of the elements that are one document each, like /feed/entry or //item; names are in whatever namespace.
    /// Without it, they are the root elements, or what repeats in these and makes up most of them.
    #[arg(long, value_name = "PATH")]
    record: Option<String>,

    /// Files, folders (all files in them but hidden ones, in the order of their names), or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
enum InferError {
    #[error(transparent)]
    Pattern(#[from] PatternFault),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Nothing(#[from] Nothing),
    #[error("the proposal is no model, which is a fault of this program")]
    NoModel(#[source] ModelError),
}

/// Runs the command.
pub(super) fn run(args: &InferArgs) -> ExitCode {
    match infer(args, &mut io::stderr()) {
        Ok((yaml, all)) => {
            let printed = super::output::print(&yaml);
            if all { printed } else { ExitCode::from(REFUSED) }
        }
        Err(error) => {
            complain(&error);
            ExitCode::from(UNUSABLE)
        }
    }
}

/// The model as YAML, and whether it is based on all samples. What is skipped is reported to `aside`.
fn infer(args: &InferArgs, aside: &mut impl Write) -> Result<(String, bool), InferError> {
    let pattern = args.record.as_deref().map(Pattern::parse).transpose()?;
    let mut samples = Samples::new(pattern);
    let mut unread = 0;
    for input in Inputs::new(&args.paths) {
        let Input { path, .. } = input?;
        let name = path.display().to_string();
        let refusals = match open(&path).and_then(|mut object| samples.add_object(&name, &mut *object)) {
            Ok(refusals) => refusals,
            Err(source) => return Err(ReadError { path, source }.into()),
        };
        unread += refusals.len();
        let mut explainer = Explainer::new(&path);
        for refusal in &refusals {
            // If this fails, there is nobody left to notify; the same below.
            let _ = aside.write_all(explainer.explain(refusal).as_bytes());
        }
    }
    let mut all = unread == 0;
    if !all {
        let _ =
            writeln!(aside, "passed over: {unread} that cannot be read, also with repairs, as shown above");
    }
    let (proposal, without) = samples.propose()?;
    proposal.conversion().resolve().map_err(InferError::NoModel)?;
    for line in proposal.mended() {
        let _ = writeln!(aside, "mended: {line}");
    }
    for line in proposal.beside() {
        let _ = writeln!(aside, "left out: {line}");
    }
    for (root, objects) in without {
        all = false;
        let record = proposal.record();
        let _ =
            writeln!(aside, "passed over: {objects} with the root element {root}, without a record {record}");
    }
    Ok((yaml(&proposal), all))
}
