//! Rewrites the S3 server's event into the record that Amazon S3 sends.
//!
//! The difference, in short: S3 writes the event's name without `s3:`, the key form-encoded, the `ETag` without quotes,
//! times with milliseconds, and leaves `versionId` out where the bucket has no versions.
//! Source: "Event message structure" in the Amazon S3 User Guide.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One change of one object, in the form that Amazon S3 sends, and what routes match on.
#[derive(Debug, PartialEq)]
pub(crate) struct Notice {
    /// The bucket's name.
    pub(crate) bucket: String,
    /// The object's key as the writer gave it, not encoded.
    pub(crate) key: String,
    /// Event name without the `s3:` prefix, for example `ObjectCreated:Put`.
    pub(crate) event: String,
    /// The record that goes into the message's `Records`.
    pub(crate) record: Value,
}

/// Reads an event. One without `Records` (the test event that the S3 server sends at start) gives none.
pub(crate) fn notices(event: &Value) -> Vec<Notice> {
    let records = event.get("Records").and_then(Value::as_array);
    records.into_iter().flatten().filter_map(notice).collect()
}

fn notice(source: &Value) -> Option<Notice> {
    let (bucket, key) = place(source)?;
    let event = event_name(source.get("eventName")?.as_str()?);
    Some(Notice {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        record: record(source, bucket, key, &event),
        event,
    })
}

/// Bucket and key, out of the ARN that the S3 server writes: `arn:aws:s3:::/bucket/key`.
///
/// It writes them by themselves too, but as views of the request's buffer, which it reads when the buffer may hold
/// another request already: under load the event of one object then names another's bucket. The ARN is a copy. Where
/// several objects are deleted at once, it ends with the bucket, and the key is a copy of its own.
fn place(source: &Value) -> Option<(&str, &str)> {
    let path = source.pointer("/s3/bucket/arn")?.as_str()?.strip_prefix("arn:aws:s3:::/")?;
    match path.split_once('/') {
        Some((bucket, key)) if !key.is_empty() => Some((bucket, key)),
        _ => Some((path.trim_end_matches('/'), source.pointer("/s3/object/key")?.as_str()?)),
    }
}

fn record(source: &Value, bucket: &str, key: &str, event: &str) -> Value {
    let text = |pointer: &str| source.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": text("/awsRegion"),
        "eventTime": event_time(&text("/eventTime")),
        "eventName": event,
        "userIdentity": {"principalId": text("/userIdentity/PrincipalId")},
        "requestParameters": {"sourceIPAddress": text("/requestParameters/sourceIPAddress")},
        "responseElements": {
            "x-amz-request-id": text("/responseElements/x-amz-request-id"),
            "x-amz-id-2": text("/responseElements/x-amz-id-2"),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "testbed",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": text("/s3/bucket/ownerIdentity/PrincipalId")},
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": object(source, key),
        },
    })
}

fn object(source: &Value, key: &str) -> Value {
    let mut object = json!({"key": form_encoded(key)});
    let field = |name: &str| source.pointer(&format!("/s3/object/{name}")).cloned().unwrap_or(Value::Null);
    if let Some(tag) = field("eTag").as_str() {
        object["size"] = field("size");
        object["eTag"] = tag.trim_matches('"').into();
    }
    if let Some(version) = field("versionId").as_str().filter(|version| !version.is_empty()) {
        object["versionId"] = version.into();
    }
    object["sequencer"] = field("sequencer");
    object
}

/// `s3:ObjectRemoved:DeleteObjects` is this S3 server's own name for what S3 reports as a plain delete.
fn event_name(source: &str) -> String {
    match source.strip_prefix("s3:").unwrap_or(source) {
        "ObjectRemoved:DeleteObjects" => "ObjectRemoved:Delete".to_owned(),
        name => name.to_owned(),
    }
}

/// S3 writes milliseconds; the S3 server writes whole seconds.
fn event_time(source: &str) -> String {
    match source.strip_suffix('Z') {
        Some(seconds) if !seconds.contains('.') => format!("{seconds}.000Z"),
        _ => source.to_owned(),
    }
}

