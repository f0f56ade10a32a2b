//! The target: its template, the copies that exist, and the copies that are written.

use std::collections::HashMap;

use docmill_clients::elastic::{
    Address, BulkBody, ConcurrencyToken, Elastic, ErrorCause, ItemOutcome, SkipBlocked, StoredDocument,
    mapping,
};
use docmill_clients::retry::retry_transient;
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::records::enrichments::key;
use docmill_crds::template::Template;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::index;
use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::slice_plan::SlicePlan;

/// A bulk is sent when it has this many bytes: large enough to be worth a request, small enough for every
/// cluster.
const BULK_BYTES: usize = 4 * 1024 * 1024;
/// How many copies of an article a search for those elsewhere finds on average: its own, and those of other runs.
const COPIES_OF_EACH: usize = 4;

/// The cluster that enriched documents are written to.
pub(crate) struct CopyStore {
    cluster: Elastic,
    /// The fields of a copy that decide whether it can be reused; an empty list means all.
    fields: Vec<String>,
    /// All indices that a copy can be in, if there is more than one.
    elsewhere: Option<String>,
    /// Name of the index that a copy belongs in.
    target: Template,
}

/// A copy to be written to the target.
pub(crate) struct EnrichedCopy<'a> {
    /// Where it belongs.
    pub(crate) address: Address<'a>,
    /// Version of the article.
    pub(crate) version: u64,
    /// The document as JSON.
    pub(crate) source: Vec<u8>,
    /// Another index from which it has to be deleted.
    pub(crate) moved_from: Option<&'a str>,
}

fn read_elsewhere(mut hit: Value) -> Option<(String, (String, StoredDocument))> {
    let text = |name: &str| hit.get(name)?.as_str().map(str::to_owned);
    let (id, index, version) = (text("_id")?, text("_index")?, hit.get("_version")?.as_u64()?);
    let source = hit.get_mut("_source").map(Value::take);
    let source =
        source.and_then(|source| if let Value::Object(source) = source { Some(source) } else { None });
    Some((
        id,
        (
            index,
            StoredDocument {
                version,
                state: ConcurrencyToken::default(),
                source: source.unwrap_or_default(),
            },
        ),
    ))
}

/// Whether a copy is in the index that the target names for it. One that is not is a copy of another run, whose target
/// (`enriched-sport-{publishedAt:%Y}`) the pattern of this one (`enriched-*`) also matches: it is not to be touched.
fn is_of_target(target: &Template, index: &str, copy: &StoredDocument) -> bool {
    target.render(&copy.source).is_ok_and(|own| own == index)
}

/// A copy in another index than the one where the article belongs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LeftBehind<'a> {
    /// Position of the copy that takes its place.
    position: usize,
    address: Address<'a>,
    version: u64,
}

/// Those of which the copy that takes their place, or a newer one, has arrived. Only they may be deleted: a document is in
/// two places for a moment, and never in none.
fn replaced<'a>(left: &[LeftBehind<'a>], outcomes: &[ItemOutcome]) -> Vec<LeftBehind<'a>> {
    let has_arrived = |left: &&LeftBehind<'a>| {
        matches!(outcomes.get(left.position), Some(ItemOutcome::Done | ItemOutcome::Superseded))
    };
    left.iter().filter(has_arrived).copied().collect()
}

impl CopyStore {
    /// A store that is only read. `whole`: copies with all their fields.
    pub(crate) fn read_only(slice_plan: &SlicePlan, to: &Elastic, whole: bool) -> Self {
        let outputs = slice_plan.models.iter().flat_map(|model| &model.enricher.outputs);
        let outputs = outputs.map(|output| output.field.clone());
        let known = [key::DOCMILL.to_owned(), slice_plan.time_field.clone()];
        let of_place = slice_plan.target.fields().map(str::to_owned);
        let fields = if whole { Vec::new() } else { outputs.chain(known).chain(of_place).collect() };
        let pattern = slice_plan.target.wildcard();
        let elsewhere = pattern.contains('*').then_some(pattern);
        Self { cluster: to.clone(), fields, elsewhere, target: slice_plan.target.clone() }
    }

