//! Limits how many new indices all workers of a source, or all runs into an enriched index, together may create
//! within an hour: otherwise a feed with wrong or hostile values would use up the shards of its cluster, and then
//! nobody could create an index there any more.
//!
//! Before documents go into a missing index, its name is reserved by compare-and-set in one small record, which
//! all of these workers share; that of a source is in its heads index. The worker remembers which indices exist or were
//! reserved, and sends no further request for them. The hour is that of the worker's clock, so the limit is
//! exact as long as the clocks of the workers are within an hour of each other.

use std::collections::BTreeSet;
use std::time::Duration;

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic, ElasticError, ItemOutcome};
use docmill_crds::reason::Reason;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::articles::Articles;
use super::claim_error::CommitError;
use super::existing;
use super::heads::Heads;
use super::known_names::SeenIndexNames;
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::indexing::PATIENCE;
use crate::ingest::unit::refusal::{RefusedPart, Stage};

/// Id of the record of a source in its heads index.
const RECORD: &str = "new-indices";
const HOUR_MILLIS: i64 = 3_600_000;
/// How many hours the record may be ahead of the clock before it counts as written by a clock that is wrong.
const HOURS_AHEAD: i64 = 1;
/// Indices that are looked up concurrently.
const LOOKS_AT_A_TIME: usize = 8;
/// The longest pause before retrying a reservation when another worker was faster.
const PAUSE_MILLIS: u64 = 50;

/// Limits how many new indices are created per hour by all workers that share a record.
#[derive(Debug)]
pub struct IndexCreationLimit {
    /// The cluster with the indices.
    documents: Elastic,
    record: Record,
    /// The limit.
    pub max_per_hour: usize,
    seen: SeenIndexNames,
}

/// Where the names of the new indices are kept.
#[derive(Debug)]
pub(crate) struct Record {
    /// The cluster.
    pub(crate) elastic: Elastic,
    /// Name of the index.
    pub(crate) index: String,
    /// Its id there.
    pub(crate) id: String,
}

/// The new indices of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reserved {
    /// Hours since 1970.
    hour: i64,
    /// Names of the indices.
    names: BTreeSet<String>,
}

impl Reserved {
    /// Reserves as many of the names as the limit allows, in their order. Returns the others.
    fn reserve(self, hour: i64, names: &[&str], max_per_hour: usize) -> (Self, BTreeSet<String>) {
        let goes_on = (hour..=hour + HOURS_AHEAD).contains(&self.hour);
        let mut reserved = if goes_on { self } else { Self { hour, names: BTreeSet::new() } };
        let mut refused = BTreeSet::new();
        for name in names {
            if reserved.names.len() < max_per_hour || reserved.names.contains(*name) {
                reserved.names.insert((*name).to_owned());
            } else {
                refused.insert((*name).to_owned());
            }
        }
        (reserved, refused)
    }
}

impl IndexCreationLimit {
    /// For a source with its articles in this cluster, and these heads.
    pub fn new(articles: &Articles, heads: Heads, max_per_hour: i32) -> Self {
        let Heads { elastic, index, .. } = heads;
        let record = Record { elastic, index, id: RECORD.to_owned() };
        Self::by(articles.elastic.clone(), record, max_per_hour)
    }

    /// For indices of this cluster, by this record.
    pub(crate) fn by(documents: Elastic, record: Record, max_per_hour: i32) -> Self {
        let max_per_hour = usize::try_from(max_per_hour).unwrap_or(0);
        Self { documents, record, max_per_hour, seen: SeenIndexNames::default() }
    }

