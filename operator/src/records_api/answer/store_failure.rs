//! Errors of stores, as answers: without addresses, and without a store's own words. Pure.

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::elastic::ElasticError;

use super::failure::Failure;

/// A cluster that did not answer as it should; `what` names what was to be read.
pub fn of_elastic(what: &str, error: &ElasticError) -> Failure {
    let because = match error {
        ElasticError::Timeout(_) => {
            return Failure::timeout(format!("{what}: Elasticsearch did not answer in time"));
        }
        ElasticError::Unreachable(_) => "Elasticsearch cannot be reached".to_owned(),
        ElasticError::Refused(fault) => format!("Elasticsearch refuses the request ({fault})"),
        ElasticError::Untrusted { .. } | ElasticError::Certificates(_) => {
            "a certificate for Elasticsearch is not trusted".to_owned()
        }
        ElasticError::Unreadable(_) => {
            "the answer of Elasticsearch is too large, or cannot be read".to_owned()
        }
        ElasticError::Settings(_) | ElasticError::NotAllowed(_) => "its cluster may not be used".to_owned(),
        ElasticError::Stopped => "the operator stops".to_owned(),
    };
    Failure::unavailable(format!("{what}: {because}"))
}

/// An object store that did not answer as it should.
pub fn of_store(what: &str, error: &StoreError) -> Failure {
    let because = match error.fault() {
        Some(StoreFault::NoSuchKey) => {
            return Failure::not_found(format!("{what}: it is not there any more"));
        }
        Some(StoreFault::Archived) => {
            return Failure::not_found(format!("{what}: it is archived, and has to be restored first"));
        }
        Some(StoreFault::Changed) => {
            return Failure::not_found(format!("{what}: another version has replaced it"));
        }
        Some(StoreFault::NotFound) => "there is no such bucket",
        Some(StoreFault::AccessDenied) => {
            "the operator may not read it; allow s3:GetObject to its credentials"
        }
        Some(StoreFault::Throttled) => "the object store throttles requests; repeat it",
        Some(StoreFault::Unreachable) => "the object store cannot be reached",
        Some(StoreFault::Unavailable) => "the object store is unavailable, or its answer broke off",
        Some(StoreFault::Refused) => "the object store refuses the request",
        Some(StoreFault::UnknownCa | StoreFault::Untrusted | StoreFault::ClientCertificate) => {
            "a certificate for the object store is not trusted"
        }
        None => "the object store may not be used",
    };
    Failure::unavailable(format!("{what}: {because}"))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use docmill_clients::aws::{StoreError, StoreFault};
    use docmill_clients::elastic::{ElasticError, ErrorCause};

    use super::{of_elastic, of_store};

    #[test]
    fn no_answer_has_an_address_or_what_a_store_said() {
        let refused = ErrorCause { status: 403, kind: "security_exception".into(), reason: "hunter2".into() };
        for error in [
            ElasticError::Unreachable("https://es.secret:9200".into()),
            ElasticError::Timeout("https://es.secret:9200".into()),
            ElasticError::Refused(refused),
            ElasticError::Unreadable("https://es.secret:9200: hunter2".into()),
        ] {
            let failure = of_elastic("the ledger", &error);
            assert!(
                !failure.message.contains("secret:") && !failure.message.contains("hunter2"),
                "{failure:?}"
            );
            assert!(failure.message.starts_with("the ledger: "), "{failure:?}");
        }
        let error = |fault| StoreError::Request {
            action: "read s3://raw/a".into(),
            detail: "dns error: s3.secret".into(),
            said: "hunter2".into(),
            fault,
        };
        let failure = of_store("the raw object", &error(StoreFault::Unreachable));
        assert!(!failure.message.contains("secret") && !failure.message.contains("hunter2"), "{failure:?}");
        assert_eq!(of_store("it", &error(StoreFault::NoSuchKey)).code, StatusCode::NOT_FOUND);
    }
}
