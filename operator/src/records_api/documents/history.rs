//! The units that a document came from.

use docmill_crds::records::units::UnitRecord;
use docmill_crds::records_api::history::{DocumentHistory, HistoryEntry, KIND, MAX_ENTRIES};
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::{API_VERSION, document_name};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::read::expect_place;
use crate::records_api::answer::Failure;
use crate::records_api::sources::OpenSource;
use crate::records_api::units::query;
use crate::records_api::units::read as units;

/// The history of a document.
pub async fn get(source: &OpenSource, id: &str) -> Result<DocumentHistory, Failure> {
    let place = expect_place(source, id).await?;
    let current = units::record(source, &place.unit).await?;
    let key = current.as_ref().map(|record| record.unit.key.as_str());
    let hits = units::search(source, &query::history(id, key, MAX_ENTRIES)).await?;
    let digest = current.as_ref().and_then(|record| {
        let documents = &record.documents;
        documents.iter().find(|document| document.id == id).map(|document| document.digest.clone())
    });
    let entries = hits.into_iter().map(|hit| entry(hit.record, &place.unit, digest.as_ref())).collect();
    Ok(DocumentHistory {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: ObjectMeta {
            name: Some(document_name::encode(id)),
            namespace: Some(source.namespace.clone()),
            ..ObjectMeta::default()
        },
        id: id.to_owned(),
        source: source.name.clone(),
        entries,
    })
}

fn entry(record: UnitRecord, current: &str, digest: Option<&String>) -> HistoryEntry {
    let unit = record.unit.digest();
    let is_current = unit == current;
    HistoryEntry {
        state: State::of_record(&record),
        unit,
        key: record.unit.key,
        version: record.unit.version,
        reason: record.reason,
        revision: record.revision,
        digest: digest.filter(|_| is_current).cloned(),
        last_modified: record.last_modified,
        recorded_time: record.recorded_time,
        runner: record.runner,
        superseded_by: record.superseded_by,
        is_current,
    }
}
