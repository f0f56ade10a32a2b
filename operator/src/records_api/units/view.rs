//! What is told of a unit. Pure.

use docmill_crds::records::units::{UnitId, UnitRecord};
use docmill_crds::records_api::API_VERSION;
use docmill_crds::records_api::stage::{ConversionStage, Presence, RawStage, SnapshotStage};
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::{Failure, FaultPlace, KIND, MAX_FAULTS, Unit};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

/// Namespace and name of a source, and the revision in force.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The name.
    pub source: &'a str,
    /// Digest of the model in force, if the status has it.
    pub revision: Option<&'a str>,
}

/// An object as its bucket has it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenObject {
    /// Its version id, if the bucket is versioned.
    pub version_id: Option<String>,
    /// Its `ETag` without quotes.
    pub etag: Option<String>,
    /// Its bytes.
    pub size: i64,
    /// When it was last modified; RFC 3339.
    pub last_modified: Option<String>,
}

impl SeenObject {
    /// Whether a unit with this version is of this object.
    pub fn is_version(&self, version: &str) -> bool {
        self.version_id.as_deref() == Some(version) || self.etag.as_deref() == Some(version)
    }

    fn version(&self) -> String {
        self.version_id.clone().or_else(|| self.etag.clone()).unwrap_or_default()
    }
}

/// A recorded unit. Without its documents, unless the record has them.
pub fn recorded(record: UnitRecord, origin: Origin<'_>) -> Unit {
    let state = State::of_record(&record);
    let is_current_revision = origin.revision.map(|revision| revision == record.revision);
    let documents_digest = record.digest_of_documents();
    Unit {
        metadata: meta(&record.unit, origin, Some(&record.recorded_time)),
        raw: RawStage {
            bucket: record.unit.bucket,
            key: record.unit.key,
            version: record.unit.version,
            last_modified: record.last_modified,
            digest: record.raw_digest,
            size: None,
            presence: None,
        },
        conversion: Some(ConversionStage {
            revision: record.revision,
            is_current_revision,
            attempts: record.attempts,
            runner: record.runner,
            run: record.run,
            recorded_time: record.recorded_time,
            lag_millis: record.lag_millis,
            repairs: record.repairs,
        }),
        snapshot: record.snapshot.map(|reference| SnapshotStage { reference, documents_digest }),
        reason: record.reason,
        superseded_by: record.superseded_by,
        document_count: record.document_count,
        overwritten_count: record.overwritten_count,
        documents: record.documents,
        ..blank(origin, state)
    }
}

/// A unit that has no record, of an object that is in its bucket.
pub fn pending(bucket: &str, key: &str, seen: &SeenObject, origin: Origin<'_>) -> Unit {
    let unit = UnitId { bucket: bucket.to_owned(), key: key.to_owned(), version: seen.version() };
    Unit {
        metadata: meta(&unit, origin, None),
        raw: RawStage {
            bucket: unit.bucket,
            key: unit.key,
            version: unit.version,
            last_modified: seen.last_modified.clone(),
            digest: None,
            size: Some(seen.size),
            presence: Some(Presence::Present),
        },
        ..blank(origin, State::Pending)
    }
}

/// Adds what the bucket has now.
pub fn with_object(mut unit: Unit, seen: Option<&SeenObject>) -> Unit {
    let raw = &mut unit.raw;
    match seen {
        None => raw.presence = Some(Presence::Gone),
        Some(seen) if seen.is_version(&raw.version) => {
            (raw.presence, raw.size) = (Some(Presence::Present), Some(seen.size));
        }
        Some(_) => raw.presence = Some(Presence::Replaced),
    }
    unit
}

/// What an error record says, without values of the object and without sentences, which quote them.
pub fn failure(record: &Value) -> Failure {
    let refusals = record.get("refusals").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let faults = refusals.iter().flat_map(places).take(MAX_FAULTS).collect();
    Failure {
        stage: text(record, "stage").unwrap_or_default(),
        copied: record.get("copied").and_then(Value::as_bool).unwrap_or(false),
        refusal_count: i64::try_from(refusals.len().max(1)).unwrap_or(i64::MAX),
        faults,
    }
}

