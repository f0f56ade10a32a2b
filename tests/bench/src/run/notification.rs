//! Queue messages that say what landed in a bucket, as S3 writes them.

use serde_json::json;

use crate::stores::Listed;

/// The body of the message about an object. S3 sends one for each.
pub fn message(bucket: &str, object: &Listed) -> String {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": bucket, "arn": format!("arn:aws:s3:::{bucket}")},
            // Keys are of characters that form encoding leaves alone.
            "object": {"key": object.key, "eTag": object.etag},
        },
    }]})
    .to_string()
}
