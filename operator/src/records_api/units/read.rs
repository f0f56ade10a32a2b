//! Lists and gets units.

use std::collections::HashMap;

use docmill_clients::elastic::{Address, StoredDocument, search_hits};
use docmill_crds::IngestSource;
use docmill_crds::records::locations::{self, EvidenceKeys};
use docmill_crds::records::units::{UnitId, UnitRecord, units_index};
use docmill_crds::records_api::API_VERSION;
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::{LIST_KIND, Unit, UnitList};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use serde_json::Value;

use super::view::{self, Origin, SeenObject};
use super::{objects, page, query};
use crate::records_api::answer::Failure;
use crate::records_api::answer::store_failure::of_elastic;
use crate::records_api::sources::{OpenSource, Sources};

const LEDGER: &str = "the ledger";
/// Bytes of an error record that are read; it lists up to 1000 refusals.
const ERROR_RECORD_BYTES: u64 = 4 * 1024 * 1024;
/// How the bucket of a record of the queue begins.
const QUEUE: &str = "queue:";

/// A record that a search found, and its place in the order of all.
pub struct Hit {
    /// The record.
    pub record: UnitRecord,
    place: Value,
}

/// A page of units.
pub async fn list(sources: &Sources, namespace: &str, query: &UnitQuery) -> Result<UnitList, Failure> {
    let after = query.continue_token.as_deref().map(page::place).transpose()?;
    let source = sources.open(namespace, query.source.as_deref()).await?;
    let is_first = after.is_none();
    let (body, most) = match query.day {
        Some(day) => {
            let bucket = &source.source.spec.raw.bucket;
            (query::page_of_day(day, bucket, query, after), query.page().min(query::MOST_WITH_DOCUMENTS))
        }
        None => (query::page(query, after), query.page()),
    };
    let mut hits = search(&source, &body).await?;
    if only_key(query).is_some() {
        hits = as_of_now(&source, hits).await?;
    }
    let is_full = hits.len() >= usize::try_from(most).unwrap_or(usize::MAX);
    let last = hits.last().filter(|_| is_full).map(|hit| page::token(&hit.place));
    let origin = origin(&source);
    let listed = |hit: Hit| Unit { documents: Vec::new(), ..view::recorded(hit.record, origin) };
    let mut items: Vec<Unit> = hits.into_iter().map(listed).collect();
    let (newest, warnings) = match only_key(query).filter(|_| is_first) {
        Some(key) => beside(&items, newest(&source, key, &items).await)?,
        None => (None, Vec::new()),
    };
    if let Some(unit) = newest {
        items.insert(0, unit);
    }
    Ok(UnitList {
        api_version: API_VERSION.to_owned(),
        kind: LIST_KIND.to_owned(),
        metadata: ListMeta { continue_: last, ..ListMeta::default() },
        items,
        warnings,
    })
}

/// One unit, with its object and what was refused of it.
pub async fn get(
    sources: &Sources,
    namespace: &str,
    source: Option<&str>,
    digest: &str,
) -> Result<Unit, Failure> {
    let source = sources.open(namespace, source).await?;
    let record = expect_record(&source, digest).await?;
    Ok(with_details(&source, record).await)
}

/// The record of a unit.
pub async fn record(source: &OpenSource, digest: &str) -> Result<Option<UnitRecord>, Failure> {
    let index = units_index(&source.namespace, &source.name);
    let stored = source.ledger.get(&index, digest).await.map_err(|error| of_elastic(LEDGER, &error))?;
    stored.map(|stored| parse(stored.source.into())).transpose()
}

/// The recorded ones of the units with these digests, by their digests and without their documents.
pub async fn by_digest(source: &OpenSource, digests: &[String]) -> Result<HashMap<String, Unit>, Failure> {
    let (found, origin) = (stored(source, digests).await?, origin(source));
    let recorded = digests.iter().zip(found).filter_map(|(digest, found)| Some((digest, found?)));
    recorded
        .map(|(digest, found)| {
            let unit = view::recorded(parse(found.source.into())?, origin);
            Ok::<_, Failure>((digest.clone(), unit))
        })
        .collect()
}

