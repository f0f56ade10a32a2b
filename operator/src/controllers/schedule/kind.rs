//! The kinds of schedules, and what differs between them.

use docmill_crds::{EnrichmentRun, EnrichmentSchedule, IngestRun, IngestSchedule, Schedule};
use kube::core::DeserializeGuard;

use crate::context::Context;
use crate::controllers::run_controller::Run;
use crate::k8s::apply::Writable;
use crate::k8s::view::View;

/// A kind of schedule.
pub trait ScheduleKind: Schedule + Writable + Sync {
    /// The kind of its runs.
    type Run: Run + 'static;

    /// The view that has the runs of all schedules of this kind.
    fn runs(context: &Context) -> &View<DeserializeGuard<Self::Run>>;
    /// A run of this name, with the spec of the template.
    fn templated_run(&self, name: &str) -> Self::Run;
}

impl ScheduleKind for IngestSchedule {
    type Run = IngestRun;

    fn runs(context: &Context) -> &View<DeserializeGuard<IngestRun>> {
        &context.ingest_runs
    }

    fn templated_run(&self, name: &str) -> IngestRun {
        IngestRun::new(name, self.spec.run_template.spec.clone())
    }
}

impl ScheduleKind for EnrichmentSchedule {
    type Run = EnrichmentRun;

    fn runs(context: &Context) -> &View<DeserializeGuard<EnrichmentRun>> {
        &context.scheduled_runs
    }

    fn templated_run(&self, name: &str) -> EnrichmentRun {
        EnrichmentRun::new(name, self.spec.run_template.spec.clone())
    }
}
