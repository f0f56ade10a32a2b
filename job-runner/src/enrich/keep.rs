//! The end of the way: copies into the target, failures into the records, and how far the slice is.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::EnrichError;
use super::flow::Flow;
use super::hits::Article;
use super::store::Copy;
use super::work::{Failure, Reason, Work};
use crate::elastic::{Address, Outcome};

/// Documents that are stored together at the most.
const TOGETHER: usize = 256;
/// How old what a model gave may get before it is stored: this much may have to be asked for again after a kill.
const AGE: Duration = Duration::from_millis(500);
/// How often the record of the slice is written.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Stores what comes until nothing more does.
pub(super) async fn store_all(
    flow: &Flow<'_>,
    mut finished: mpsc::Receiver<Vec<Work>>,
) -> Result<(), EnrichError> {
    let mut told = Instant::now();
    while let Some(mut works) = finished.recv().await {
        let due = Instant::now() + AGE;
        while works.len() < TOGETHER {
            match tokio::time::timeout_at(due, finished.recv()).await {
                Ok(Some(more)) => works.extend(more),
                Ok(None) | Err(_) => break,
            }
        }
        store(flow, &works).await?;
        if told.elapsed() >= TOLD_EVERY {
            flow.progress.write(&flow.tally.now(), false, flow.stop).await?;
            told = Instant::now();
        }
    }
    Ok(())
}

/// Stores the copies that have at least one result, records what failed, and counts.
async fn store(flow: &Flow<'_>, works: &[Work]) -> Result<(), EnrichError> {
    let (with_results, without): (Vec<&Work>, Vec<&Work>) = works.iter().partition(|work| work.results() > 0);
    let copies = with_results.iter().map(|work| Copy {
        address: Address { index: &work.index, id: &work.article.id },
        version: work.article.version,
        source: work.sealed(&flow.recipe.run),
    });
    let outcomes = flow.store.write(copies, flow.stop).await?;
    let rejected: Vec<Option<Failure>> = outcomes.into_iter().map(rejection).collect();
    let no_result = Failure { reason: Reason::ModelRefused, message: "no model gave a result".to_owned() };
    let mut failed: Vec<(&Article, &Failure)> = Vec::new();
    let mut done: Vec<&Work> = Vec::new();
    for (work, rejection) in with_results.iter().zip(&rejected) {
        match rejection.as_ref().or(work.failure()) {
            Some(failure) => failed.push((&work.article, failure)),
            None => done.push(work),
        }
    }
    failed.extend(without.iter().map(|work| (&work.article, work.failure().unwrap_or(&no_result))));
    let settled: Vec<&str> = done.iter().map(|work| work.article.id.as_str()).collect();
    flow.failures.record(&failed, &settled, flow.stop).await?;
    flow.tally.count(|counts| {
        for work in &done {
            counts.done += 1;
            counts.cached += u64::from(!work.called());
        }
        for (article, failure) in &failed {
            counts.fail(&article.id, &failure.message);
        }
    });
    Ok(())
}

fn rejection(outcome: Outcome) -> Option<Failure> {
    match outcome {
        Outcome::Done | Outcome::Superseded => None,
        Outcome::Rejected(fault) => {
            Some(Failure { reason: Reason::IndexRefused, message: fault.to_string() })
        }
    }
}
