//! Pages of articles: which of them need work, and what is already stored of them.

use docmill_clients::elastic::{Address, ErrorCause, StoredDocument};
use docmill_crds::contract::EnrichStep;
use docmill_crds::records::enrichments::FailureReason;
use tokio::sync::mpsc;

use super::context::Flow;
use super::first_error::FirstError;
use crate::enrich::article_work::{ArticleWork, DocumentFailure, target_index};
use crate::enrich::error::EnrichError;
use crate::enrich::selection::article_state::{ArticleState, article_state};
use crate::enrich::selection::hits::Article;
use crate::enrich::selection::select::Selection;

/// Reads all pages of a selection and passes on what needs work.
pub(crate) async fn read(
    flow: &Flow<'_>,
    selection: &mut Selection,
    sender: mpsc::Sender<Vec<ArticleWork>>,
    first_error: &FirstError<'_>,
) -> Result<(), EnrichError> {
    while !first_error.token.is_cancelled() {
        let Some(page) = selection.next_page(&first_error.token).await? else { return Ok(()) };
        if !page.gone.is_empty() {
            let gone: Vec<&str> = page.gone.iter().map(String::as_str).collect();
            flow.failures.record(&[], &gone, &first_error.token).await?;
        }
        let works = begin(flow, page.articles, first_error).await?;
        let cut_short = flow.counts.now().cut_short;
        // The receiver is gone: the error that caused it was reported there.
        if sender.send(works).await.is_err() || cut_short {
            return Ok(());
        }
    }
    Ok(())
}

/// Looks up the copies that are already stored and skips what needs no work.
async fn begin(
    flow: &Flow<'_>,
    articles: Vec<Article>,
    first_error: &FirstError<'_>,
) -> Result<Vec<ArticleWork>, EnrichError> {
    let placed = place(flow, articles, first_error).await?;
    let addresses: Vec<Address<'_>> =
        placed.iter().map(|(index, article)| Address { index, id: &article.id }).collect();
    let found = flow.store.copies(&addresses, &first_error.token).await?;
    let missing: Vec<Address<'_>> = addresses
        .iter()
        .zip(&found)
        .filter(|(_, copy)| matches!(copy, Ok(None)))
        .map(|(address, _)| *address)
        .collect();
    let mut elsewhere = flow.store.copies_elsewhere(&missing, &first_error.token).await?;
    let (copies, unreadable): (Vec<_>, Vec<_>) = found.into_iter().zip(&placed).map(copy_or_failure).unzip();
    let refusals = flow.guard.refusals(&placed, &copies, &first_error.token).await?;
    let refusals = unreadable.into_iter().zip(refusals).map(|(unreadable, refusal)| unreadable.or(refusal));
    let compares = matches!(flow.slice_plan.step, EnrichStep::Compare(_));
    let (mut works, mut settled, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (((index, article), copy), refusal) in placed.into_iter().zip(copies).zip(refusals) {
        if let Some(failure) = refusal {
            count_failure(flow, &article, &failure);
            failed.push((article, failure));
            continue;
        }
        let state = article_state(&article, copy.as_ref(), flow.slice_plan);
        match state {
            _ if compares => {}
            ArticleState::Settled => {
                flow.counts.count(|counts| counts.passed_over += 1);
                settled.push(article.id);
                continue;
            }
            ArticleState::DoneByThisRun { cached } => {
                flow.counts.count(|counts| {
                    counts.selected += 1;
                    counts.done += 1;
                    counts.cached += u64::from(cached);
                });
                settled.push(article.id);
                continue;
            }
            ArticleState::Open => {}
        }
        if !flow.budget.take_document(&first_error.token).await? {
            flow.counts.count(|counts| counts.cut_short = true);
            break;
        }
        flow.counts.count(|counts| counts.selected += 1);
        let moved = elsewhere.remove(&article.id).filter(|(_, copy)| copy.version <= article.version);
        let work = match moved {
            Some((from, copy)) => ArticleWork::new(index, article, Some(copy)).moved(from),
            None => ArticleWork::new(index, article, copy),
        };
        works.push(if compares { work.compared() } else { work });
    }
    let settled: Vec<&str> = settled.iter().map(String::as_str).collect();
    flow.failures.record(&borrowed(&failed), &settled, &first_error.token).await?;
    Ok(works)
}

/// The copy of a document, or why it cannot be read: then it could not be written either.
fn copy_or_failure(
    (found, (index, _)): (Result<Option<StoredDocument>, ErrorCause>, &(String, Article)),
) -> (Option<StoredDocument>, Option<DocumentFailure>) {
    match found {
        Ok(copy) => (copy, None),
        Err(fault) => {
            let message = format!(
                "the index {index:?} cannot be read: {}; open it, and retry the document with select: {{state: Failed}}",
                fault.for_records()
            );
            (None, Some(DocumentFailure { reason: FailureReason::IndexRefused, message }))
        }
    }
}

/// Counts a document that cannot be given to any model, because its copy has no place.
fn count_failure(flow: &Flow<'_>, article: &Article, failure: &DocumentFailure) {
    flow.counts.count(|counts| {
        counts.selected += 1;
        counts.fail(&article.id, &failure.message);
    });
}

fn borrowed(failed: &[(Article, DocumentFailure)]) -> Vec<(&Article, &DocumentFailure)> {
    failed.iter().map(|(article, failure)| (article, failure)).collect()
}

/// Where the copies belong. A document whose place cannot be determined has failed.
async fn place(
    flow: &Flow<'_>,
    articles: Vec<Article>,
    first_error: &FirstError<'_>,
) -> Result<Vec<(String, Article)>, EnrichError> {
    let mut placed = Vec::with_capacity(articles.len());
    let mut failed: Vec<(Article, DocumentFailure)> = Vec::new();
    for article in articles {
        match target_index(&flow.slice_plan.target, &article) {
            Ok(index) => placed.push((index, article)),
            Err(failure) => {
                count_failure(flow, &article, &failure);
                failed.push((article, failure));
            }
        }
    }
    flow.failures.record(&borrowed(&failed), &[], &first_error.token).await?;
    Ok(placed)
}
