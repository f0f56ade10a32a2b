use docmill_crds::api::storage::{OnDelete, RawLocation};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Event, Notification, RecordError, SetAsideReason, names};
use crate::ingest::unit::object_ref::ObjectRef;

fn raw() -> RawLocation {
    RawLocation {
        bucket: "raw".into(),
        prefix: String::new(),
        suffixes: Vec::new(),
        on_delete: OnDelete::Keep,
    }
}

fn record(key: &str) -> Value {
    named(key, "ObjectCreated:Put")
}

fn named(key: &str, event: &str) -> Value {
    json!({"eventName": event, "s3": {
        "bucket": {"name": "raw"}, "object": {"key": key, "eTag": "0123", "size": 5, "sequencer": "0A"}}})
}

fn sns(message: &Value) -> Value {
    json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": message.to_string(),
           "MessageAttributes": {"Records": {"Type": "String", "Value": "{}"}}})
}

fn bridge(kind: Option<&str>, detail: &Value) -> Value {
    let mut event = json!({"source": "aws.s3", "region": "eu-west-1", "detail": {
        "bucket": {"name": "raw"}, "object": {"key": "wire/a.xml", "etag": "0123"}}});
    event["detail"].as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
    if let Some(kind) = kind {
        event["detail-type"] = kind.into();
    }
    event
}

fn read(body: &Value) -> Notification {
    Notification::read(&body.to_string(), &raw())
}

fn keys(body: &Value) -> Vec<String> {
    let notification = read(body);
    assert!(notification.set_aside.is_empty(), "{:?}", notification.set_aside);
    notification.events.into_iter().map(|event| event.object().key.clone()).collect()
}

/// What is said of the only record of a message.
fn fault(body: &Value) -> RecordError {
    let mut notification = read(body);
    assert_eq!((notification.records, notification.set_aside.len()), (1, 1), "{notification:?}");
    match notification.set_aside.remove(0).why {
        SetAsideReason::Malformed(error) => error,
        SetAsideReason::Foreign(bucket) => panic!("foreign: {bucket}"),
    }
}

#[test]
fn every_record_has_its_own_end() {
    let records = [record("good-1.xml"), record("bad-%FF.xml"), json!({}), json!(7), record("good-2.xml")];
    let notification = read(&json!({"Records": records}));
    let keys: Vec<_> = notification.events.iter().map(|event| event.object().key.as_str()).collect();
    assert_eq!(keys, ["good-1.xml", "good-2.xml"]);
    let places: Vec<_> =
        notification.set_aside.iter().map(|record| (record.number, record.place.as_str())).collect();
    assert_eq!(places, [(1, "$.Records[1]"), (2, "$.Records[2]"), (3, "$.Records[3]")]);
    assert_eq!(notification.set_aside[0].body, record("bad-%FF.xml").to_string());
    assert_eq!(notification.records, 5);
}

#[test]
fn keys_are_form_decoded_in_records_and_plain_elsewhere() {
    let body = json!({"Records": [record("wire/a+b%2Bc%25d%26e/%E6%9D%B1%E4%BA%AC.xml")]});
    assert_eq!(keys(&body), ["wire/a b+c%d&e/東京.xml"]);
    let key = "year=2026/2026-01-02T03:04:05+00:00 a%.xml";
    let encoded = "year%3D2026/2026-01-02T03%3A04%3A05%2B00%3A00+a%25.xml";
    assert_eq!(keys(&sns(&json!({"Records": [record(encoded)]}))), [key]);
    let detail = json!({"object": {"key": key, "etag": "\"abc\"", "version-id": "v1"}});
    let expected = ObjectRef {
        bucket: "raw".into(),
        key: key.into(),
        version_id: Some("v1".into()),
        etag: Some("abc".into()),
    };
    assert_eq!(read(&bridge(Some("Object Created"), &detail)).events, [Event::Landed(expected)]);
}

