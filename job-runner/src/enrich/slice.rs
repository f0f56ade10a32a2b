//! Processes one slice of a run to completion.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::elastic::Elastic;
use docmill_clients::model_server::link::MountedLink;
use docmill_clients::retry::retry_transient;
use docmill_crds::api::enrichment_run::Budget as Spending;
use docmill_crds::contract::{EnrichOrder, EnrichStep, Report, secret_mount};
use docmill_crds::records::enrichments;
use tokio_util::sync::CancellationToken;

use super::error::EnrichError;
use super::model::objects::Objects;
use super::pipeline::context::Flow;
use super::records::budget::Budget;
use super::records::counts::SliceCounts;
use super::records::failures::Failures;
use super::records::progress::Progress;
use super::records::shared_counts::SharedCounts;
use super::retry_policy::PATIENCE;
use super::selection::select::Selection;
use super::slice_plan::SlicePlan;
use super::target::compare::SliceComparison;
use super::target::guard::IndexGuard;
use super::target::store::CopyStore;
use super::target::vectors;

/// How often a slice whose run has exhausted its budget checks whether there is more.
pub(crate) const BUDGET_LOOKED_AT_EVERY: Duration = Duration::from_secs(5);

/// How often a slice is restarted because the cluster lost its view (a node restarted).
pub(crate) const VIEWS: u32 = 3;

/// Processes one slice of a run to completion. `from` and `to` are the clusters of the order.
pub async fn run(
    order: &EnrichOrder,
    slice: i32,
    from: &Elastic,
    to: &Elastic,
    stop: &CancellationToken,
) -> Result<Report, EnrichError> {
    let started = Instant::now();
    let busy_millis = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let slice_plan = SlicePlan::read(order, slice)?;
    let records = enrichments::enrichments(&order.namespace);
    let claim = async || to.claim(&records, &order.owner(), order.to.adopt).await;
    retry_transient(PATIENCE, stop, claim).await?;
    if order.step == EnrichStep::Clear {
        let done = vectors::clear(order, &slice_plan.target.wildcard(), to, stop).await?;
        let ended = "vectors of other models are taken out".to_owned();
        return Ok(Report { done, busy_millis: busy_millis(), ended, ..Report::default() });
    }
    let (progress, counts) = Progress::resume(&slice_plan, to, stop).await?;
    let store = match &order.step {
        EnrichStep::DryRun | EnrichStep::Compare(_) => {
            CopyStore::read_only(&slice_plan, to, matches!(order.step, EnrichStep::Compare(_)))
        }
        EnrichStep::Enrich | EnrichStep::Clear => CopyStore::prepare(&slice_plan, from, to, stop).await?,
    };
    let guard = IndexGuard::new(&slice_plan, to);
    let failures = Failures::open(&slice_plan, to, stop).await?;
    let budget = Budget::new(&slice_plan, to);
    let links = links(order)?;
    let objects = match &order.storage {
        Some(storage) => Some(Objects::mounted(storage).await?),
        None => None,
    };
    let shared_counts = SharedCounts::new(counts);
    let comparison = Mutex::new(SliceComparison::default());
    let flow = Flow {
        slice_plan: &slice_plan,
        links: &links,
        store: &store,
        guard: &guard,
        failures: &failures,
        progress: &progress,
        budget: &budget,
        objects: objects.as_ref(),
        counts: &shared_counts,
        comparison: &comparison,
        stop,
    };
    let counts = Box::pin(go_over(&flow, from, to)).await?;
    Ok(Report {
        done: counts.done,
        failed: counts.failed,
        skipped: counts.passed_over,
        busy_millis: busy_millis(),
        ended: "the slice is done".to_owned(),
        error: counts.first_failure,
        ..Report::default()
    })
}

/// One link per enricher, each with its own Secret.
pub(crate) fn links(order: &EnrichOrder) -> Result<Vec<MountedLink>, EnrichError> {
    (0..order.enrichers.len())
        .map(|position| Ok(MountedLink::new(secret_mount::enricher(position))?))
        .collect()
}

/// Goes over the slice to its end. Its progress is written in any case, even if the slice breaks off.
pub(crate) async fn go_over(
    flow: &Flow<'_>,
    from: &Elastic,
    to: &Elastic,
) -> Result<SliceCounts, EnrichError> {
    let mut views = 0;
    loop {
        views += 1;
        flow.counts.count(SliceCounts::start_over);
        if let EnrichStep::Compare(compare) = &flow.slice_plan.step {
            *flow.comparison.lock().unwrap_or_else(PoisonError::into_inner) =
                SliceComparison::new(compare.tolerance_milli);
        }
        let mut selection = Selection::open(flow.slice_plan, from, to, flow.stop).await?;
        flow.counts.count(|counts| counts.documents = selection.documents);
        let result = Box::pin(flow.run(&mut selection)).await;
        selection.close().await;
        match result {
            Err(error) if error.lost_view() && views < VIEWS => {
                tracing::warn!(%error, "the search context was lost; starting over");
            }
            Err(EnrichError::BudgetReached) => {
                let reached = flow.budget.limits_now(flow.stop).await?;
                flow.counts.count(|counts| counts.exhausted = reached);
                flow.progress.write(&flow.counts.now(), false, flow.stop).await?;
                wait_for_more(flow, reached).await?;
                views = 0;
            }
            Err(error) => {
                // If this cannot be written, the record keeps its previous content; the error is what
                // matters.
                let _ = flow.progress.write(&flow.counts.now(), false, &CancellationToken::new()).await;
                return Err(error);
            }
            Ok(()) => {
                let counts = flow.counts.now();
                if matches!(flow.slice_plan.step, EnrichStep::Compare(_)) {
                    let comparison = flow.comparison.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    flow.progress.report(&comparison, flow.stop).await?;
                    flow.counts.count(|counts| counts.comparison = comparison.totals());
                }
                flow.progress.write(&flow.counts.now(), true, flow.stop).await?;
                return Ok(counts);
            }
        }
    }
}

/// Waits until the run may spend more. The operator ends the pods of such a run after a moment; if it is
/// away, they wait here and spend nothing.
pub(crate) async fn wait_for_more(flow: &Flow<'_>, reached: Option<Spending>) -> Result<(), EnrichError> {
    tracing::info!("the run has reached its budget; waiting for the budget to be raised");
    loop {
        tokio::select! {
            () = tokio::time::sleep(BUDGET_LOOKED_AT_EVERY) => {}
            () = flow.stop.cancelled() => return Err(EnrichError::Stopped),
        }
        if flow.budget.limits_now(flow.stop).await? != reached {
            return Ok(());
        }
    }
}
