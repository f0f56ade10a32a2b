//! The order that a run starts with. Pure.

use docmill_crds::contract::{RunOrder, RunStep, label};
use docmill_crds::{IngestRun, IngestSource};
use kube::ResourceExt as _;

use crate::outcome::not_ready::NotReady;
use crate::workers::order::ingest_order;

/// The trigger label value of a run that the poll trigger created.
pub const POLL: &str = "poll";

/// The order of the selecting pod, with the source as it is now.
pub fn order(run: &IngestRun, source: &IngestSource, cluster_uid: &str) -> Result<RunOrder, NotReady> {
    let invalid =
        |field: &str, error: String| NotReady::user("InvalidConversion", format!("{field}: {error}"));
    source.spec.conversion.revision().map_err(|error| {
        invalid(&format!("the IngestSource {:?}: spec.conversion", source.name_any()), error.to_string())
    })?;
    if let Some(proposed) = &run.spec.conversion {
        proposed.revision().map_err(|error| invalid("spec.conversion", error.to_string()))?;
    }
    let is_poll_run = run.labels().get(label::TRIGGER).is_some_and(|trigger| trigger == POLL);
    Ok(RunOrder {
        ingest: ingest_order(source, cluster_uid),
        run: run.name_any(),
        run_uid: run.uid().unwrap_or_default(),
        created_millis: run.creation_timestamp().map_or(0, |time| time.0.as_millisecond()),
        spec: run.spec.clone(),
        poll: source.spec.trigger.poll.clone().filter(|_| is_poll_run),
        enriched: Vec::new(),
        step: RunStep::Plan,
    })
}