#[test]
fn envelopes_in_each_other_are_opened() {
    let records = json!({"Records": [record("a.xml"), record("b.xml")]});
    let event = bridge(Some("Object Created"), &json!({}));
    for (body, expected) in [
        (sns(&records), vec!["a.xml", "b.xml"]),
        (sns(&sns(&records)), vec!["a.xml", "b.xml"]),
        (sns(&event), vec!["wire/a.xml"]),
        (json!({"detail-type": "custom", "detail": records}), vec!["a.xml", "b.xml"]),
        (json!({"source": "x", "detail": records.to_string()}), vec!["a.xml", "b.xml"]),
        (json!([event, records]), vec!["wire/a.xml", "a.xml", "b.xml"]),
        (json!({"Records": [{"EventSource": "aws:sns", "Sns": sns(&records)}]}), vec!["a.xml", "b.xml"]),
        (
            json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": event.to_string()}]}),
            vec!["wire/a.xml"],
        ),
        (json!(records.to_string()), vec!["a.xml", "b.xml"]),
        (record("a.xml"), vec!["a.xml"]),
        (
            json!({"EventName": "s3:ObjectCreated:Put", "Key": "raw/a", "Records": [named("a", "s3:ObjectCreated:Put")]}),
            vec!["a"],
        ),
    ] {
        assert_eq!(keys(&body), expected, "{body}");
    }
}

#[test]
fn nesting_without_an_end_is_set_aside() {
    let mut body = json!({"Records": [record("a.xml")]});
    for _ in 0..14 {
        body = json!([body]);
    }
    assert_eq!(fault(&body), RecordError::TooDeep);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let notification = Notification::read(&deep, &raw());
    assert!(matches!(&notification.set_aside[0].why, SetAsideReason::Malformed(RecordError::NotJson(_))));
}

#[test]
fn events_of_s3_without_their_type_are_read_by_what_they_say() {
    assert_eq!(keys(&bridge(None, &json!({"reason": "PutObject"}))), ["wire/a.xml"]);
    let removed =
        |detail: &Value| matches!(read(&bridge(None, detail)).events.as_slice(), [Event::Removed(_)]);
    assert!(removed(&json!({"reason": "Lifecycle Expiration"})));
    assert!(removed(&json!({"deletion-type": "Permanently Deleted"})));
    let mut other = bridge(None, &json!({}));
    other["source"] = "com.example".into();
    assert_eq!(fault(&other), RecordError::MissingPart("detail-type"));
}

#[test]
fn calls_that_cloud_trail_tells_of_are_read() {
    let call = |name: &str, more: Value| {
        let mut call =
            json!({"eventName": name, "requestParameters": {"bucketName": "raw", "key": "wire/b.xml"}});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": call})
    };
    assert_eq!(keys(&call("PutObject", json!({}))), ["wire/b.xml"]);
    let removed = read(&call("DeleteObject", json!({})));
    assert!(matches!(removed.events.as_slice(), [Event::Removed(_)]), "{removed:?}");
    let ignored = |notification: Notification| notification.ignored.into_iter().collect::<Vec<_>>();
    assert_eq!(ignored(read(&call("PutObject", json!({"errorCode": "AccessDenied"})))), [("FailedCall", 1)]);
    assert_eq!(ignored(read(&call("GetObjectTagging", json!({})))), [("GetObject*", 1)]);
    assert_eq!(fault(&call("DeleteObjects", json!({}))), RecordError::UnknownEvent("DeleteObjects".into()));
}

#[test]
fn removals_have_many_names() {
    for name in [
        "ObjectRemoved:Delete",
        "s3:ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "s3:ObjectLifecycle:Expiration:Current",
        "ObjectSynced:Delete",
    ] {
        let events = read(&json!({"Records": [named("wire/a.xml", name)]})).events;
        assert!(
            matches!(events.as_slice(), [Event::Removed(it)] if it.key == "wire/a.xml"),
            "{name}: {events:?}"
        );
    }
    let lifecycle = json!({"reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"});
    let events = read(&bridge(Some("Object Deleted"), &lifecycle)).events;
    assert!(matches!(events.as_slice(), [Event::Removed(_)]), "{events:?}");
}