    /// Ensures that what will be written is mapped: new indices by a template that adopts the fields of the
    /// source and has the options of the run, existing ones by the fields that the models add.
    pub(crate) async fn prepare(
        slice_plan: &SlicePlan,
        from: &Elastic,
        to: &Elastic,
        stop: &CancellationToken,
    ) -> Result<Self, EnrichError> {
        let cluster =
            retry_transient(PATIENCE, stop, async || to.info().await).await.map_err(EnrichError::target)?;
        let added = index::added_fields(slice_plan, cluster.distribution);
        let mut fields =
            retry_transient(PATIENCE, stop, async || from.fields(&slice_plan.from_index).await).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "failed to read the mapping of the source; new indices use the default mapping for its fields");
                Map::new()
            });
        fields.extend(added.clone());
        let pattern = slice_plan.target.wildcard();
        let name = mapping::template_name(&pattern);
        let custom = retry_transient(PATIENCE, stop, async || to.custom_template(&name, cluster).await)
            .await
            .map_err(EnrichError::target)?;
        let template = index::template(slice_plan, &fields, cluster, custom.as_deref());
        retry_transient(PATIENCE, stop, async || to.put_index_template(&name, &template).await)
            .await
            .map_err(EnrichError::target)?;
        match retry_transient(PATIENCE, stop, async || to.add_fields(&pattern, &added).await).await {
            // The user mapped a field in another way, for example as a dense_vector: that mapping stays.
            Err(error) if error.class() == ErrorClass::Permanent => {
                tracing::info!(%error, "existing indices of the target keep their own mapping");
            }
            result => result.map_err(EnrichError::target)?,
        }
        Ok(Self::read_only(slice_plan, to, false))
    }

    /// The copies that are already stored, in the order of the addresses; the inner error is that of an index that cannot
    /// be read and will not recover by itself.
    pub(crate) async fn copies(
        &self,
        addresses: &[Address<'_>],
        stop: &CancellationToken,
    ) -> Result<Vec<Result<Option<StoredDocument>, ErrorCause>>, EnrichError> {
        let read = async || self.cluster.mget_each(addresses, &self.fields).await;
        retry_transient(PATIENCE, stop, read).await.map_err(EnrichError::target)
    }

    /// The copies of documents with these ids that this target has in another index than the one where they belong now,
    /// by id. Finds only those that are visible to searches: an article that moved twice within a second
    /// leaves one behind until it moves again.
    pub(crate) async fn copies_elsewhere(
        &self,
        addresses: &[Address<'_>],
        stop: &CancellationToken,
    ) -> Result<HashMap<String, (String, StoredDocument)>, EnrichError> {
        let Some(pattern) = self.elsewhere.as_ref().filter(|_| !addresses.is_empty()) else {
            return Ok(HashMap::new());
        };
        let ids: Vec<&str> = addresses.iter().map(|address| address.id).collect();
        let source = if self.fields.is_empty() { json!(true) } else { json!(self.fields) };
        let most = COPIES_OF_EACH * ids.len();
        let body = json!({"query": {"ids": {"values": ids}}, "size": most, "version": true, "sort": ["_doc"],
            "_source": source});
        let search = async || self.cluster.search(pattern, &body).await;
        let mut answer = retry_transient(PATIENCE, stop, search).await.map_err(EnrichError::target)?;
        let hits = answer.pointer_mut("/hits/hits").and_then(Value::as_array_mut).map(std::mem::take);
        let found = hits.unwrap_or_default().into_iter().filter_map(read_elsewhere);
        let moved = |(id, (index, copy)): &(String, (String, StoredDocument))| {
            !addresses.contains(&Address { index, id }) && is_of_target(&self.target, index, copy)
        };
        Ok(found.filter(moved).collect())
    }

    /// Writes copies; returns what became of each, in their order. They are built one after the other, so
    /// that no more than one bulk of them is in memory.
    pub(crate) async fn write<'a>(
        &self,
        copies: impl Iterator<Item = EnrichedCopy<'a>> + Send,
        stop: &CancellationToken,
    ) -> Result<Vec<ItemOutcome>, EnrichError> {
        let mut outcomes = Vec::new();
        let mut body = BulkBody::default();
        let mut left = Vec::new();
        for (position, copy) in copies.enumerate() {
            if let Some(index) = copy.moved_from {
                let address = Address { index, id: copy.address.id };
                left.push(LeftBehind { position, address, version: copy.version });
            }
            body.push_index(copy.address, Some(copy.version), &copy.source);
            if body.byte_len() >= BULK_BYTES {
                outcomes.extend(self.send(std::mem::take(&mut body), stop).await?);
            }
        }
        outcomes.extend(self.send(body, stop).await?);
        let replaced = replaced(&left, &outcomes);
        let mut deletions = BulkBody::default();
        for LeftBehind { address, version, .. } in &replaced {
            deletions.push_delete(*address, Some(*version));
        }
        for (left, deleted) in replaced.iter().zip(self.send(deletions, stop).await?) {
            if let (ItemOutcome::Held(..), Some(outcome)) = (&deleted, outcomes.get_mut(left.position)) {
                *outcome = deleted;
            }
        }
        Ok(outcomes)
    }

    async fn send(&self, body: BulkBody, stop: &CancellationToken) -> Result<Vec<ItemOutcome>, EnrichError> {
        // An index that accepts no writes is a failure of its documents, which a later run retries, and not
        // of the run.
        self.cluster.bulk_watched(body, &SkipBlocked, PATIENCE, stop).await.map_err(EnrichError::target)
    }
}

#[cfg(test)]
mod tests {
    use docmill_clients::elastic::{Address, ConcurrencyToken, ErrorCause, ItemOutcome, StoredDocument};
    use serde_json::json;

    use super::{LeftBehind, is_of_target, replaced};
    use crate::enrich::slice_plan::tests::slice_plan;

    #[test]
    fn only_a_copy_where_this_target_had_it_is_one_that_moves() {
        let target = slice_plan().target;
        let source = json!({"publishedAt": "2025-01-02T00:00:00Z"}).as_object().cloned().unwrap();
        let copy = StoredDocument { version: 5, state: ConcurrencyToken::default(), source };
        assert!(is_of_target(&target, "enriched-2025", &copy));
        for other in ["enriched-sport-2025", "enriched-2026", "enriched-2025.01"] {
            assert!(!is_of_target(&target, other, &copy), "{other}");
        }
    }

    #[test]
    fn a_copy_goes_from_where_it_was_only_when_it_is_where_it_belongs() {
        let rejected = || ItemOutcome::Rejected(ErrorCause::of_answer(400, b"{}"));
        let outcomes = [ItemOutcome::Done, rejected(), ItemOutcome::Superseded, ItemOutcome::Done];
        let left = [0, 1, 2, 9].map(|position| LeftBehind {
            position,
            address: Address { index: "enriched-2025", id: "a" },
            version: 5,
        });
        let positions: Vec<usize> = replaced(&left, &outcomes).iter().map(|left| left.position).collect();
        assert_eq!(positions, [0, 2]);
    }
}
