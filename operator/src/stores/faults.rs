//! Errors of stores, in words that a user can act on, for the `Ready` condition.

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::cause::with_causes;
use docmill_clients::elastic::{ElasticError, OwnershipError};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::error_class::{Classify as _, ErrorClass};

use crate::not_ready::NotReady;

/// Reason for an endpoint that the administrator does not allow.
pub const NOT_ALLOWED: &str = "EndpointNotAllowed";

/// Why records cannot be used, for the `Ready` condition.
pub fn claim_fault(cluster: &ElasticsearchCluster, error: OwnershipError) -> NotReady {
    match error {
        OwnershipError::Elastic(error) => elastic_fault(cluster, &error),
        OwnershipError::Barred(words) => NotReady::user("LedgerOwnedByAnother", words),
    }
}

/// A store's error, for the `Ready` condition. `missing` is the reason, and `advice` the remedy, if the
/// bucket or queue does not exist.
pub fn store_fault(error: &StoreError, missing: &'static str, advice: &str) -> NotReady {
    if matches!(error, StoreError::NotAllowed(_)) {
        return NotReady::user(NOT_ALLOWED, error.to_string());
    }
    let (reason, advice) = match error.fault() {
        Some(StoreFault::NotFound | StoreFault::NoSuchKey) => (missing, advice),
        Some(StoreFault::AccessDenied) => ("AccessDenied", "check the credentials and their policy"),
        Some(
            StoreFault::Throttled | StoreFault::Unreachable | StoreFault::Unavailable | StoreFault::Changed,
        ) => {
            return NotReady::transient("StorageUnreachable", error.to_string());
        }
        Some(StoreFault::Refused | StoreFault::Archived) => {
            ("StorageRefused", "check region, endpoint and path style")
        }
        None => ("InvalidStorage", "correct spec.storage and its Secret"),
    };
    NotReady::user(reason, format!("{error}; {advice}"))
}

/// An error of a queue, for the `Ready` condition.
pub fn queue_fault(error: &StoreError) -> NotReady {
    let fault = store_fault(error, "QueueNotFound", "create it, or correct its URL");
    match fault.reason {
        "StorageUnreachable" => NotReady { reason: "QueueUnreachable", ..fault },
        "AccessDenied" => NotReady { reason: "QueueAccessDenied", ..fault },
        "StorageRefused" => NotReady { reason: "QueueRefused", ..fault },
        _ => fault,
    }
}

/// An error of Elasticsearch, for the `Ready` condition.
pub fn elastic_fault(cluster: &ElasticsearchCluster, error: &ElasticError) -> NotReady {
    let denied = error.fault().is_some_and(|fault| matches!(fault.status, 401 | 403));
    let (address, text) = (cluster.urls.join(", "), with_causes(error));
    let message = if text.contains(&address) { text } else { format!("{address}: {text}") };
    match error {
        ElasticError::NotAllowed(fault) => NotReady::user(NOT_ALLOWED, fault.to_string()),
        ElasticError::Untrusted(_) => NotReady::user("IndexUntrusted", message),
        ElasticError::Unreachable(_) | ElasticError::Timeout(_) => {
            let advice =
                "check that it is running and that pods can reach it (Service, DNS, network policies)";
            NotReady::transient("IndexUnreachable", format!("{message}; {advice}"))
        }
        _ if error.class() == ErrorClass::Transient => NotReady::transient("IndexUnreachable", message),
        _ if denied => {
            let advice = if cluster.aws.is_some() {
                "check the role or the keys that sign the requests, and the access policy of the domain"
            } else {
                "check the credentials in the Secret of the cluster, and their privileges"
            };
            NotReady::user("IndexAccessDenied", format!("{message}; {advice}"))
        }
        _ => NotReady::user("IndexRefused", format!("{message}; correct the settings of the cluster")),
    }
}

/// A Secret without a key that is needed.
pub(super) fn missing_key(name: &str, key: &str) -> NotReady {
    NotReady::user("SecretKeyMissing", format!("the Secret {name:?} has no key {key}; add it"))
}

#[cfg(test)]
mod tests {
    use docmill_clients::aws::{StoreError, StoreFault};
    use docmill_crds::error_class::ErrorClass;

    use super::store_fault;

    #[test]
    fn a_missing_bucket_is_the_users_and_an_outage_is_nobodys() {
        let error = |fault| StoreError::Request {
            action: "look at the bucket \"raw\"".into(),
            detail: "HTTP status 404".into(),
            said: "hunter2".into(),
            fault,
        };
        let missing = store_fault(&error(StoreFault::NotFound), "BucketNotFound", "create it");
        assert_eq!((missing.reason, missing.class), ("BucketNotFound", ErrorClass::User));
        assert!(missing.message.contains("\"raw\"") && missing.message.ends_with("create it"));
        assert!(!missing.message.contains("hunter2"), "{}", missing.message);
        let outage = store_fault(&error(StoreFault::Unavailable), "BucketNotFound", "create it");
        assert_eq!((outage.reason, outage.class), ("StorageUnreachable", ErrorClass::Transient));
    }
}