#[test]
fn what_is_of_no_interest_is_counted_by_its_name() {
    let events = [
        "ObjectTagging:Put",
        "ObjectTagging:Delete",
        "ObjectAcl:Put",
        "ObjectRestore:Post",
        "IntelligentTiering",
        "Replication:OperationMissedThreshold",
        "ObjectCreated:PutTagging",
    ];
    let records: Vec<_> = events.iter().map(|event| named("a.xml", event)).collect();
    let notification = read(&json!({"Records": records}));
    assert_eq!((notification.records, notification.events.len(), notification.set_aside.len()), (7, 0, 0));
    assert_eq!(notification.ignored["ObjectTagging:*"], 2);
    assert_eq!(notification.ignored.values().sum::<u64>(), 7);
    for test in [
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "other"}),
        sns(&json!({"Event": "s3:TestEvent"})),
    ] {
        assert_eq!(read(&test).ignored["TestEvent"], 1);
    }
    assert_eq!(read(&bridge(Some("Object Tags Added"), &json!({}))).ignored["Object Tags Added"], 1);
}

#[test]
fn a_restored_object_is_looked_at_again() {
    let restored = read(&json!({"Records": [named("a.xml", "ObjectRestore:Completed")]}));
    assert!(matches!(restored.events.as_slice(), [Event::Restored(_)]), "{restored:?}");
    let restored = read(&bridge(Some("Object Restore Completed"), &json!({})));
    assert!(matches!(restored.events.as_slice(), [Event::Restored(_)]), "{restored:?}");
}

#[test]
fn what_nobody_has_heard_of_is_set_aside() {
    let event = |name: &str| fault(&json!({"Records": [named("a.xml", name)]}));
    assert_eq!(event("ObjectInvented:Put"), RecordError::UnknownEvent("ObjectInvented:Put".into()));
    let kind = bridge(Some("Object Invented"), &json!({}));
    assert_eq!(fault(&kind), RecordError::UnknownEvent("Object Invented".into()));
    assert_eq!(fault(&json!({})), RecordError::UnknownForm);
    assert_eq!(fault(&json!(null)), RecordError::UnknownForm);
    assert_eq!(fault(&json!({"Records": []})), RecordError::NoRecord);
    assert_eq!(fault(&json!({"Records": {}})), RecordError::UnknownForm);
    let confirm = json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen", "SubscribeURL": "https://x"});
    assert_eq!(fault(&confirm), RecordError::Confirmation);
    assert!(matches!(fault(&json!({"Type": "Notification", "Message": "hello"})), RecordError::NotJson(_)));
    let notification = Notification::read("{", &raw());
    assert_eq!((notification.records, notification.set_aside[0].body.as_str()), (1, "{"));
}

#[test]
fn parts_of_other_types_are_faults_of_their_record() {
    let with = |pointer: &str, value: Value| {
        let mut record = record("a.xml");
        *record.pointer_mut(pointer).unwrap() = value;
        fault(&json!({"Records": [record]}))
    };
    assert_eq!(with("/s3/object/key", json!(7)), RecordError::MissingPart("s3.object.key"));
    assert_eq!(with("/s3/object/key", json!("")), RecordError::MissingPart("s3.object.key"));
    assert_eq!(with("/s3/bucket/name", json!(["raw"])), RecordError::MissingPart("s3.bucket.name"));
    assert_eq!(with("/s3/object/eTag", json!(12)), RecordError::MissingPart("eTag"));
    assert_eq!(with("/s3", json!("s3")), RecordError::MissingPart("s3.bucket.name"));
    assert_eq!(with("/eventName", json!({})), RecordError::MissingPart("eventName"));
    let mut sound = record("a.xml");
    sound["s3"]["object"]["versionId"] = Value::Null;
    assert_eq!(keys(&json!({"Records": [sound]})), ["a.xml"]);
}

#[test]
fn what_tells_of_another_bucket_is_nobodys_to_delete() {
    let mut foreign = record("a.xml");
    foreign["s3"]["bucket"]["name"] = "raw-access-point-s3alias".into();
    let mut tagged = named("b.xml", "ObjectTagging:Put");
    tagged["s3"]["bucket"]["name"] = "other".into();
    let notification = read(&json!({"Records": [foreign, record("own.xml"), tagged]}));
    assert!(notification.has_foreign());
    assert_eq!((notification.events.len(), notification.set_aside.len()), (1, 2));
    assert_eq!(notification.set_aside[0].why, SetAsideReason::Foreign("raw-access-point-s3alias".into()));
}

