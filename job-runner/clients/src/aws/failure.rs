//! What can go wrong with the object store and the queue, and who has to act.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use docmill_crds::contract::{Store, StoreProblemReason};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::untrusted_text::{UntrustedText, code as known_code};
use http_body_util::LengthLimitError;

use crate::cause::{self, innermost};
use crate::outbound::EndpointFault;
use crate::outbound::tls::{CertificateFault, Distrust, distrust};

/// Maximum characters of a service's message that are kept.
const SERVICE_MESSAGE_CHARS: usize = 400;

/// A request to the object store or the queue that failed, or could not be built.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The Secret lacks a key.
    #[error("the credentials Secret has no key {0:?}")]
    MissingKey(&'static str),
    /// The queue's URL has no host.
    #[error("{0:?} is not the URL of a queue")]
    QueueUrl(String),
    /// The endpoint is not allowed.
    #[error("{0}")]
    NotAllowed(#[from] EndpointFault),
    /// The certificates of the Secret cannot be used.
    #[error(transparent)]
    Certificates(#[from] CertificateFault),
    /// A request failed.
    #[error("failed to {action}: {detail}")]
    Request {
        /// What was tried, with the name of the bucket, object or queue.
        action: String,
        /// The service's code, the status, or what happened to the connection.
        detail: String,
        /// The service's message.
        said: UntrustedText,
        /// The kind of failure.
        fault: StoreFault,
    },
}

/// Kinds of failed requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// No such object.
    NoSuchKey,
    /// No such bucket or queue.
    NotFound,
    /// The credentials are wrong or lack permissions.
    AccessDenied,
    /// A condition of the request was not met (412), for example the `ETag` changed meanwhile.
    Changed,
    /// The service throttles requests at the moment; transient.
    Throttled,
    /// There was no response: connection trouble, time-outs; transient.
    Unreachable,
    /// The service responded that it is unavailable (5xx), or its response broke off; transient.
    Unavailable,
    /// The object is in an archive storage class, and has to be restored before it can be read.
    Archived,
    /// The request itself was refused (other 4xx).
    Refused,
    /// The certificate of the service was signed by an unknown authority.
    UnknownCa,
    /// The certificate of the service is not trusted for another reason.
    Untrusted,
    /// The service does not take the client's certificate, or asks for one.
    ClientCertificate,
}

impl StoreError {
    /// Interprets the failure of an SDK call; `action` is a phrase such as `read s3://bucket/key`.
    pub fn from_sdk<E>(action: impl Into<String>, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        if let Some(fault) = cause::find::<EndpointFault>(error) {
            return Self::NotAllowed(fault.clone());
        }
        let action = action.into();
        if let Some((whose, detail)) = distrust(error) {
            let fault = match whose {
                Distrust::UnknownCa => StoreFault::UnknownCa,
                Distrust::Server => StoreFault::Untrusted,
                Distrust::Client => StoreFault::ClientCertificate,
            };
            return Self::Request { action, detail, said: UntrustedText::default(), fault };
        }
        if let SdkError::ResponseError(_) = error {
            let detail = match cause::find::<LengthLimitError>(error) {
                Some(_) => "the answer is longer than it may be",
                None => "the answer broke off, or is not what the service promises",
            };
            return Self::Request {
                action,
                detail: detail.to_owned(),
                said: UntrustedText::default(),
                fault: StoreFault::Unavailable,
            };
        }
        if let Some(error) = cause::find::<CredentialsError>(error) {
            // Whoever gives them may only be late, so this is waited for like a store that is not reached.
            let (detail, fault) = (no_credentials(error), StoreFault::Unreachable);
            return Self::Request { action, detail, said: UntrustedText::default(), fault };
        }
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code();
        let detail = match (code.and_then(known_code), status) {
            (Some(code), _) => code.to_owned(),
            (None, Some(status)) => format!("HTTP status {status}"),
            (None, None) => innermost(error),
        };
        let service_message: String =
            error.message().unwrap_or_default().chars().take(SERVICE_MESSAGE_CHARS).collect();
        Self::Request { action, detail, said: service_message.into(), fault: fault(code, status) }
    }

    /// A body that broke off, or any other transient failure in transit.
    pub fn unavailable(action: impl Into<String>, error: &dyn StdError) -> Self {
        Self::Request {
            action: action.into(),
            detail: innermost(error),
            said: UntrustedText::default(),
            fault: StoreFault::Unavailable,
        }
    }

    /// The service's code and its own words, if a request was sent: for records, as in
    /// [`UntrustedText::for_records`].
    pub fn detail(&self) -> String {
        match self {
            Self::Request { detail, said, .. } if said.is_empty() => detail.clone(),
            Self::Request { detail, said, .. } => format!("{detail}: {}", said.for_records()),
            Self::MissingKey(_) | Self::QueueUrl(_) | Self::NotAllowed(_) | Self::Certificates(_) => {
                self.to_string()
            }
        }
    }

    /// Whether the service does not take the credentials themselves, whatever they are used for.
    pub fn is_of_credentials(&self) -> bool {
        let Self::Request { detail, .. } = self else { return false };
        matches!(
            detail.as_str(),
            "ExpiredToken"
                | "InvalidAccessKeyId"
                | "InvalidToken"
                | "RequestTimeTooSkewed"
                | "TokenRefreshRequired"
        )
    }

    /// The kind of failure, if a request was sent.
    pub fn fault(&self) -> Option<StoreFault> {
        match self {
            Self::Request { fault, .. } => Some(*fault),
            Self::MissingKey(_) | Self::QueueUrl(_) | Self::NotAllowed(_) | Self::Certificates(_) => None,
        }
    }
}

impl Classify for StoreError {
    fn class(&self) -> ErrorClass {
        match self.fault() {
            Some(
                StoreFault::Throttled
                | StoreFault::Unreachable
                | StoreFault::Unavailable
                | StoreFault::Changed,
            ) => ErrorClass::Transient,
            Some(StoreFault::NoSuchKey | StoreFault::Archived) => ErrorClass::Permanent,
            Some(
                StoreFault::NotFound
                | StoreFault::AccessDenied
                | StoreFault::Refused
                | StoreFault::UnknownCa
                | StoreFault::Untrusted
                | StoreFault::ClientCertificate,
            )
            | None => ErrorClass::User,
        }
    }

    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        Some((Store::ObjectStore, store_reason(self)?))
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Request { said, .. } => Some(said).filter(|said| !said.is_empty()),
            Self::MissingKey(_) | Self::QueueUrl(_) | Self::NotAllowed(_) | Self::Certificates(_) => None,
        }
    }
}

