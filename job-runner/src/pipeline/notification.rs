//! What a queue message says: which objects landed, and which were removed. Pure.
//!
//! Forms: S3 → SQS, S3 → SNS → SQS (with the SNS envelope or raw), and EventBridge → SQS. Keys in S3's own records
//! are form-encoded, keys from EventBridge are not
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// An object that landed, as its notification tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// Name of the bucket.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// Version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// `ETag` without quotes, where the notification has one.
    pub etag: Option<String>,
}

/// What a notification tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An object landed.
    Landed(Landed),
    /// An object was removed, or one of its versions was.
    Removed(Landed),
}

impl Event {
    /// The object.
    #[must_use]
    pub const fn object(&self) -> &Landed {
        match self {
            Self::Landed(object) | Self::Removed(object) => object,
        }
    }
}

/// Why a message is no notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Not JSON.
    #[error("the message is not JSON: {0}")]
    NotJson(String),
    /// JSON, but none of the known forms.
    #[error("the message is JSON, but no S3 notification (neither Records nor an EventBridge detail)")]
    UnknownForm,
    /// A record without one of its parts.
    #[error("record {index} has no {part}")]
    MissingPart {
        /// Number of the record, from 0.
        index: usize,
        /// Path of what is missing.
        part: &'static str,
    },
    /// A key whose escapes are not UTF-8.
    #[error("record {index} has a key that is not UTF-8 after decoding: {key:?}")]
    KeyNotUtf8 {
        /// Number of the record, from 0.
        index: usize,
        /// The key as it came.
        key: String,
    },
}

/// Reads the body of a message. S3's test event and events of other kinds tell of no object; the list is empty then.
pub fn parse(body: &str) -> Result<Vec<Event>, NotificationError> {
    let value: Value =
        serde_json::from_str(body).map_err(|error| NotificationError::NotJson(error.to_string()))?;
    if let Some(inner) = sns_message(&value) {
        return parse(inner);
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        return records
            .iter()
            .enumerate()
            .filter_map(|(index, record)| {
                let object = || landed(record.get("s3"), index, Encoding::Form);
                // `ObjectCreated:Put` in records of S3, `s3:ObjectCreated:Put` in those of some compatible stores.
                match text(record, "eventName") {
                    None => Some(Err(NotificationError::MissingPart { index, part: "eventName" })),
                    Some(name) => {
                        let name = name.trim_start_matches("s3:");
                        event(name, ["ObjectCreated:", "ObjectRemoved:"], object)
                    }
                }
            })
            .collect();
    }
    if value.get("detail").is_some() {
        let object = || landed(value.get("detail"), 0, Encoding::Plain);
        let name = text(&value, "detail-type").unwrap_or_default();
        return event(name, ["Object Created", "Object Deleted"], object).into_iter().collect();
    }
    if text(&value, "Event") == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    Err(NotificationError::UnknownForm)
}

/// The event of this name, by what the names of creations and of removals begin with.
fn event(
    name: &str,
    [created, removed]: [&str; 2],
    object: impl FnOnce() -> Result<Landed, NotificationError>,
) -> Option<Result<Event, NotificationError>> {
    if name.starts_with(created) {
        return Some(object().map(Event::Landed));
    }
    name.starts_with(removed).then(|| object().map(Event::Removed))
}

#[derive(Clone, Copy)]
enum Encoding {
    Form,
    Plain,
}

fn sns_message(value: &Value) -> Option<&str> {
    (text(value, "Type") == Some("Notification")).then(|| text(value, "Message")).flatten()
}

fn landed(part: Option<&Value>, index: usize, encoding: Encoding) -> Result<Landed, NotificationError> {
    let missing = |part| NotificationError::MissingPart { index, part };
    let part = part.ok_or(missing("s3"))?;
    let bucket = part.pointer("/bucket/name").and_then(Value::as_str).ok_or(missing("bucket.name"))?;
    let object = part.get("object").ok_or(missing("object"))?;
    let key = text(object, "key").filter(|key| !key.is_empty()).ok_or(missing("object.key"))?;
    let first =
        |names: [&str; 2]| names.iter().find_map(|name| text(object, name)).filter(|it| !it.is_empty());
    Ok(Landed {
        bucket: bucket.to_owned(),
        key: match encoding {
            Encoding::Form => form_decode(key, index)?,
            Encoding::Plain => key.to_owned(),
        },
        version_id: first(["versionId", "version-id"]).filter(|id| *id != "null").map(str::to_owned),
        etag: first(["eTag", "etag"]).map(|etag| etag.trim_matches('"').to_owned()),
    })
}

