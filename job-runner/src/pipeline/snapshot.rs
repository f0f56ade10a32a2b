//! Keeps the JSON of a converted object: one document a line, in the order of the object.

use aws_sdk_s3::primitives::ByteStream;
use docmill_crds::ledger::UnitId;
use docmill_crds::storage::BucketLocation;

use super::object_key;
use crate::stores::StoreError;

/// Key of the snapshot of a unit: `<prefix><raw key>/<unit digest>/<revision>.json`.
#[must_use]
pub fn key(location: &BucketLocation, unit: &UnitId, revision: &str) -> String {
    let digest = unit.digest();
    object_key::derived(&location.prefix, &unit.key, &digest, &format!("/{digest}/{revision}.json"))
}

/// Stores a snapshot. The same unit and revision give the same key, so that doing it twice changes nothing.
pub async fn store(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    key: &str,
    lines: Vec<u8>,
) -> Result<(), StoreError> {
    client
        .put_object()
        .bucket(&location.bucket)
        .key(key)
        .content_type("application/json")
        .body(ByteStream::from(lines))
        .send()
        .await
        .map_err(|error| StoreError::from_sdk(format!("write s3://{}/{key}", location.bucket), &error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use docmill_crds::ledger::UnitId;
    use docmill_crds::storage::BucketLocation;

    #[test]
    fn the_key_names_object_version_and_revision() {
        let location = BucketLocation { bucket: "json".into(), prefix: "wire/".into() };
        let unit = UnitId { bucket: "raw".into(), key: "in/a b.xml".into(), version: "1".into() };
        let key = super::key(&location, &unit, "5f2c");
        assert_eq!(key, format!("wire/in/a b.xml/{}/5f2c.json", unit.digest()));
    }
}