/// What to do about credentials that could not be had: a request without a response has nothing else to say.
fn no_credentials(error: &CredentialsError) -> String {
    let cause = innermost(error);
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => format!(
            "there are no AWS credentials ({cause}); give the service account a role, or set credentialsSecretRef"
        ),
        _ => format!(
            "the AWS credentials of the service account could not be fetched ({cause}); check its role and the trust policy of that role"
        ),
    }
}

/// Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. The response to a HEAD has
/// no body and therefore no code, so the status decides if there is none.
fn fault(code: Option<&str>, status: Option<u16>) -> StoreFault {
    match (code, status) {
        (Some("NoSuchKey" | "NoSuchVersion"), _) => StoreFault::NoSuchKey,
        (
            Some(
                "NoSuchBucket" | "NotFound" | "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue",
            ),
            _,
        )
        | (None, Some(404)) => StoreFault::NotFound,
        (Some("InvalidObjectState"), _) => StoreFault::Archived,
        (Some("PreconditionFailed"), _) | (_, Some(412)) => StoreFault::Changed,
        (
            Some(
                "SlowDown"
                | "ThrottlingException"
                | "RequestThrottled"
                | "OverLimit"
                | "KmsThrottled"
                | "KMS.ThrottlingException"
                | "Throttling"
                | "RequestLimitExceeded",
            ),
            _,
        )
        | (_, Some(429)) => StoreFault::Throttled,
        (Some("RequestTimeout"), _) | (_, Some(408 | 500..)) => StoreFault::Unavailable,
        (_, None) => StoreFault::Unreachable,
        // Expired credentials are reported with the status 400, and so is what SQS denies.
        (
            Some(
                "ExpiredToken"
                | "InvalidToken"
                | "TokenRefreshRequired"
                | "AccessDenied"
                | "AccessDeniedException"
                | "KmsAccessDenied"
                | "KMS.AccessDeniedException",
            ),
            _,
        )
        | (_, Some(401 | 403)) => StoreFault::AccessDenied,
        _ => StoreFault::Refused,
    }
}

