//! Gets documents.

use docmill_clients::elastic::Address;
use docmill_crds::records::enrichments::key::{DOCMILL, RAW_DIGEST};
use docmill_crds::records::heads::{DocumentHead, heads_index};
use docmill_crds::records::units::DocumentAddress;
use docmill_crds::records_api::document::{Document, DocumentList};
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::unit::Unit;
use futures::future::join_all;
use kube::ResourceExt as _;
use serde_json::Value;

use super::answers::gather;
use super::enriched::{self, Enrichments};
use super::view::{self, SeenDocument};
use crate::records_api::answer::Failure;
use crate::records_api::answer::store_failure::of_elastic;
use crate::records_api::sources::{OpenSource, Sources};
use crate::records_api::units::query as unit_query;
use crate::records_api::units::read as units;

/// Where a document is, and which unit it comes from.
pub struct Place {
    /// Its address; `None` if it is in no index.
    pub address: Option<DocumentAddress>,
    /// Whether it was deleted with its object.
    pub is_removed: bool,
    /// Whether it was forgotten.
    pub is_forgotten: bool,
    /// Digest of the unit.
    pub unit: String,
}

/// One document of a source; of the namespace's only one, if none is named.
pub async fn get(
    sources: &Sources,
    namespace: &str,
    source: Option<&str>,
    id: &str,
) -> Result<Document, Failure> {
    let source = sources.open(namespace, source).await?;
    let enrichments = Enrichments::of(sources, namespace).await;
    let found = of_source(&source, id, sources, &enrichments).await?;
    found.ok_or_else(|| unknown(&source, id))
}

/// The documents with an id, of a source or of all of the namespace.
pub async fn list(
    sources: &Sources,
    namespace: &str,
    source: Option<&str>,
    id: &str,
) -> Result<DocumentList, Failure> {
    let all = sources.all(namespace, source).await?;
    let enrichments = &Enrichments::of(sources, namespace).await;
    let found = join_all(all.into_iter().map(|source| async move {
        let source = Box::pin(sources.open_stores(source)).await?;
        of_source(&source, id, sources, enrichments).await
    }));
    let (items, warnings) = gather(found.await)?;
    Ok(DocumentList::new(items, warnings))
}

/// A document as the index has it.
pub async fn content(source: &OpenSource, id: &str) -> Result<Value, Failure> {
    let place = expect_place(source, id).await?;
    let none = || Failure::not_found(format!("the document {id:?} is in no index"));
    let (Some(index), Some(address)) = (&source.index, place.address) else { return Err(none()) };
    let found = index.get(&address.index, &address.id).await;
    let found = found.map_err(|error| of_elastic("the index", &error))?;
    found.map(|found| Value::Object(found.source)).ok_or_else(none)
}

/// Where a document is, which has to be known.
pub async fn expect_place(source: &OpenSource, id: &str) -> Result<Place, Failure> {
    place(source, id).await?.ok_or_else(|| unknown(source, id))
}

/// Where a document is: its head says so exactly; without one, the last recorded unit that names it.
pub async fn place(source: &OpenSource, id: &str) -> Result<Option<Place>, Failure> {
    let index = heads_index(&source.namespace, &source.name);
    let head = source.ledger.get(&index, &DocumentHead::id(id)).await;
    let head = head.map_err(|error| of_elastic("the ledger", &error))?;
    if let Some(head) = head.and_then(|head| serde_json::from_value::<DocumentHead>(head.source.into()).ok())
    {
        // That of a forgotten document has no address.
        let address = source.index.as_ref().filter(|_| !head.forgotten).map(|_| head.address);
        let (is_removed, is_forgotten) = (head.gone, head.forgotten);
        return Ok(Some(Place { address, is_removed, is_forgotten, unit: head.unit }));
    }
    let query = UnitQuery { document_id: Some(id.to_owned()), limit: Some(1), ..UnitQuery::default() };
    let found = units::search(source, &unit_query::page(&query, None)).await?.pop();
    Ok(found.map(|hit| Place {
        address: None,
        is_removed: false,
        is_forgotten: false,
        unit: hit.record.unit.digest(),
    }))
}

async fn of_source(
    source: &OpenSource,
    id: &str,
    sources: &Sources,
    enrichments: &Result<Enrichments, Failure>,
) -> Result<Option<Document>, Failure> {
    let Some(place) = place(source, id).await? else { return Ok(None) };
    let unit = match units::record(source, &place.unit).await? {
        Some(record) => Some(units::with_details(source, record).await),
        None => None,
    };
    let Place { is_removed, is_forgotten, .. } = place;
    let mut seen = SeenDocument { is_removed, is_forgotten, unit, ..SeenDocument::default() };
    let docmill = match (&source.index, address(&place, seen.unit.as_ref(), id)) {
        (Some(index), Some(address)) if !place.is_removed => {
            let wanted = Address { index: &address.index, id: &address.id };
            let fields = [DOCMILL.to_owned()];
            match index.mget(&[wanted], &fields).await {
                Ok(mut found) => {
                    let found = found.pop().flatten().and_then(|mut found| found.source.remove(DOCMILL));
                    let digest = recorded_digest(seen.unit.as_ref(), id);
                    seen.indexed = Some(view::indexed(&address.index, digest, found.as_ref()));
                    found
                }
                Err(error) => {
                    seen.warnings.push(of_elastic("the index", &error).message);
                    None
                }
            }
        }
        _ => None,
    };
    match enrichments {
        Ok(enrichments) if docmill.is_some() => {
            let raw_digest =
                docmill.as_ref().and_then(|docmill| docmill.get(RAW_DIGEST)).and_then(Value::as_str);
            let (copies, warnings) = enriched::copies(sources, enrichments, source, id, raw_digest).await;
            seen.enriched = copies;
            seen.warnings.extend(warnings);
        }
        Ok(_) => {}
        Err(failure) => seen.warnings.push(failure.message.clone()),
    }
    Ok(Some(view::document(id, &source.namespace, &source.name, seen)))
}

/// The address of the head, or else that of the record.
fn address(place: &Place, unit: Option<&Unit>, id: &str) -> Option<DocumentAddress> {
    let recorded = || {
        let recorded = view::recorded(unit?, id)?;
        Some(DocumentAddress { index: recorded.index.clone(), id: recorded.id.clone() })
    };
    place.address.clone().or_else(recorded)
}

fn recorded_digest(unit: Option<&Unit>, id: &str) -> Option<String> {
    Some(view::recorded(unit?, id)?.digest.clone())
}

fn unknown(source: &OpenSource, id: &str) -> Failure {
    let name = source.source.name_any();
    Failure::not_found(format!(
        "no unit of the IngestSource {name:?} has a document {id:?}; a document that was refused, or is pending, is found by \
         the key of its object: units?key=KEY"
    ))
}
