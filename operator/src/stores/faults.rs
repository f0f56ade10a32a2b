//! Errors of stores, in words that a user can act on, for the `Ready` condition.

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::cause::with_causes;
use docmill_clients::elastic::{ElasticError, OwnershipError};
use docmill_clients::model_server::link::LinkError;
use docmill_clients::outbound::tls::{CertificateFault, Distrust};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::error_class::{Classify as _, ErrorClass};

use crate::outcome::not_ready::NotReady;

/// Reason for an endpoint that the administrator does not allow.
pub const NOT_ALLOWED: &str = "EndpointNotAllowed";
/// Reason for a server whose certificate was signed by an authority that is not known.
const UNKNOWN_CA: &str = "UnknownCA";
/// Reason for a client certificate that cannot be used, or that a server does not take.
const BAD_CLIENT_CERTIFICATE: &str = "BadClientCertificate";

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
    match error {
        StoreError::NotAllowed(_) => return NotReady::user(NOT_ALLOWED, error.to_string()),
        StoreError::Certificates(fault) => return certificate_fault("InvalidStorage", "", fault),
        _ => {}
    }
    let (reason, advice) = match error.fault() {
        Some(StoreFault::NotFound | StoreFault::NoSuchKey) => (missing, advice),
        Some(StoreFault::AccessDenied) => ("AccessDenied", "check the credentials and their policy"),
        Some(
            StoreFault::Throttled | StoreFault::Unreachable | StoreFault::Unavailable | StoreFault::Changed,
        ) => {
            return NotReady::transient("StorageUnreachable", error.to_string());
        }
        Some(StoreFault::UnknownCa) => return untrusted(Distrust::UnknownCa, error),
        Some(StoreFault::Untrusted) => return untrusted(Distrust::Server, error),
        Some(StoreFault::ClientCertificate) => return untrusted(Distrust::Client, error),
        Some(StoreFault::Refused | StoreFault::Archived) => {
            ("StorageRefused", "check region, endpoint and path style")
        }
        None => ("InvalidStorage", "correct spec.storage and its Secret"),
    };
    NotReady::user(reason, format!("{error}; {advice}"))
}

fn untrusted(whose: Distrust, error: &StoreError) -> NotReady {
    distrust_fault("StorageUntrusted", whose, &error.to_string())
}

/// A certificate that ended a connection, for the `Ready` condition. `otherwise` is the reason if the server's is to be
/// renewed; the others are the same for all kinds of servers.
pub fn distrust_fault(otherwise: &'static str, whose: Distrust, text: &str) -> NotReady {
    let reason = match whose {
        Distrust::UnknownCa => UNKNOWN_CA,
        Distrust::Server => otherwise,
        Distrust::Client => BAD_CLIENT_CERTIFICATE,
    };
    NotReady::user(reason, format!("{text}; {}", whose.advice()))
}

/// Certificates of a Secret that cannot be used, for the `Ready` condition. `otherwise` is the reason if it is not the
/// client's; `at` begins the message.
fn certificate_fault(otherwise: &'static str, at: &str, fault: &CertificateFault) -> NotReady {
    let reason = match fault {
        CertificateFault::Client => BAD_CLIENT_CERTIFICATE,
        CertificateFault::Authority | CertificateFault::Setup(_) => otherwise,
    };
    NotReady::user(reason, format!("{at}{fault}; correct the Secret, or name another one"))
}

/// What is wrong with the Secret of a model, for the `Ready` condition. `field` is where it is named.
pub fn model_link_fault(field: &str, error: &LinkError) -> NotReady {
    match error {
        LinkError::Certificates(fault) => certificate_fault("InvalidSecret", &format!("{field}: "), fault),
        _ => NotReady::user("InvalidSecret", format!("{field}: {error}")),
    }
}

/// An error of a queue, for the `Ready` condition.
pub fn queue_fault(error: &StoreError) -> NotReady {
    let fault = store_fault(error, "QueueNotFound", "create it, or correct its URL");
    match fault.reason {
        "StorageUnreachable" => NotReady { reason: "QueueUnreachable", ..fault },
        "AccessDenied" => NotReady { reason: "QueueAccessDenied", ..fault },
        "StorageRefused" => NotReady { reason: "QueueRefused", ..fault },
        "StorageUntrusted" => NotReady { reason: "QueueUntrusted", ..fault },
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
        ElasticError::Untrusted { whose, detail } => distrust_fault("IndexUntrusted", *whose, detail),
        ElasticError::Certificates(fault) => {
            certificate_fault("IndexRefused", &format!("{address}: "), fault)
        }
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
    use docmill_clients::elastic::ElasticError;
    use docmill_clients::model_server::link::LinkError;
    use docmill_clients::outbound::tls::{CertificateFault, Distrust};
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use docmill_crds::error_class::ErrorClass;

    use super::{elastic_fault, model_link_fault, queue_fault, store_fault};

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

    #[test]
    fn certificates_have_reasons_of_their_own_in_all_kinds_of_stores() {
        let request = |fault| StoreError::Request {
            action: "check the queue".into(),
            detail: "invalid peer certificate: UnknownIssuer".into(),
            said: "".into(),
            fault,
        };
        let reasons = |error: &StoreError| (store_fault(error, "", "").reason, queue_fault(error).reason);
        for (error, expected) in [
            (request(StoreFault::UnknownCa), ("UnknownCA", "UnknownCA")),
            (request(StoreFault::Untrusted), ("StorageUntrusted", "QueueUntrusted")),
            (request(StoreFault::ClientCertificate), ("BadClientCertificate", "BadClientCertificate")),
            (CertificateFault::Client.into(), ("BadClientCertificate", "BadClientCertificate")),
            (CertificateFault::Authority.into(), ("InvalidStorage", "InvalidStorage")),
        ] {
            assert_eq!(reasons(&error), expected, "{error}");
        }
        let cluster = ElasticsearchCluster { urls: vec!["https://es:9200".into()], ..Default::default() };
        let untrusted = |whose| ElasticError::Untrusted { whose, detail: "https://es:9200: no".into() };
        for (error, expected) in [
            (untrusted(Distrust::UnknownCa), "UnknownCA"),
            (untrusted(Distrust::Server), "IndexUntrusted"),
            (untrusted(Distrust::Client), "BadClientCertificate"),
            (CertificateFault::Client.into(), "BadClientCertificate"),
        ] {
            let fault = elastic_fault(&cluster, &error);
            assert_eq!((fault.reason, fault.class), (expected, ErrorClass::User));
            assert!(fault.message.contains("https://es:9200"), "{}", fault.message);
        }
        let link = LinkError::from(CertificateFault::Client);
        assert_eq!(model_link_fault("spec.model", &link).reason, "BadClientCertificate");
    }
}
