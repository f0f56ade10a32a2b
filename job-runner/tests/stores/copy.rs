//! Objects of more than 5 GiB are copied in parts; here, one of 12 MiB is, by parts of 5 MiB.

use aws_sdk_s3::Client;
use docmill_clients::clock;
use docmill_clients::secrets::Secrets;
use docmill_crds::records::units::UnitId;
use job_runner::ingest::bucket::copy::{self, CopyTarget};
use job_runner::ingest::unit::Unit;
use serde_json::json;

const BYTES: usize = 12 << 20;
const PART_BYTES: i64 = 5 << 20;

async fn put(client: &Client, bucket: &str, key: &str, bytes: Vec<u8>) -> UnitId {
    let put = client.put_object().bucket(bucket).key(key).body(bytes.into()).send().await.unwrap();
    let version = put.e_tag().unwrap().trim_matches('"').to_owned();
    UnitId { bucket: bucket.to_owned(), key: key.to_owned(), version }
}

async fn get(client: &Client, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let object = client.get_object().bucket(bucket).key(key).send().await.ok()?;
    Some(object.body.collect().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_copy_in_parts_is_whole_and_of_one_version() {
    let Ok(endpoint) = std::env::var("S3_ENDPOINT") else {
        eprintln!("copy: passed over, since S3_ENDPOINT names no store");
        return;
    };
    let storage = json!({"region": "us-east-1", "endpoint": endpoint, "forcePathStyle": true});
    let storage = serde_json::from_value(storage).unwrap();
    let secrets = Secrets::default();
    let client = docmill_clients::aws::s3_client(&storage, &secrets);
    let client = client.await.unwrap();
    let bucket = format!("copy-{}", clock::now_millis());
    client.create_bucket().bucket(&bucket).send().await.unwrap();

    let bytes: Vec<u8> = (0..BYTES).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let id = put(&client, &bucket, "wire/ü +large.xml", bytes.clone()).await;
    let unit = Unit { id, version_id: None, last_modified_millis: 0 };
    let head = copy::head(&client, &unit).await.unwrap();
    let target = CopyTarget { bucket: &bucket, key: "copy" };
    copy::in_parts(&client, &unit, target, &head, PART_BYTES).await.unwrap();
    assert!(get(&client, &bucket, "copy").await.unwrap() == bytes, "the copy is another one");

    put(&client, &bucket, &unit.id.key, vec![b'x'; BYTES]).await;
    let other = CopyTarget { bucket: &bucket, key: "other" };
    assert!(
        copy::in_parts(&client, &unit, other, &head, PART_BYTES).await.is_err(),
        "another version was copied"
    );
    assert!(get(&client, &bucket, "other").await.is_none(), "another version was copied");
}
