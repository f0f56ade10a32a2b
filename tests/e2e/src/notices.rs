//! Queue messages that say what landed in a bucket, as S3 writes them. Pure.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::s3::Listed;

/// The body of one message about these objects.
pub fn message(bucket: &str, objects: &[Listed]) -> String {
    let records: Vec<Value> = objects.iter().map(|object| record(bucket, object)).collect();
    json!({"Records": records}).to_string()
}

/// The body of a message about one version of an object that landed.
pub fn version(bucket: &str, object: &Listed, version: &str) -> String {
    let mut record = record(bucket, object);
    record["s3"]["object"]["versionId"] = version.into();
    json!({"Records": [record]}).to_string()
}

/// The body of a message about the removal of an object, or of a version of it.
pub fn removal(bucket: &str, key: &str, version: Option<&str>) -> String {
    let mut object = json!({"key": form_encoded(key)});
    if let Some(version) = version {
        object["versionId"] = version.into();
    }
    json!({"Records": [event("ObjectRemoved:Delete", bucket, &object)]}).to_string()
}

fn record(bucket: &str, object: &Listed) -> Value {
    let object = json!({"key": form_encoded(&object.key), "eTag": object.etag});
    event("ObjectCreated:Put", bucket, &object)
}

fn event(name: &str, bucket: &str, object: &Value) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
            "object": object,
        },
    })
}

/// As in HTML forms, but `/` stays.
fn form_encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b' ' => encoded.push('+'),
            b'/' | b'-' | b'_' | b'.' | b'*' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
        encoded
    })
}

/// The same order every time, and another one than it was.
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for end in (1..items.len()).rev() {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let place = usize::try_from(state % (end as u64 + 1)).unwrap_or_default();
        items.swap(end, place);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::s3::Listed;
    use super::{message, shuffle};

    #[test]
    fn keys_are_form_encoded() {
        let object = Listed { key: "wire/a b+c%/ü.xml".into(), etag: "e".into() };
        let message: Value = serde_json::from_str(&message("raw", &[object])).expect("JSON");
        let told = message.pointer("/Records/0/s3/object/key").and_then(Value::as_str);
        assert_eq!(told, Some("wire/a+b%2Bc%25/%C3%BC.xml"));
    }

    #[test]
    fn shuffling_moves_and_loses_nothing() {
        let mut items: Vec<u32> = (0..100).collect();
        shuffle(&mut items, 7);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
