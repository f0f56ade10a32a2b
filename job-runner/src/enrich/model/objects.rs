//! Raw objects as inputs of models: fetched, or shared by a URL that is valid for a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docmill_clients::aws::{StoreError, StoreFault, s3_client};
use docmill_clients::retry::retry_transient;
use docmill_clients::secrets::mounted;
use docmill_crds::api::enricher::{ObjectForm, ObjectInput};
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::secret_mount;
use docmill_crds::records::enrichments::key;
use docmill_crds::untrusted_text::UntrustedText;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::ingest::source::object::{self, ObjectFound};
use crate::ingest::unit::object_ref::ObjectRef;

/// Refused objects in a row from which on it is the bucket that refuses, and not the objects. Until then, each fails its
/// document alone.
const REFUSED_IN_A_ROW: u32 = 20;

/// The bucket of raw objects.
pub(crate) struct Objects {
    s3: aws_sdk_s3::Client,
    refusals: Refusals,
}

/// How many objects were refused since one was read.
#[derive(Debug, Default)]
struct Refusals(AtomicU32);

impl Objects {
    /// Creates a client with the Secret that is mounted into this pod; sends nothing yet.
    pub(crate) async fn mounted(storage: &Storage) -> Result<Self, EnrichError> {
        let secrets = mounted(secret_mount::STORAGE)?;
        Ok(Self { s3: s3_client(storage, &secrets).await?, refusals: Refusals::default() })
    }

    /// The object of a document, in the form that the model expects; the inner error is a fault of this
    /// object.
    pub(crate) async fn input(
        &self,
        object: &ObjectInput,
        document: &Map<String, Value>,
        stop: &CancellationToken,
    ) -> Result<Result<String, String>, EnrichError> {
        let Some(raw_object) = raw_object(document) else {
            return Ok(Err("the document has no _docmill.unit, so its object is not known".to_owned()));
        };
        match object.form {
            ObjectForm::Base64 => self.bytes(&raw_object, object.max_bytes, stop).await,
            ObjectForm::PresignedUrl => self.url(&raw_object, object.expires_seconds).await,
        }
    }

    async fn bytes(
        &self,
        raw_object: &ObjectRef,
        max_bytes: i64,
        stop: &CancellationToken,
    ) -> Result<Result<String, String>, EnrichError> {
        let read = async || match object::open(&self.s3, raw_object).await {
            Ok(ObjectFound::Object(opened)) if opened.length > max_bytes => Ok(Err(format!(
                "its object has {} bytes, and no more than {max_bytes} are given",
                opened.length
            ))),
            Ok(ObjectFound::Object(opened)) => {
                self.refusals.end();
                object::read(raw_object, opened.length, opened.body).await.map(Ok)
            }
            Ok(ObjectFound::Gone) => Ok(Err("its object is gone from the bucket".to_owned())),
            Ok(ObjectFound::Replaced) => {
                Ok(Err("another object has taken the place of its object".to_owned()))
            }
            Err(error) => self.refusals.own_fault(error).map(Err),
        };
        let found = retry_transient(PATIENCE, stop, read).await;
        Ok(found.map_err(EnrichError::Store)?.map(|bytes| STANDARD.encode(bytes)))
    }

    async fn url(&self, raw_object: &ObjectRef, seconds: i32) -> Result<Result<String, String>, EnrichError> {
        let valid_for = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let refused = |detail: String| {
            EnrichError::Store(StoreError::Request {
                action: format!("make a URL for s3://{}/{}", raw_object.bucket, raw_object.key),
                detail,
                said: UntrustedText::default(),
                fault: StoreFault::Refused,
            })
        };
        let config = PresigningConfig::expires_in(valid_for).map_err(|error| refused(error.to_string()))?;
        let request = self.s3.get_object().bucket(&raw_object.bucket).key(&raw_object.key);
        let request = match &raw_object.version_id {
            Some(version) => request.version_id(version),
            None => request,
        };
        let url = request.presigned(config).await.map_err(|error| refused(error.to_string()))?;
        Ok(Ok(url.uri().to_owned()))
    }
}