/// Encodes a key as S3 does in events: as in HTML forms (a space is `+`), but `/` stays.
fn form_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(key: &str, etag: &Value, version: &Value) -> Value {
        json!({"Records": [{
            "eventVersion": "2.2", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-03-04T05:06:07Z", "eventName": "s3:ObjectCreated:Put",
            "userIdentity": {"PrincipalId": "docmill"}, "requestParameters": {"sourceIPAddress": "10.88.0.1"},
            "responseElements": {"x-amz-request-id": "r1", "x-amz-id-2": "h1"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "webhook-global",
                "bucket": {
                    "name": "raw", "ownerIdentity": {"PrincipalId": "docmill"}, "arn": format!("arn:aws:s3:::/raw/{key}"),
                },
                "object": {"key": key, "size": 42, "eTag": etag, "versionId": version, "sequencer": "0A1B"},
            },
            "glacierEventData": {"restoreEventData": {}},
        }]})
    }

    #[test]
    fn a_put_becomes_the_record_that_s3_sends() {
        let call = call("wire/a b.xml", &json!("\"9b2c\""), &json!("v7"));
        let notice = notices(&call).pop().expect("one record");
        assert_eq!((notice.bucket.as_str(), notice.key.as_str()), ("raw", "wire/a b.xml"));
        assert_eq!(
            notice.record,
            json!({
                "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
                "eventTime": "2026-03-04T05:06:07.000Z", "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "docmill"},
                "requestParameters": {"sourceIPAddress": "10.88.0.1"},
                "responseElements": {"x-amz-request-id": "r1", "x-amz-id-2": "h1"},
                "s3": {
                    "s3SchemaVersion": "1.0", "configurationId": "testbed",
                    "bucket": {"name": "raw", "ownerIdentity": {"principalId": "docmill"}, "arn": "arn:aws:s3:::raw"},
                    "object": {
                        "key": "wire/a+b.xml", "size": 42, "eTag": "9b2c", "versionId": "v7", "sequencer": "0A1B",
                    },
                },
            })
        );
    }

    #[test]
    fn a_name_that_another_request_has_overwritten_is_not_believed() {
        let mut call = call("wire/a.xml", &json!("e"), &Value::Null);
        call["Records"][0]["s3"]["bucket"]["name"] = json!("oth");
        call["Records"][0]["s3"]["object"]["key"] = json!("other/b.xm");
        let notice = notices(&call).pop().expect("one record");
        assert_eq!((notice.bucket.as_str(), notice.key.as_str()), ("raw", "wire/a.xml"));
    }

    #[test]
    fn of_several_deleted_at_once_each_has_its_key() {
        let mut call = call("k", &Value::Null, &Value::Null);
        for arn in ["arn:aws:s3:::/raw", "arn:aws:s3:::/raw/"] {
            call["Records"][0]["s3"]["bucket"]["arn"] = json!(arn);
            let notice = notices(&call).pop().expect("one record");
            assert_eq!((notice.bucket.as_str(), notice.key.as_str()), ("raw", "k"));
        }
    }

    #[test]
    fn keys_are_form_encoded_and_slashes_stay() {
        for (key, encoded) in [
            ("a b/c.xml", "a+b/c.xml"),
            ("1+1=2.xml", "1%2B1%3D2.xml"),
            ("Zürich/é.xml", "Z%C3%BCrich/%C3%A9.xml"),
            ("100%.xml", "100%25.xml"),
            ("it's(1)!~.xml", "it%27s%281%29%21%7E.xml"),
        ] {
            assert_eq!(form_encoded(key), encoded, "{key}");
        }
    }

    #[test]
    fn a_bucket_without_versions_gives_no_version_id() {
        for version in [Value::Null, json!("")] {
            let notice = notices(&call("k", &json!("e"), &version)).pop().expect("one record");
            assert_eq!(notice.record.pointer("/s3/object/versionId"), None);
        }
    }

    #[test]
    fn a_delete_has_neither_size_nor_etag() {
        let mut call = call("k", &Value::Null, &Value::Null);
        call["Records"][0]["eventName"] = json!("s3:ObjectRemoved:DeleteObjects");
        let notice = notices(&call).pop().expect("one record");
        assert_eq!(notice.event, "ObjectRemoved:Delete");
        assert_eq!(
            notice.record.pointer("/s3/object").cloned().expect("an object"),
            json!({"key": "k", "sequencer": "0A1B"})
        );
    }

    #[test]
    fn the_test_event_and_broken_records_give_nothing() {
        assert_eq!(notices(&json!({"Service": "S3", "Event": "s3:TestEvent", "Bucket": "Test-Bucket"})), []);
        assert_eq!(notices(&json!({"Records": [{"eventName": "s3:ObjectCreated:Put"}]})), []);
    }
}