/// How object store or queue hold up work.
pub fn store_reason(error: &StoreError) -> Option<StoreProblemReason> {
    match error.fault() {
        Some(StoreFault::Throttled) => Some(StoreProblemReason::Throttled),
        Some(StoreFault::Unreachable) => Some(StoreProblemReason::Unreachable),
        Some(StoreFault::Unavailable) => Some(StoreProblemReason::Unavailable),
        Some(StoreFault::AccessDenied | StoreFault::ClientCertificate) => {
            Some(StoreProblemReason::AccessDenied)
        }
        Some(StoreFault::NotFound) => Some(StoreProblemReason::NotFound),
        Some(StoreFault::Refused | StoreFault::UnknownCa | StoreFault::Untrusted) | None => {
            Some(StoreProblemReason::Refused)
        }
        Some(StoreFault::NoSuchKey | StoreFault::Changed | StoreFault::Archived) => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{ProvideCredentials, future};
    use docmill_crds::error_class::{Classify as _, ErrorClass};

    use super::{StoreError, StoreFault, fault};

    /// Has no credentials to give.
    #[derive(Debug)]
    struct NoCredentials(fn() -> CredentialsError);

    impl ProvideCredentials for NoCredentials {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err::<Credentials, _>(self.0()))
        }
    }

    #[tokio::test]
    async fn a_request_without_credentials_says_what_to_do_about_them() {
        let of_none: fn() -> CredentialsError = || CredentialsError::not_loaded("no providers in chain");
        let of_a_role: fn() -> CredentialsError = || CredentialsError::provider_error("InvalidIdentityToken");
        for (error, advice) in [(of_none, "set credentialsSecretRef"), (of_a_role, "trust policy")] {
            let config = crate::aws::sdk_config("eu-west-1").credentials_provider(NoCredentials(error));
            let s3 = aws_sdk_s3::Client::new(&config.load().await);
            let failed = s3.head_bucket().bucket("raw").send().await.unwrap_err();
            let error = StoreError::from_sdk("read s3://raw", &failed);
            assert!(error.to_string().contains(advice), "{error}");
            assert_eq!(error.class(), ErrorClass::Transient, "it is waited for");
        }
    }

    #[test]
    fn codes_and_statuses_are_told_apart() {
        assert_eq!(fault(Some("NoSuchKey"), Some(404)), StoreFault::NoSuchKey);
        assert_eq!(fault(None, Some(404)), StoreFault::NotFound);
        assert_eq!(fault(Some("AccessDenied"), Some(403)), StoreFault::AccessDenied);
        assert_eq!(fault(Some("SlowDown"), Some(503)), StoreFault::Throttled);
        assert_eq!(fault(Some("InternalError"), Some(500)), StoreFault::Unavailable);
        assert_eq!(fault(None, None), StoreFault::Unreachable);
        assert_eq!(fault(Some("PreconditionFailed"), Some(412)), StoreFault::Changed);
        assert_eq!(fault(Some("InvalidArgument"), Some(400)), StoreFault::Refused);
        assert_eq!(fault(Some("InvalidObjectState"), Some(403)), StoreFault::Archived);
        assert_eq!(fault(Some("KMS.DisabledException"), Some(400)), StoreFault::Refused);
        assert_eq!(fault(Some("ExpiredToken"), Some(400)), StoreFault::AccessDenied);
        assert_eq!(fault(Some("AccessDeniedException"), Some(400)), StoreFault::AccessDenied);
    }
}