    /// Must be called before documents go into these indices. Returns those that do not exist and may not be
    /// created now; [`Unfinished`]: unknown, to be tried again later.
    pub(crate) async fn refused<'a>(
        &self,
        indices: impl Iterator<Item = &'a str>,
        stop: &CancellationToken,
    ) -> Result<BTreeSet<String>, Unfinished> {
        let unknown = self.unknown(indices);
        if unknown.is_empty() {
            return Ok(BTreeSet::new());
        }
        retry_step("reserve indices", stop, || self.look_and_reserve(&unknown, stop)).await
    }

    /// The indices that have to be looked up before documents go into them; the others exist or are reserved.
    pub(crate) fn unknown<'a>(&self, indices: impl Iterator<Item = &'a str>) -> Vec<String> {
        self.seen.unseen(indices).into_iter().map(str::to_owned).collect()
    }

    /// Looks up indices, and reserves those that do not exist. Returns those that may not be created now.
    pub(crate) async fn look_and_reserve(
        &self,
        names: &[String],
        stop: &CancellationToken,
    ) -> Result<BTreeSet<String>, CommitError> {
        let look = async |name: &String| {
            Ok::<_, ElasticError>((name.clone(), existing::exists(&self.documents, name).await?))
        };
        let found: Vec<(String, bool)> =
            stream::iter(names).map(look).buffered(LOOKS_AT_A_TIME).try_collect().await?;
        let (existing, new): (Vec<_>, Vec<_>) = found.iter().partition(|(_, exists)| *exists);
        self.seen.remember(existing.into_iter().map(|(name, _)| name.as_str()));
        let mut new: Vec<&str> = new.into_iter().map(|(name, _)| name.as_str()).collect();
        if new.is_empty() {
            return Ok(BTreeSet::new());
        }
        let refused = self.reserve(&new, stop).await?;
        new.retain(|name| !refused.contains(*name));
        self.seen.remember(new.into_iter());
        Ok(refused)
    }

    async fn reserve(
        &self,
        names: &[&str],
        stop: &CancellationToken,
    ) -> Result<BTreeSet<String>, CommitError> {
        let Record { elastic, index, id } = &self.record;
        loop {
            let stored = elastic.get(index, id).await?;
            let if_unchanged = stored.as_ref().map(|stored| stored.state);
            let before = stored.and_then(|stored| serde_json::from_value(stored.source.into()).ok());
            let before: Reserved = before.unwrap_or_default();
            let hour = clock::now_millis() / HOUR_MILLIS;
            let (after, refused) = before.clone().reserve(hour, names, self.max_per_hour);
            if after == before {
                return Ok(refused);
            }
            let mut body = BulkBody::default();
            let source = serde_json::to_vec(&after).unwrap_or_default();
            body.push_compare_and_set(Address { index, id }, if_unchanged, &source);
            let outcome =
                elastic.bulk_all(body, PATIENCE, stop).await?.pop().unwrap_or(ItemOutcome::Superseded);
            if CommitError::written(outcome, index, id)? {
                return Ok(refused);
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(..PAUSE_MILLIS))).await;
        }
    }
}

/// Takes out the documents of indices that may not be created now. Returns their refusals. `max_per_hour` is how
/// many could be created.
pub(crate) fn sift(
    documents: &mut Vec<AddressedDocument>,
    refused: &BTreeSet<String>,
    max_per_hour: usize,
) -> Vec<RefusedPart> {
    if refused.is_empty() {
        return Vec::new();
    }
    let out = documents.extract_if(.., |document| refused.contains(&document.recorded.index));
    out.map(|document| refusal(&document, max_per_hour)).collect()
}

fn refusal(document: &AddressedDocument, max_per_hour: usize) -> RefusedPart {
    let (index, id) = (&document.recorded.index, &document.recorded.id);
    let message = format!(
        "the index {index:?} is not there, and within this hour the source has made as many new ones as it may, which is {max_per_hour}; raise spec.index.maxNewIndicesPerHour or name indices by month in spec.index.name, and replay the object"
    );
    let reason = Reason::TooManyIndices;
    let detail = json!({"reason": reason, "message": message, "index": index, "id": id});
    RefusedPart { stage: Stage::Index, reason, message, detail, member: None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Reserved;

    fn refused(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_name_counts_once_within_an_hour() {
        let (first, none) = Reserved::default().reserve(7, &["a", "b"], 3);
        assert_eq!((first.hour, none), (7, refused(&[])));
        let (again, none) = first.clone().reserve(7, &["b", "a"], 3);
        assert_eq!((again, none), (first.clone(), refused(&[])));
        let (full, not_reserved) = first.reserve(7, &["c", "d", "a"], 3);
        assert_eq!((full.names.len(), not_reserved), (3, refused(&["d"])));
        let (next, none) = full.reserve(8, &["d", "c"], 3);
        assert_eq!((next.hour, next.names.len(), none), (8, 2, refused(&[])));
    }

    #[test]
    fn a_clock_that_is_a_little_behind_counts_into_the_hour_of_the_others_and_one_far_ahead_is_not_believed()
    {
        let ahead = Reserved { hour: 8, names: refused(&["a", "b"]) };
        let (unchanged, not_reserved) = ahead.clone().reserve(7, &["c"], 2);
        assert_eq!((unchanged, not_reserved), (ahead.clone(), refused(&["c"])));
        let (anew, none) = Reserved { hour: 5000, ..ahead }.reserve(7, &["c"], 2);
        assert_eq!((anew.hour, none), (7, refused(&[])));
    }
}
