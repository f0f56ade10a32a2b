//! The tags of an object, fetched by a separate request. They are optional: a store that does not support
//! them, or does not allow reading them, does not make the object fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::get_object_tagging::{GetObjectTaggingError, GetObjectTaggingOutput};
use docmill_clients::aws::{StoreError, StoreFault};

use crate::ingest::unit::object_ref::ObjectRef;

/// Reads tags, and logs once when they cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Tags {
    warned: AtomicBool,
}

/// The response to a request for tags.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Tags(BTreeMap<String, String>),
    /// We may not read them, or the store does not support them.
    Withheld,
    /// The object is gone.
    Gone,
}

impl Tags {
    /// The tags of an object whose tag count the store reports; `None` if it is gone.
    pub(crate) async fn of(
        &self,
        s3: &aws_sdk_s3::Client,
        landed: &ObjectRef,
        count: Option<i32>,
    ) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        if count.unwrap_or(0) == 0 {
            return Ok(Some(BTreeMap::new()));
        }
        let request = s3.get_object_tagging().bucket(&landed.bucket).key(&landed.key);
        let request = request.set_version_id(landed.version_id.clone());
        let action = format!("read the tags of s3://{}/{}", landed.bucket, landed.key);
        Ok(match read(request.send().await, &action)? {
            Answer::Tags(tags) => Some(tags),
            Answer::Withheld => {
                self.warn_once(&landed.bucket);
                Some(BTreeMap::new())
            }
            Answer::Gone => None,
        })
    }

    fn warn_once(&self, bucket: &str) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                bucket,
                "cannot read the tags of objects, so documents have none; to include them, allow s3:GetObjectTagging and s3:GetObjectVersionTagging"
            );
        }
    }
}

/// Interprets the response. After an error, the request has to be retried.
fn read(
    response: Result<GetObjectTaggingOutput, SdkError<GetObjectTaggingError>>,
    action: &str,
) -> Result<Answer, StoreError> {
    let error = match response {
        Ok(response) => {
            let tags = response.tag_set.into_iter().map(|tag| (tag.key, tag.value));
            return Ok(Answer::Tags(tags.collect()));
        }
        Err(error) => error,
    };
    // These are 501 and 405, and would look like a store that is unavailable at the moment.
    if matches!(error.code(), Some("NotImplemented" | "MethodNotAllowed")) {
        return Ok(Answer::Withheld);
    }
    let error = StoreError::from_sdk(action, &error);
    match error.fault() {
        Some(StoreFault::NoSuchKey) => Ok(Answer::Gone),
        Some(StoreFault::AccessDenied | StoreFault::Refused) => Ok(Answer::Withheld),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::error::{ErrorMetadata, SdkError};
    use aws_sdk_s3::operation::get_object_tagging::{GetObjectTaggingError, GetObjectTaggingOutput};
    use aws_sdk_s3::primitives::SdkBody;
    use aws_sdk_s3::types::Tag;
    use docmill_crds::error_class::{Classify as _, ErrorClass};

    use super::{Answer, read};

    fn refused(code: &str, status: u16) -> SdkError<GetObjectTaggingError> {
        let error = GetObjectTaggingError::generic(ErrorMetadata::builder().code(code).build());
        SdkError::service_error(error, HttpResponse::new(status.try_into().unwrap(), SdkBody::empty()))
    }

    #[test]
    fn tags_are_read() {
        let tag = Tag::builder().key("desk").value("sport").build().unwrap();
        let response = GetObjectTaggingOutput::builder().tag_set(tag).build().unwrap();
        let tags = [("desk".to_owned(), "sport".to_owned())].into();
        assert_eq!(read(Ok(response), "").unwrap(), Answer::Tags(tags));
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_what_passes_by_itself_is_tried_again() {
        for (code, status) in [("AccessDenied", 403), ("NotImplemented", 501), ("MethodNotAllowed", 405)] {
            assert_eq!(read(Err(refused(code, status)), "").unwrap(), Answer::Withheld, "{code}");
        }
        assert_eq!(read(Err(refused("NoSuchKey", 404)), "").unwrap(), Answer::Gone);
        for (code, status) in [("SlowDown", 503), ("InternalError", 500)] {
            let error = read(Err(refused(code, status)), "").unwrap_err();
            assert_eq!(error.class(), ErrorClass::Transient, "{code}");
        }
    }
}
