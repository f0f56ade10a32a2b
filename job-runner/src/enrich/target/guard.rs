//! Keeps documents with wrong or hostile values from creating indices that nobody wants: by the window of the dates
//! that may name an index, and by the number of new ones per hour. A document that has a copy already needs no new
//! index, and is not asked about.

use std::collections::BTreeSet;

use docmill_clients::clock;
use docmill_clients::elastic::{Elastic, StoredDocument};
use docmill_clients::retry::retry_transient;
use docmill_convert::IndexWindow;
use docmill_crds::contract::EnrichStep;
use docmill_crds::records::enrichments::{FailureReason, new_indices_id};
use docmill_crds::template::Template;
use tokio_util::sync::CancellationToken;

use crate::enrich::article_work::DocumentFailure;
use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::selection::hits::Article;
use crate::enrich::slice_plan::SlicePlan;
use crate::ingest::index::index_creation_limit::{IndexCreationLimit, Record};

/// The guards of a target.
pub(crate) struct IndexGuard {
    name: Template,
    /// `None` for a comparison, which needs no place for a copy.
    window: Option<IndexWindow>,
    /// `None` for a run that writes no copies.
    limit: Option<IndexCreationLimit>,
}

impl IndexGuard {
    /// The guards of the target of a slice, in the cluster `to`. All runs into a target share the record of its new
    /// indices.
    pub(crate) fn new(slice_plan: &SlicePlan, to: &Elastic) -> Self {
        let compares = matches!(slice_plan.step, EnrichStep::Compare(_));
        let writes = !compares && slice_plan.step != EnrichStep::DryRun;
        let limit = || {
            let (index, id) = (slice_plan.enrichments_index.clone(), new_indices_id(&slice_plan.target_key));
            let record = Record { elastic: to.clone(), index, id };
            IndexCreationLimit::by(to.clone(), record, slice_plan.target_index.max_new_indices_per_hour)
        };
        Self {
            name: slice_plan.target.clone(),
            window: (!compares).then_some(slice_plan.window),
            limit: writes.then(limit),
        }
    }

    /// Why documents without a copy may not be stored where they belong, by position. `placed`: each with the name
    /// of its index; `copies`: those that are stored there. Reserves the indices that are created for the others.
    pub(crate) async fn refusals(
        &self,
        placed: &[(String, Article)],
        copies: &[Option<StoredDocument>],
        stop: &CancellationToken,
    ) -> Result<Vec<Option<DocumentFailure>>, EnrichError> {
        let now = clock::now_millis();
        let mut refusals: Vec<Option<DocumentFailure>> = placed
            .iter()
            .zip(copies)
            .map(|((_, article), copy)| copy.is_none().then(|| self.out_of_window(article, now)).flatten())
            .collect();
        let Some(limit) = &self.limit else { return Ok(refusals) };
        let names = placed
            .iter()
            .zip(copies)
            .zip(&refusals)
            .filter(|((_, copy), refusal)| copy.is_none() && refusal.is_none())
            .map(|(((index, _), _), _)| index.as_str());
        let unknown = limit.unknown(names);
        if unknown.is_empty() {
            return Ok(refusals);
        }
        let refused =
            retry_transient(PATIENCE, stop, async || limit.look_and_reserve(&unknown, stop).await).await?;
        refuse(&mut refusals, placed, &refused, limit.max_per_hour);
        Ok(refusals)
    }

    fn out_of_window(&self, article: &Article, now_millis: i64) -> Option<DocumentFailure> {
        let fault = self.window?.check(&self.name, &article.source, now_millis).err()?;
        let message = format!(
            "{fault}; if it is right, set spec.to.index.window.{} of a new run, which retries the document with \
             select: {{state: Failed}}",
            fault.bound
        );
        Some(DocumentFailure { reason: FailureReason::DateOutOfWindow, message })
    }
}

/// Refuses the documents of indices that may not be created now.
fn refuse(
    refusals: &mut [Option<DocumentFailure>],
    placed: &[(String, Article)],
    refused: &BTreeSet<String>,
    max_per_hour: usize,
) {
    for ((index, _), refusal) in placed.iter().zip(refusals) {
        if refused.contains(index) {
            refusal.get_or_insert_with(|| too_many(index, max_per_hour));
        }
    }
}

fn too_many(index: &str, max_per_hour: usize) -> DocumentFailure {
    let message = format!(
        "the index {index:?} does not exist, and within this hour the runs into this target have created as many new \
         ones as they may, which is {max_per_hour}; raise spec.to.index.maxNewIndicesPerHour of a new run or wait for \
         the next hour, and retry the document with select: {{state: Failed}}"
    );
    DocumentFailure { reason: FailureReason::TooManyIndices, message }
}

#[cfg(test)]
mod tests {
    use docmill_clients::elastic::{ConcurrencyToken, Elastic, StoredDocument};
    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use docmill_crds::contract::EnrichStep;
    use docmill_crds::records::enrichments::FailureReason;
    use serde_json::{Map, json};
    use tokio_util::sync::CancellationToken;

    use super::{Article, IndexGuard, refuse};
    use crate::enrich::slice_plan::tests::slice_plan;

    fn placed(year: &str) -> (String, Article) {
        let source = json!({"publishedAt": format!("{year}-01-02T00:00:00Z")});
        let source = source.as_object().unwrap().clone();
        (format!("enriched-{year}"), Article { id: year.into(), version: 1, source, has_source: true })
    }

    /// The guard of a step that writes nothing, so that the cluster is not asked.
    fn guard(step: EnrichStep) -> IndexGuard {
        let mut slice_plan = slice_plan();
        slice_plan.step = step;
        let cluster = ElasticsearchCluster { urls: vec!["http://unused:1".into()], ..Default::default() };
        IndexGuard::new(&slice_plan, &Elastic::new(&cluster, &Secrets::default()).unwrap())
    }

    #[tokio::test]
    async fn a_date_out_of_the_window_makes_no_index_and_an_existing_copy_stays_where_it_is() {
        let (stop, placed) = (CancellationToken::new(), ["2024", "9999", "9999"].map(placed));
        let copy = StoredDocument { version: 1, state: ConcurrencyToken::default(), source: Map::new() };
        let copies = [None, None, Some(copy)];
        let refusals = guard(EnrichStep::DryRun).refusals(&placed, &copies, &stop).await.unwrap();
        let reasons: Vec<_> =
            refusals.iter().map(|refusal| refusal.as_ref().map(|failure| failure.reason)).collect();
        assert_eq!(reasons, [None, Some(FailureReason::DateOutOfWindow), None]);
        let message = &refusals[1].as_ref().unwrap().message;
        assert!(message.contains("spec.to.index.window.aheadDays"), "{message}");

        let compare = EnrichStep::Compare(serde_json::from_value(json!({})).unwrap());
        let refusals = guard(compare).refusals(&placed, &copies, &stop).await.unwrap();
        assert!(refusals.iter().all(Option::is_none), "{refusals:?}");
    }

    #[test]
    fn documents_of_an_index_that_is_one_too_many_say_so() {
        let placed = ["2024", "2025", "2025"].map(placed);
        let mut refusals = [None, None, None];
        refuse(&mut refusals, &placed, &["enriched-2025".to_owned()].into(), 1);
        let reasons: Vec<_> =
            refusals.iter().map(|refusal| refusal.as_ref().map(|failure| failure.reason)).collect();
        assert_eq!(reasons, [None, Some(FailureReason::TooManyIndices), Some(FailureReason::TooManyIndices)]);
    }
}
