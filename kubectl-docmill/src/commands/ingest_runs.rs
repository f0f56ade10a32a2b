//! `replay`, `process`, `reconvert`, `shadow`, `audit` and `forget`: create an IngestRun, follow it, and end with its
//! verdict.

pub mod args;
pub mod forget;
pub mod spec;

use docmill_crds::{IngestRun, IngestRunSpec};

use super::{Session, read_file};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::runs::follow::create;
use args::{RunArgs, ShadowArgs};

/// Creates the run of a rehearsal, whose conversion is in a file.
pub async fn shadow(args: &ShadowArgs, session: &Session) -> Result<ExitStatus, Failure> {
    run(spec::shadow(args, &read_file(&args.file)?)?, &args.run, session).await
}

/// Creates the run of a spec.
pub async fn run(spec: IngestRunSpec, args: &RunArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let run = resource(spec, args.name.clone());
    create(&session.cluster().await?, session.screen, &run, args.detach).await
}

/// The run of a spec; without a name, the API server makes one of mode and source.
pub fn resource(spec: IngestRunSpec, name: Option<String>) -> IngestRun {
    let mut run = IngestRun::new("", spec);
    let prefix = spec::name_prefix(run.spec.mode, &run.spec.source_ref.name);
    run.metadata.generate_name = name.is_none().then_some(prefix);
    run.metadata.name = name;
    run
}