/// The record of a unit, which has to exist.
pub async fn expect_record(source: &OpenSource, digest: &str) -> Result<UnitRecord, Failure> {
    record(source, digest).await?.ok_or_else(|| {
        let name = &source.name;
        Failure::not_found(format!(
            "the ledger of the IngestSource {name:?} has no unit {digest}; a pending unit is found by its key: units?key=KEY"
        ))
    })
}

/// The records that a search finds.
pub async fn search(source: &OpenSource, body: &Value) -> Result<Vec<Hit>, Failure> {
    let index = units_index(&source.namespace, &source.name);
    let answer = source.ledger.search(&index, body).await.map_err(|error| of_elastic(LEDGER, &error))?;
    let hits = search_hits(&answer);
    let hit = |hit: &Value| {
        let record = parse(hit.get("_source").cloned().unwrap_or_default())?;
        Ok::<_, Failure>(Hit { record, place: hit.get("sort").cloned().unwrap_or_default() })
    };
    hits.iter().map(hit).collect()
}

/// The same units as they are recorded now: a search sees the ledger as it was some seconds ago.
async fn as_of_now(source: &OpenSource, hits: Vec<Hit>) -> Result<Vec<Hit>, Failure> {
    let digests: Vec<String> = hits.iter().map(|hit| hit.record.unit.digest()).collect();
    let found = stored(source, &digests).await?;
    hits.into_iter().zip(found).map(|(hit, found)| renewed(hit, found)).collect()
}

/// The records with these digests as they are now, without their documents.
async fn stored(source: &OpenSource, digests: &[String]) -> Result<Vec<Option<StoredDocument>>, Failure> {
    let index = units_index(&source.namespace, &source.name);
    let addresses: Vec<Address<'_>> = digests.iter().map(|id| Address { index: &index, id }).collect();
    let found = source.ledger.mget(&addresses, &query::fields()).await;
    found.map_err(|error| of_elastic(LEDGER, &error))
}

fn renewed(hit: Hit, found: Option<StoredDocument>) -> Result<Hit, Failure> {
    match found {
        Some(found) => Ok(Hit { record: parse(found.source.into())?, ..hit }),
        None => Ok(hit),
    }
}

/// A recorded unit with what bucket and errors bucket say of it. A bucket that does not answer leaves that out.
pub async fn with_details(source: &OpenSource, record: UnitRecord) -> Unit {
    let (id, failed) = (record.unit.clone(), State::of_record(&record) == State::Failed);
    let unit = view::recorded(record, origin(source));
    let Ok(s3) = source.s3() else { return unit };
    let is_object = is_of_raw_bucket(source, &id);
    let looking = async { if is_object { objects::look(s3, &id.bucket, &id.key).await.ok() } else { None } };
    let failure = async { if failed { error_record(source, &id).await.ok().flatten() } else { None } };
    let (seen, failure) = tokio::join!(looking, failure);
    let unit = match seen {
        Some(seen) => view::with_object(unit, seen.as_ref()),
        None => unit,
    };
    Unit { failure: failure.map(|record| view::failure(&record)), ..unit }
}

/// The error record of a refused unit, if the errors bucket has one.
pub async fn error_record(source: &OpenSource, unit: &UnitId) -> Result<Option<Value>, Failure> {
    let (what, keys) = ("the error record", evidence_keys(source, unit));
    let request = source.s3()?.get_object().bucket(&source.source.spec.errors.bucket).key(keys.record);
    let Some(bytes) = objects::read(what, request, ERROR_RECORD_BYTES, None).await? else { return Ok(None) };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|_| Failure::unavailable(format!("{what} in the errors bucket is no JSON")))
}

/// Whether a unit is an object of the source's raw bucket. A record could name any other, and is not believed: whoever may
/// write records would read with the credentials of the source.
pub fn is_of_raw_bucket(source: &OpenSource, unit: &UnitId) -> bool {
    unit.bucket == source.source.spec.raw.bucket
}

