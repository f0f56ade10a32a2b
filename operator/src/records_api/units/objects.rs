//! Looks at objects, and reads small ones into memory.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::clock;
use docmill_crds::records::locations::SNAPSHOT_SOURCE;

use super::view::SeenObject;
use crate::records_api::answer::Failure;
use crate::records_api::answer::store_failure::of_store;

/// What a bucket has under the key of a raw object; `None`: nothing.
pub async fn look(s3: &Client, bucket: &str, key: &str) -> Result<Option<SeenObject>, Failure> {
    let seen = |head: HeadObjectOutput| {
        let millis = head.last_modified().and_then(|time| time.to_millis().ok());
        SeenObject {
            version_id: head.version_id().map(str::to_owned),
            etag: head.e_tag().map(|etag| etag.trim_matches('"').to_owned()),
            size: head.content_length().unwrap_or(0),
            last_modified: millis.map(clock::rfc3339),
        }
    };
    let head = head("the raw object", s3.head_object().bucket(bucket).key(key)).await?;
    Ok(head.map(seen))
}

/// The metadata of an object; `None`: there is none. `what` names it.
pub async fn head(what: &str, request: HeadObjectFluentBuilder) -> Result<Option<HeadObjectOutput>, Failure> {
    // On the heap, as all that wait for it would be large.
    match Box::pin(request.send()).await {
        Ok(head) => Ok(Some(head)),
        Err(error) => {
            let error = StoreError::from_sdk(what, &error);
            // The answer to a HEAD does not tell a missing bucket from a missing object.
            let is_gone = matches!(error.fault(), Some(StoreFault::NoSuchKey | StoreFault::NotFound));
            if is_gone { Ok(None) } else { Err(of_store(what, &error)) }
        }
    }
}

/// Reads an object that has at most `most` bytes; `None`: there is none, or its metadata name another source than `owner`.
/// `what` names it.
pub async fn read(
    what: &str,
    request: GetObjectFluentBuilder,
    most: u64,
    owner: Option<&str>,
) -> Result<Option<Vec<u8>>, Failure> {
    let too_large = || {
        let text = "read it from its bucket";
        Failure::too_large(format!(
            "{what} has more than the {most} bytes that the Records API answers; {text}"
        ))
    };
    let object = match Box::pin(request.send()).await {
        Ok(object) => object,
        Err(error) => {
            let error = StoreError::from_sdk(what, &error);
            let is_gone = error.fault() == Some(StoreFault::NoSuchKey);
            return if is_gone { Ok(None) } else { Err(of_store(what, &error)) };
        }
    };
    let written_by = object.metadata().and_then(|metadata| metadata.get(SNAPSHOT_SOURCE));
    if owner.is_some_and(|owner| written_by.is_none_or(|source| source != owner)) {
        return Ok(None);
    }
    let length = object.content_length().and_then(|length| u64::try_from(length).ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut body = object.body;
    let mut bytes = Vec::new();
    loop {
        let next = body.try_next().await;
        let next = next.map_err(|error| of_store(what, &StoreError::unavailable(what, &error)))?;
        let Some(chunk) = next else { return Ok(Some(bytes)) };
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > most {
            return Err(too_large());
        }
    }
}
