//! The last step: stores copies in the target, failures in the records, and the progress of the slice. A
//! rehearsal and a comparison store no copies.

use std::sync::PoisonError;
use std::time::Duration;

use docmill_clients::elastic::{Address, ItemOutcome};
use docmill_crds::api::enrichment_run::Compare;
use docmill_crds::contract::EnrichStep;
use docmill_crds::records::enrichments::FailureReason;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::context::Flow;
use crate::batching::gather;
use crate::enrich::article_work::{ArticleWork, DocumentFailure};
use crate::enrich::error::EnrichError;
use crate::enrich::records::counts::SliceCounts;
use crate::enrich::selection::hits::Article;
use crate::enrich::target::store::EnrichedCopy;

/// Maximum number of documents that are stored together.
const MOST_TOGETHER: usize = 256;
/// How old a model's result may get before it is stored: this much may have to be requested again after a
/// kill.
const AGE: Duration = Duration::from_millis(500);
/// How often the record of the slice is written.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Stores what comes until nothing more does.
pub(crate) async fn store_all(
    flow: &Flow<'_>,
    mut answered: mpsc::Receiver<Vec<ArticleWork>>,
) -> Result<(), EnrichError> {
    let mut progress_written_at = Instant::now();
    while let Some(first) = answered.recv().await {
        let mut count = 0;
        let enough = |_, works: &Vec<ArticleWork>| {
            count += works.len();
            count >= MOST_TOGETHER
        };
        let works = gather(first, &mut answered, Instant::now() + AGE, enough).await;
        let works: Vec<ArticleWork> = works.into_iter().flatten().collect();
        match &flow.slice_plan.step {
            EnrichStep::DryRun => flow.counts.count(|counts| would_do(counts, &works)),
            EnrichStep::Compare(compare) => compare_all(flow, compare, &works),
            EnrichStep::Enrich | EnrichStep::Clear => store(flow, &works).await?,
        }
        if progress_written_at.elapsed() >= PROGRESS_EVERY {
            flow.progress.write(&flow.counts.now(), false, flow.stop).await?;
            progress_written_at = Instant::now();
        }
    }
    Ok(())
}

/// For a rehearsal, only results that could be reused are known.
fn would_do(counts: &mut SliceCounts, works: &[ArticleWork]) {
    for work in works {
        if let Some(failure) = work.failure() {
            counts.fail(&work.article.id, &failure.message);
            continue;
        }
        counts.cached += u64::from(!work.called());
        counts.empty += u64::from(work.had_empty_input());
    }
}

/// Compares the results of two enrichers, or each document with its copy.
fn compare_all(flow: &Flow<'_>, compare: &Compare, works: &[ArticleWork]) {
    let mut comparison = flow.comparison.lock().unwrap_or_else(PoisonError::into_inner);
    let no_copy =
        DocumentFailure { reason: FailureReason::NotEnriched, message: "it has no enriched copy".to_owned() };
    for work in works {
        let sides = match (&compare.left, &compare.right) {
            (Some(left), Some(right)) => work.result_of(left).zip(work.result_of(right)),
            _ => work.copy.as_ref().map(|copy| (&work.article.source, &copy.source)),
        };
        let Some((left, right)) = sides else {
            let failure = work.failure().unwrap_or(&no_copy);
            flow.counts.count(|counts| counts.fail(&work.article.id, &failure.message));
            continue;
        };
        comparison.add(&work.article.id, left, right);
        flow.counts.count(|counts| {
            counts.done += 1;
            counts.cached += u64::from(!work.called());
        });
    }
}

/// Stores the copies that have at least one result, records what failed, and counts.
async fn store(flow: &Flow<'_>, works: &[ArticleWork]) -> Result<(), EnrichError> {
    let (with_results, without): (Vec<&ArticleWork>, Vec<&ArticleWork>) =
        works.iter().partition(|work| work.result_count() > 0);
    let copies = with_results.iter().map(|work| EnrichedCopy {
        address: Address { index: &work.index, id: &work.article.id },
        version: work.article.version,
        source: work.sealed(&flow.slice_plan.run),
        moved_from: work.moved_from.as_deref(),
    });
    let outcomes = flow.store.write(copies, flow.stop).await?;
    let rejected: Vec<Option<DocumentFailure>> = outcomes.into_iter().map(rejection).collect();
    let no_result =
        DocumentFailure { reason: FailureReason::ModelRefused, message: "no model gave a result".to_owned() };
    let mut failed: Vec<(&Article, &DocumentFailure)> = Vec::new();
    let mut done: Vec<&ArticleWork> = Vec::new();
    for (work, rejection) in with_results.iter().zip(&rejected) {
        match rejection.as_ref().or(work.failure()) {
            Some(failure) => failed.push((&work.article, failure)),
            None => done.push(work),
        }
    }
    failed.extend(without.iter().map(|work| (&work.article, work.failure().unwrap_or(&no_result))));
    let settled: Vec<&str> = done.iter().map(|work| work.article.id.as_str()).collect();
    flow.failures.record(&failed, &settled, flow.stop).await?;
    flow.counts.count(|counts| {
        for work in &done {
            counts.done += 1;
            counts.cached += u64::from(!work.called());
            counts.empty += u64::from(work.had_empty_input());
        }
        for (article, failure) in &failed {
            counts.fail(&article.id, &failure.message);
        }
    });
    Ok(())
}

fn rejection(outcome: ItemOutcome) -> Option<DocumentFailure> {
    match outcome {
        ItemOutcome::Done | ItemOutcome::Superseded => None,
        ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => {
            Some(DocumentFailure { reason: FailureReason::IndexRefused, message: fault.for_records() })
        }
    }
}