/// The faults of a refusal; a refusal without faults is one itself.
fn places(refusal: &Value) -> Vec<FaultPlace> {
    let faults = refusal.get("faults").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let member = text(refusal, "member");
    let document = refusal.get("document").and_then(Value::as_i64);
    let place = |fault: &Value| FaultPlace {
        reason: text(fault, "reason").unwrap_or_default(),
        member: member.clone(),
        document,
        field: text(fault, "field"),
        at: text(fault, "at"),
        line: fault.get("line").and_then(Value::as_i64),
        column: fault.get("column").and_then(Value::as_i64),
    };
    if faults.is_empty() { vec![place(refusal)] } else { faults.iter().map(place).collect() }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn meta(unit: &UnitId, origin: Origin<'_>, time: Option<&str>) -> ObjectMeta {
    ObjectMeta {
        name: Some(unit.digest()),
        namespace: Some(origin.namespace.to_owned()),
        creation_timestamp: time.and_then(|time| time.parse::<Timestamp>().ok()).map(Time),
        ..ObjectMeta::default()
    }
}

fn blank(origin: Origin<'_>, state: State) -> Unit {
    Unit {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: ObjectMeta::default(),
        source: origin.source.to_owned(),
        state,
        reason: None,
        superseded_by: None,
        raw: RawStage::default(),
        conversion: None,
        snapshot: None,
        document_count: 0,
        overwritten_count: 0,
        documents: Vec::new(),
        failure: None,
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::UnitEntry;
    use docmill_crds::records::units::UnitRecord;
    use docmill_crds::records_api::stage::Presence;
    use docmill_crds::records_api::state::State;
    use serde_json::json;

    use super::{Origin, SeenObject, failure, pending, recorded, with_object};

    const ORIGIN: Origin<'static> = Origin { namespace: "news", source: "wire", revision: Some("r2") };

    fn record(state: &str, reason: Option<&str>) -> UnitRecord {
        serde_json::from_value(json!({
            "source": "news/wire", "unit": {"bucket": "raw", "key": "a.xml", "version": "v1"}, "state": state,
            "reason": reason, "message": "quotes <b>the object</b>", "attempts": 2, "revision": "r1",
            "recordedTime": "2026-01-02T03:04:05.678Z", "runner": "pod", "documentCount": 1,
        }))
        .unwrap()
    }

    #[test]
    fn a_record_is_told_without_its_sentence() {
        let unit = recorded(record("Failed", Some("WrongType")), ORIGIN);
        assert_eq!((unit.state, unit.reason.as_deref()), (State::Failed, Some("WrongType")));
        assert_eq!(unit.metadata.name.as_deref().map(str::len), Some(32));
        let conversion = unit.conversion.as_ref().unwrap();
        assert_eq!((conversion.is_current_revision, conversion.attempts), (Some(false), 2));
        assert!(!serde_json::to_string(&unit).unwrap().contains("quotes"));
    }

    #[test]
    fn a_manifest_has_the_same_line_of_a_record_and_of_what_is_told_of_it() {
        let mut indexed = record("Indexed", None);
        let documents = json!([{"index": "articles-2026", "id": "a", "digest": "0a"}]);
        indexed.documents = serde_json::from_value(documents).unwrap();
        indexed.snapshot = Some("wire/a.json".to_owned());
        indexed.raw_digest = Some("00".to_owned());
        indexed.last_modified = Some("2026-01-02T03:04:05Z".to_owned());
        let superseded = record("Skipped", Some("Superseded"));
        for record in [indexed, superseded, record("Failed", Some("WrongType")), record("Converted", None)] {
            let line = UnitEntry::of(&record);
            assert_eq!(recorded(record, ORIGIN).entry(), Some(line));
        }
        let seen = SeenObject { etag: Some("v1".into()), ..SeenObject::default() };
        assert_eq!(pending("raw", "a.xml", &seen, ORIGIN).entry(), None);
    }

    #[test]
    fn skipped_units_are_told_apart() {
        for (reason, state) in [
            ("Superseded", State::Superseded),
            ("ObjectRemoved", State::Removed),
            ("Forgotten", State::Forgotten),
            ("ObjectGone", State::Skipped),
        ] {
            assert_eq!(recorded(record("Skipped", Some(reason)), ORIGIN).state, state);
        }
    }

    #[test]
    fn the_bucket_may_have_the_version_another_one_or_nothing() {
        let seen = |etag: &str| SeenObject { etag: Some(etag.into()), size: 7, ..SeenObject::default() };
        let unit = || recorded(record("Indexed", None), ORIGIN);
        let present = with_object(unit(), Some(&seen("v1")));
        assert_eq!((present.raw.presence, present.raw.size), (Some(Presence::Present), Some(7)));
        assert_eq!(with_object(unit(), Some(&seen("v2"))).raw.presence, Some(Presence::Replaced));
        assert_eq!(with_object(unit(), None).raw.presence, Some(Presence::Gone));
        let pending = pending("raw", "a.xml", &seen("v1"), ORIGIN);
        assert_eq!((pending.state, pending.metadata.name), (State::Pending, unit().metadata.name));
    }

    #[test]
    fn a_failure_has_places_and_no_values() {
        let fault = json!({"reason": "WrongType", "field": "date", "at": "/a/date", "line": 3, "column": 9,
            "expected": "a date", "found": "hunter2"});
        let record = json!({"stage": "Convert", "copied": true, "message": "hunter2", "refusals": [
            {"reason": "WrongType", "member": "b.xml", "document": 0, "faults": [fault]},
            {"reason": "IndexRejected", "message": "hunter2", "id": "urn:1"}]});
        let failure = failure(&record);
        assert_eq!((failure.stage.as_str(), failure.copied, failure.refusal_count), ("Convert", true, 2));
        assert_eq!((failure.faults[0].line, failure.faults[0].member.as_deref()), (Some(3), Some("b.xml")));
        assert_eq!(failure.faults[1].reason, "IndexRejected");
        assert!(!serde_json::to_string(&failure).unwrap().contains("hunter2"));
    }
}