fn form_decode(key: &str, index: usize) -> Result<String, NotificationError> {
    let spaced = key.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(NotificationError::KeyNotUtf8 { index, key: key.to_owned() }),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Event, Landed, NotificationError, parse};

    fn record(key: &str) -> serde_json::Value {
        json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "raw"},
            "object": {"key": key, "size": 5, "eTag": "abc", "versionId": "v1"}}})
    }

    fn keys(body: &serde_json::Value) -> Vec<String> {
        parse(&body.to_string())
            .expect("a notification")
            .iter()
            .map(|event| event.object().key.clone())
            .collect()
    }

    #[test]
    fn a_message_may_have_several_records() {
        let body = json!({"Records": [record("a.xml"), record("b.xml")]});
        assert_eq!(keys(&body), ["a.xml", "b.xml"]);
    }

    #[test]
    fn keys_are_form_decoded() {
        let body = json!({"Records": [record("wire/a+b%2Bc%25d%26e/%E6%9D%B1%E4%BA%AC.xml")]});
        assert_eq!(keys(&body), ["wire/a b+c%d&e/東京.xml"]);
    }

    #[test]
    fn an_sns_envelope_is_opened() {
        let inner = json!({"Records": [record("a.xml")]}).to_string();
        assert_eq!(keys(&json!({"Type": "Notification", "Message": inner})), ["a.xml"]);
    }

    #[test]
    fn event_bridge_keys_are_plain() {
        let body = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {
            "bucket": {"name": "raw"}, "object": {"key": "a+b%20.xml", "etag": "\"abc\"", "version-id": "v1"}}});
        let expected = Landed {
            bucket: "raw".into(),
            key: "a+b%20.xml".into(),
            version_id: Some("v1".into()),
            etag: Some("abc".into()),
        };
        assert_eq!(parse(&body.to_string()), Ok(vec![Event::Landed(expected)]));
    }

    #[test]
    fn test_events_and_other_events_tell_of_no_object() {
        assert_eq!(parse(&json!({"Event": "s3:TestEvent"}).to_string()), Ok(vec![]));
        let mut tagged = record("a.xml");
        tagged["eventName"] = json!("ObjectTagging:Put");
        assert_eq!(parse(&json!({"Records": [tagged]}).to_string()), Ok(vec![]));
    }

    #[test]
    fn removals_are_told_apart() {
        let mut removed = record("a.xml");
        removed["eventName"] = json!("ObjectRemoved:DeleteMarkerCreated");
        let bridge = json!({"detail-type": "Object Deleted", "detail": {
            "bucket": {"name": "raw"}, "object": {"key": "a.xml"}}});
        for body in [json!({"Records": [removed]}), bridge] {
            let events = parse(&body.to_string()).expect("a notification");
            assert!(
                matches!(events.as_slice(), [Event::Removed(object)] if object.key == "a.xml"),
                "{events:?}"
            );
        }
    }

    #[test]
    fn what_is_no_notification_says_why() {
        assert!(matches!(parse("{"), Err(NotificationError::NotJson(_))));
        assert_eq!(parse("{}"), Err(NotificationError::UnknownForm));
        let broken =
            json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "raw"}}}]});
        assert_eq!(
            parse(&broken.to_string()),
            Err(NotificationError::MissingPart { index: 0, part: "object" })
        );
        let bytes = json!({"Records": [record("%FF")]});
        assert!(matches!(parse(&bytes.to_string()), Err(NotificationError::KeyNotUtf8 { .. })));
    }

    proptest! {
        #[test]
        fn any_key_survives_form_encoding(key in "\\PC{1,60}") {
            let encoded: String = key.bytes().map(|byte| match byte {
                b' ' => "+".to_owned(),
                b'a'..=b'z' | b'/' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            }).collect();
            prop_assert_eq!(keys(&json!({"Records": [record(&encoded)]})), [key]);
        }

        #[test]
        fn arbitrary_bodies_do_not_panic(body in ".{0,200}") {
            let _ = parse(&body);
        }
    }
}