impl Refusals {
    /// An object was given.
    fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// What keeps this object alone from being read; the error if that may concern all objects.
    fn own_fault(&self, error: StoreError) -> Result<String, StoreError> {
        match error.fault() {
            Some(StoreFault::Archived) => {
                let fault = "its object is archived and cannot be read; restore it, and run again with select: {state: Failed}";
                Ok(fault.to_owned())
            }
            // A key of its own that is gone or disabled, a policy for its prefix.
            Some(StoreFault::AccessDenied | StoreFault::Refused)
                if !error.is_of_credentials()
                    && self.0.fetch_add(1, Ordering::Relaxed) < REFUSED_IN_A_ROW =>
            {
                Ok(format!(
                    "its object cannot be read ({error}); check the policies of bucket and key, and run again with select: {{state: Failed}}"
                ))
            }
            _ => Err(error),
        }
    }
}

/// The object that a document was made from. Its version is a version id, or the `ETag` if the bucket has no
/// versions.
fn raw_object(document: &Map<String, Value>) -> Option<ObjectRef> {
    let unit = document.get(key::DOCMILL)?.get("unit")?;
    let text = |name: &str| unit.get(name)?.as_str().map(str::to_owned);
    let version = text("version").filter(|version| !version.is_empty());
    let (etag, version_id) = version.map_or((None, None), |version| {
        if is_etag(&version) { (Some(version), None) } else { (None, Some(version)) }
    });
    Some(ObjectRef { bucket: text("bucket")?, key: text("key")?, version_id, etag })
}

/// An `ETag` is 32 hexadecimal digits, and for an object of several parts a hyphen and their number
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>). No version id looks like that.
fn is_etag(version: &str) -> bool {
    let (digest, parts) = version.split_once('-').unwrap_or((version, "1"));
    digest.len() == 32
        && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !parts.is_empty()
        && parts.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use docmill_clients::aws::{StoreError, StoreFault};
    use serde_json::json;

    use super::{REFUSED_IN_A_ROW, Refusals, raw_object};

    #[test]
    fn an_archived_object_fails_its_document_and_not_the_slice() {
        let error = |fault| StoreError::Request {
            action: "read s3://b/k".to_owned(),
            detail: "InvalidObjectState".to_owned(),
            said: "".into(),
            fault,
        };
        let refusals = Refusals::default();
        let archived = refusals.own_fault(error(StoreFault::Archived)).expect("a fault of the object");
        assert!(archived.contains("restore it"), "{archived}");
        assert!(refusals.own_fault(error(StoreFault::NotFound)).is_err());
    }

    #[test]
    fn credentials_that_are_not_taken_are_no_fault_of_an_object() {
        let refusals = Refusals::default();
        let denied = |detail: &str| {
            let (action, detail) = ("read s3://b/k".to_owned(), detail.to_owned());
            let fault = StoreFault::AccessDenied;
            refusals.own_fault(StoreError::Request { action, detail, said: "".into(), fault })
        };
        assert!(denied("ExpiredToken").is_err() && denied("InvalidAccessKeyId").is_err());
        assert!(denied("AccessDenied").is_ok());
    }

    #[test]
    fn a_refused_object_fails_its_document_until_nothing_else_can_be_read() {
        let refusals = Refusals::default();
        let refused = |fault| {
            let (action, detail) = ("read s3://b/k".to_owned(), "KMS.DisabledException".to_owned());
            refusals.own_fault(StoreError::Request { action, detail, said: "".into(), fault })
        };
        let own = refused(StoreFault::Refused).expect("a fault of the object");
        assert!(own.contains("KMS.DisabledException") && own.contains("state: Failed"), "{own}");
        for _ in 1..REFUSED_IN_A_ROW {
            assert!(refused(StoreFault::AccessDenied).is_ok());
        }
        assert!(refused(StoreFault::AccessDenied).is_err(), "the bucket gives nothing");
        refusals.end();
        assert!(refused(StoreFault::AccessDenied).is_ok());
    }

    #[test]
    fn a_version_is_an_etag_or_a_version_id() {
        let of = |version: &str| {
            let document = json!({"_docmill": {"unit": {"bucket": "b", "key": "k", "version": version}}});
            let raw_object = raw_object(document.as_object().expect("an object")).expect("an object");
            (raw_object.etag.is_some(), raw_object.version_id.is_some())
        };
        assert_eq!(of("9e107d9d372bb6826bd81d3542a419d6"), (true, false));
        assert_eq!(of("9e107d9d372bb6826bd81d3542a419d6-12"), (true, false));
        assert_eq!(of("3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"), (false, true));
        assert_eq!(of(""), (false, false));
        assert!(raw_object(json!({}).as_object().expect("an object")).is_none());
    }
}
