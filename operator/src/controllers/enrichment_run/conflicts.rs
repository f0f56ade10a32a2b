//! Other runs on the same target. Two concurrent runs would send the same documents to the models twice.
//! Pure.

use docmill_crds::EnrichmentRun;
use docmill_crds::api::enrichment_run::{EnrichmentMode, EnrichmentPhase};
use kube::ResourceExt as _;

use crate::controllers::run_status;

/// The run that has to end, or to be suspended, before this one may work; `None` if there is no conflict.
pub fn in_the_way<'a>(run: &EnrichmentRun, others: &'a [EnrichmentRun]) -> Option<&'a EnrichmentRun> {
    others
        .iter()
        .find(|other| stores(run) && stores(other) && shares_target(run, other) && comes_first(other, run))
}

/// Whether a run calls models and stores their results.
fn stores(run: &EnrichmentRun) -> bool {
    run.spec.mode == EnrichmentMode::Enrich && !run.spec.dry_run
}

fn shares_target(run: &EnrichmentRun, other: &EnrichmentRun) -> bool {
    let (one, two) = (&run.spec, &other.spec);
    run.uid() != other.uid() && one.from == two.from && one.to == two.to
}

/// A running one comes first, then the oldest of those that wait.
fn comes_first(other: &EnrichmentRun, run: &EnrichmentRun) -> bool {
    let status = other.status.as_ref();
    if status.is_some_and(|status| run_status::has_ended(&status.conditions))
        || other.metadata.deletion_timestamp.is_some()
    {
        return false;
    }
    match status.and_then(|status| status.phase) {
        Some(EnrichmentPhase::Running) => true,
        Some(EnrichmentPhase::Suspended) => {
            status.is_some_and(|status| run_status::is_suspended_by_other(&status.conditions))
        }
        _ => !other.spec.suspend && age(other) < age(run),
    }
}

fn age(run: &EnrichmentRun) -> (Option<k8s_openapi::jiff::Timestamp>, String) {
    (run.creation_timestamp().map(|time| time.0), run.name_any())
}