#[test]
fn keys_that_the_source_does_not_take_are_counted() {
    let raw = RawLocation { prefix: "wire/".into(), suffixes: vec![".xml".into()], ..raw() };
    let records = ["wire/a.xml", "wire/a.txt", "b.xml", ".docmill/runs/1/plan.json"].map(record);
    let notification = Notification::read(&json!({"Records": records}).to_string(), &raw);
    assert_eq!((notification.events.len(), notification.ignored["NotCovered"]), (1, 3));
    assert!(!notification.has_foreign());
}

#[test]
fn a_message_full_of_rubbish_is_kept_within_bounds() {
    let rubbish = format!("[{}{{}}]", "{},".repeat(300_000));
    let notification = Notification::read(&rubbish, &raw());
    assert_eq!((notification.records, notification.set_aside.len()), (300_001, 100));
    assert_eq!(notification.unlisted.malformed, 299_901);
}

#[test]
fn entries_that_an_earlier_one_hides_would_never_count() {
    for list in [names::RECORDS, names::DETAILS, names::CALLS] {
        for (entry, _) in list {
            let name = entry.strip_suffix('*').unwrap_or(entry);
            assert_eq!(names::find(list, name).map(|(found, _)| found), Some(*entry));
        }
    }
}

/// Any JSON, also with the words that notifications have.
fn any_json() -> impl Strategy<Value = Value> {
    const WORDS: &[&str] = &[
        "Records",
        "Message",
        "Sns",
        "body",
        "detail",
        "s3",
        "bucket",
        "name",
        "object",
        "key",
        "eventName",
        "Type",
        "TopicArn",
        "Event",
        "detail-type",
        "requestParameters",
        "bucketName",
        "eTag",
        "source",
    ];
    const TEXTS: &[&str] = &[
        "raw",
        "ObjectCreated:Put",
        "Notification",
        "Object Created",
        "s3:TestEvent",
        "{}",
        "[1]",
        "aws.s3",
    ];
    let word = prop_oneof![proptest::sample::select(WORDS).prop_map(str::to_owned), "[a-z]{0,4}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(TEXTS).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::hash_map(word.clone(), inner.clone(), 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

fn counted(notification: &Notification) -> usize {
    let ignored = usize::try_from(notification.ignored.values().sum::<u64>()).unwrap();
    let unlisted = notification.unlisted.malformed + notification.unlisted.foreign;
    notification.events.len() + ignored + notification.set_aside.len() + unlisted
}

proptest! {
    #[test]
    fn any_key_survives_form_encoding(key in "\\PC{1,60}") {
        let encoded: String = key.bytes().map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'a'..=b'z' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        }).collect();
        let notification = read(&json!({"Records": [record(&encoded)]}));
        prop_assert_eq!(notification.events[0].object().key.as_str(), key);
    }

    #[test]
    fn whatever_comes_has_an_end(body in ".{0,200}") {
        let notification = Notification::read(&body, &raw());
        prop_assert!(notification.records > 0 && counted(&notification) == notification.records, "{:?}", notification);
    }

    #[test]
    fn whatever_json_comes_has_an_end(body in any_json()) {
        let notification = read(&body);
        prop_assert!(notification.records > 0 && counted(&notification) == notification.records, "{:?}", notification);
    }

    #[test]
    fn a_bad_record_takes_no_good_one_along(bad in any_json(), before in 0_usize..5, after in 0_usize..5, enveloped in any::<bool>()) {
        let good = |number: usize| record(&format!("good-{number}"));
        let records: Vec<_> = (0..before).map(good).chain([bad]).chain((before..before + after).map(good)).collect();
        let body = json!({"Records": records});
        let notification = read(&if enveloped { sns(&body) } else { body });
        let good_events = notification.events.iter().filter(|event| event.object().key.starts_with("good-")).count();
        prop_assert_eq!(good_events, before + after);
        prop_assert!(counted(&notification) > before + after);
    }
}