/// Where the evidence of a refusal is.
pub fn evidence_keys(source: &OpenSource, unit: &UnitId) -> EvidenceKeys {
    let location = locations::of_source(&source.source.spec.errors, &source.full_name());
    if unit.bucket.starts_with(QUEUE) {
        EvidenceKeys::of_message(&location, unit)
    } else {
        EvidenceKeys::of_object(&location, unit)
    }
}

/// What all units of a source have in common.
pub fn origin(source: &OpenSource) -> Origin<'_> {
    Origin { namespace: &source.namespace, source: &source.name, revision: revision(&source.source) }
}

fn revision(source: &IngestSource) -> Option<&str> {
    source.status.as_ref()?.revision.as_deref()
}

/// The key of a query that asks for nothing else.
fn only_key(query: &UnitQuery) -> Option<&str> {
    let UnitQuery { key, prefix, state, reason, since, until, day, revision, document_id, .. } = query;
    let has_more = [prefix, reason, since, until, revision, document_id].into_iter().any(Option::is_some);
    key.as_deref().filter(|_| !has_more && state.is_none() && day.is_none())
}

/// What the bucket has beside the versions that the ledger knows, and in words that it did not say. An object that cannot be
/// read is looked up for this very reason, and what the ledger says of it is told all the same.
fn beside(
    known: &[Unit],
    newest: Result<Option<Unit>, Failure>,
) -> Result<(Option<Unit>, Vec<String>), Failure> {
    match newest {
        Err(failure) if !known.is_empty() => {
            let warning = format!("whether there is a newer version is unknown: {}", failure.message);
            Ok((None, vec![warning]))
        }
        newest => Ok((newest?, Vec::new())),
    }
}

/// The version of an object that is in the bucket, if the object is one of the source's and none of these units is of it.
/// A search does not see what was recorded a moment ago, so that the ledger is asked for this version.
async fn newest(source: &OpenSource, key: &str, known: &[Unit]) -> Result<Option<Unit>, Failure> {
    let raw = &source.source.spec.raw;
    if !raw.covers(&raw.bucket, key) {
        return Ok(None);
    }
    let seen = objects::look(source.s3()?, &raw.bucket, key).await?;
    let is_known = |seen: &SeenObject| known.iter().any(|unit| seen.is_version(&unit.raw.version));
    let Some(seen) = seen.filter(|seen| !is_known(seen)) else { return Ok(None) };
    let pending = view::pending(&raw.bucket, key, &seen, origin(source));
    let record = record(source, pending.metadata.name.as_deref().unwrap_or_default()).await?;
    Ok(Some(record.map_or(pending, |record| view::recorded(record, origin(source)))))
}

fn parse(record: Value) -> Result<UnitRecord, Failure> {
    serde_json::from_value(record).map_err(|_| {
        Failure::unavailable("the ledger has a record in a form that this version of Docmill does not read")
    })
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::unit::Unit;
    use serde_json::json;

    use super::beside;
    use crate::records_api::answer::Failure;

    #[test]
    fn a_bucket_that_does_not_answer_does_not_hide_what_the_ledger_knows() {
        let known: Unit = serde_json::from_value(json!({
            "apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit", "metadata": {"name": "0b"},
            "source": "wire", "state": "Failed", "reason": "ObjectUnreadable",
            "raw": {"bucket": "raw", "key": "a.xml", "version": "1"}}))
        .unwrap();
        let denied = || Err(Failure::unavailable("the operator may not read it"));
        let (newest, warnings) = beside(std::slice::from_ref(&known), denied()).unwrap();
        assert_eq!(newest, None);
        assert!(warnings.first().is_some_and(|warning| warning.contains("may not read")), "{warnings:?}");
        assert_eq!(beside(&[], denied()), denied().map(|newest| (newest, Vec::new())));
        let found = (Some(known.clone()), Vec::new());
        assert_eq!(beside(std::slice::from_ref(&known), Ok(Some(known.clone()))), Ok(found));
    }
}
