//! Parses one record: what it means, by the name of its event, and for which object. Pure.
//!
//! Keys in S3's own records are form-encoded, keys from EventBridge and `CloudTrail` are not
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::event::{Event, RecordError, excerpt};
use super::names::{self, EventMeaning};
use crate::ingest::unit::object_ref::ObjectRef;

/// The result of parsing a record.
#[derive(Debug)]
pub(crate) enum ParsedRecord {
    /// An event about an object.
    Event(Event),
    /// Nothing of interest.
    Ignored(Leaf),
}

/// An event of no interest.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// The name under which it is counted.
    pub name: &'static str,
    /// The bucket that it is about, if it names one.
    bucket: Option<String>,
}

impl ParsedRecord {
    /// The bucket that it is about.
    pub(crate) fn bucket(&self) -> Option<&str> {
        match self {
            Self::Event(event) => Some(&event.object().bucket),
            Self::Ignored(leaf) => leaf.bucket.as_deref(),
        }
    }
}

/// Where the parts of a record are.
struct RecordForm {
    bucket: &'static str,
    key: &'static str,
    /// The names of parts that may be missing, for errors.
    names: [&'static str; 2],
    encoded: bool,
}

const S3: RecordForm = RecordForm {
    bucket: "/s3/bucket/name",
    key: "/s3/object/key",
    names: ["s3.bucket.name", "s3.object.key"],
    encoded: true,
};
const EVENT_BRIDGE: RecordForm = RecordForm {
    bucket: "/detail/bucket/name",
    key: "/detail/object/key",
    names: ["detail.bucket.name", "detail.object.key"],
    encoded: false,
};
const CLOUD_TRAIL: RecordForm = RecordForm {
    bucket: "/requestParameters/bucketName",
    key: "/requestParameters/key",
    names: ["requestParameters.bucketName", "requestParameters.key"],
    encoded: false,
};

/// The name under which failed calls are counted.
const FAILED_CALL: &str = "FailedCall";
/// The detail type of calls.
const CALL: &str = "AWS API Call via CloudTrail";

/// Reads a record.
pub(crate) fn read(record: &Value) -> Result<ParsedRecord, RecordError> {
    if text(record, "Event").is_some_and(|event| bare(event) == "TestEvent") {
        // It concerns nobody, whichever bucket it names.
        return Ok(ParsedRecord::Ignored(Leaf { name: "TestEvent", bucket: None }));
    }
    if record.get("detail").is_some_and(Value::is_object) {
        return event_bridge(record);
    }
    if record.get("requestParameters").is_some_and(|part| part.get("bucketName").is_some()) {
        return cloud_trail(record);
    }
    if record.get("s3").is_none() && record.get("eventName").is_none() {
        return Err(RecordError::UnknownForm);
    }
    // `ObjectCreated:Put` in records of S3, `s3:ObjectCreated:Put` in those of some compatible stores.
    let name = text(record, "eventName").map(bare).ok_or(RecordError::MissingPart("eventName"))?;
    let entry = names::find(names::RECORDS, name).ok_or_else(|| unknown(name))?;
    interpret(entry, record, &S3, record.pointer("/s3/object"))
}

fn event_bridge(record: &Value) -> Result<ParsedRecord, RecordError> {
    let detail = &record["detail"];
    let entry = match text(record, "detail-type") {
        Some(CALL) => return cloud_trail(detail),
        Some(name) => names::find(names::DETAILS, name).ok_or_else(|| unknown(name))?,
        None => ("Object Created", untyped(record).ok_or(RecordError::MissingPart("detail-type"))?),
    };
    interpret(entry, record, &EVENT_BRIDGE, detail.get("object"))
}

/// The meaning of an S3 event whose type was left out, as by input transformers and Amazon Security Lake. A
/// deletion says what caused it. Anything else is treated as a creation: if it was none, that costs a
/// request, and loses nothing.
fn untyped(record: &Value) -> Option<EventMeaning> {
    let by_s3 = record.get("source").is_none_or(|source| source == "aws.s3");
    let detail = &record["detail"];
    let deleted = detail.get("deletion-type").is_some()
        || matches!(text(detail, "reason"), Some("DeleteObject" | "Lifecycle Expiration"));
    by_s3.then_some(if deleted { EventMeaning::Removed } else { EventMeaning::Created })
}

fn cloud_trail(call: &Value) -> Result<ParsedRecord, RecordError> {
    let name = text(call, "eventName").ok_or(RecordError::MissingPart("detail.eventName"))?;
    let entry = names::find(names::CALLS, name).ok_or_else(|| unknown(name))?;
    if call.get("errorCode").is_some_and(|code| !code.is_null()) {
        return interpret((FAILED_CALL, EventMeaning::Nothing), call, &CLOUD_TRAIL, None);
    }
    interpret(entry, call, &CLOUD_TRAIL, None)
}

/// `versions` is the part with version id and `ETag`, if the form has them.
fn interpret(
    (name, meaning): (&'static str, EventMeaning),
    record: &Value,
    form: &RecordForm,
    versions: Option<&Value>,
) -> Result<ParsedRecord, RecordError> {
    let part =
        |pointer: &str| record.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let event = match meaning {
        EventMeaning::Nothing => {
            return Ok(ParsedRecord::Ignored(Leaf { name, bucket: part(form.bucket).map(str::to_owned) }));
        }
        EventMeaning::Created => Event::Landed,
        EventMeaning::Restored => Event::Restored,
        EventMeaning::Removed => Event::Removed,
    };
    let [bucket, key] = form.names.map(RecordError::MissingPart);
    Ok(ParsedRecord::Event(event(ObjectRef {
        bucket: part(form.bucket).ok_or(bucket)?.to_owned(),
        key: match part(form.key).ok_or(key)? {
            key if form.encoded => form_decode(key)?,
            key => key.to_owned(),
        },
        version_id: version(versions, ["versionId", "version-id"])?.filter(|id| id != "null"),
        etag: version(versions, ["eTag", "etag"])?.map(|etag| etag.trim_matches('"').to_owned()),
    })))
}

/// One of the two parts that name a version. If it is there, it has to be a text: without it, the record
/// would name another unit.
fn version(versions: Option<&Value>, names: [&'static str; 2]) -> Result<Option<String>, RecordError> {
    let found = names.iter().find_map(|name| Some((*name, versions?.get(name)?)));
    match found {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some((name, _)) => Err(RecordError::MissingPart(name)),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn bare(name: &str) -> &str {
    name.strip_prefix("s3:").unwrap_or(name)
}

fn unknown(name: &str) -> RecordError {
    RecordError::UnknownEvent(excerpt(name))
}

fn form_decode(key: &str) -> Result<String, RecordError> {
    let spaced = key.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(RecordError::KeyNotUtf8(excerpt(key))),
    }
}
