//! The raw object of a unit.

use docmill_crds::records::units::UnitRecord;
use docmill_crds::records_api::MAX_CONTENT_BYTES;
use docmill_crds::records_api::state::State;

use crate::records_api::answer::Failure;
use crate::records_api::sources::OpenSource;
use crate::records_api::units::{objects, read};

/// The bytes of exactly the version of the unit: from the raw bucket, or, if that has another one by now, the copy that was
/// kept of a refused unit.
pub async fn get(source: &OpenSource, record: &UnitRecord) -> Result<Vec<u8>, Failure> {
    let kept = if State::of_record(record) == State::Failed { copy(source, record).await? } else { None };
    if let Some(bytes) = kept {
        return Ok(bytes);
    }
    let (s3, unit) = (source.s3()?, &record.unit);
    if !read::is_of_raw_bucket(source, unit) {
        return Err(Failure::not_found("the unit is not of the bucket that its source has now"));
    }
    let request = s3.get_object().bucket(&unit.bucket).key(&unit.key);
    let seen = objects::look(s3, &unit.bucket, &unit.key).await?;
    let request = match seen {
        // The version that was looked at, and not one that replaces it meanwhile.
        Some(seen) if seen.is_version(&unit.version) => {
            request.set_if_match(seen.etag.map(|etag| format!("\"{etag}\"")))
        }
        Some(seen) if seen.version_id.is_some() => request.version_id(&unit.version),
        Some(_) => {
            return Err(Failure::not_found(
                "another version has replaced the raw object, and its bucket keeps none",
            ));
        }
        None => return Err(Failure::not_found("the raw object is not in its bucket any more")),
    };
    let found = objects::read("the raw object", request, MAX_CONTENT_BYTES, None).await?;
    found.ok_or_else(|| Failure::not_found("this version of the raw object is not in its bucket any more"))
}

/// The copy in the errors bucket.
async fn copy(source: &OpenSource, record: &UnitRecord) -> Result<Option<Vec<u8>>, Failure> {
    let keys = read::evidence_keys(source, &record.unit);
    let request = source.s3()?.get_object().bucket(&source.source.spec.errors.bucket).key(keys.copy);
    objects::read("the refused object", request, MAX_CONTENT_BYTES, None).await
}
