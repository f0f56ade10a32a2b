//! Which errors are a store's doing, and how it hinders then. Pure.

use docmill_crds::contract::HindranceReason;

use crate::aws::{StoreError, StoreFault};
use crate::elastic::{ElasticError, Fault, SKEWED};

/// How Elasticsearch hinders.
pub fn elastic_reason(error: &ElasticError) -> Option<HindranceReason> {
    match error {
        ElasticError::Unreachable(_) => Some(HindranceReason::Unreachable),
        ElasticError::Timeout(_) => Some(HindranceReason::TimedOut),
        ElasticError::Unreadable(_) => Some(HindranceReason::Unavailable),
        ElasticError::Settings(_) | ElasticError::Untrusted(_) | ElasticError::NotAllowed(_) => {
            Some(HindranceReason::Refused)
        }
        ElasticError::Refused(fault) => fault_reason(fault),
        ElasticError::Stopped => None,
    }
}

/// How object store or queue hinder.
pub fn store_reason(error: &StoreError) -> Option<HindranceReason> {
    match error.fault() {
        Some(StoreFault::Throttled) => Some(HindranceReason::Throttled),
        Some(StoreFault::Unreachable) => Some(HindranceReason::Unreachable),
        Some(StoreFault::Unavailable) => Some(HindranceReason::Unavailable),
        Some(StoreFault::AccessDenied) => Some(HindranceReason::AccessDenied),
        Some(StoreFault::NotFound) => Some(HindranceReason::NotFound),
        Some(StoreFault::Refused) | None => Some(HindranceReason::Refused),
        Some(StoreFault::NoSuchKey | StoreFault::Changed | StoreFault::Archived) => None,
    }
}

fn fault_reason(fault: &Fault) -> Option<HindranceReason> {
    match (fault.kind.as_str(), fault.status) {
        ("cluster_block_exception", _) => Some(HindranceReason::ReadOnly),
        // It passes once the clock is right.
        (SKEWED, _) => Some(HindranceReason::Unavailable),
        // The limit of shards in the cluster.
        ("validation_exception", _) => Some(HindranceReason::Refused),
        ("search_context_missing_exception", _) => None,
        (_, 429) => Some(HindranceReason::Throttled),
        (_, 408 | 500..) => Some(HindranceReason::Unavailable),
        (_, 401 | 403) => Some(HindranceReason::AccessDenied),
        (_, 404) => Some(HindranceReason::NotFound),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::HindranceReason::{AccessDenied, ReadOnly, Refused, Throttled, Unavailable};
    use docmill_crds::contract::{HindranceReason, Store};

    use docmill_crds::error_class::Classify as _;

    use crate::aws::{StoreError, StoreFault};
    use crate::elastic::{ElasticError, Fault};

    #[test]
    fn elasticsearch_hinders_by_kind_before_status() {
        for (status, kind, reason) in [
            (429, "es_rejected_execution_exception", Some(Throttled)),
            (403, "cluster_block_exception", Some(ReadOnly)),
            (403, "security_exception", Some(AccessDenied)),
            (400, "validation_exception", Some(Refused)),
            (503, "", Some(Unavailable)),
            (400, "document_parsing_exception", None),
            (404, "search_context_missing_exception", None),
        ] {
            let fault = Fault { status, kind: kind.into(), reason: "".into() };
            let expected = reason.map(|reason| (Store::Elasticsearch, reason));
            assert_eq!(ElasticError::Refused(fault).hindrance(), expected, "{status} {kind}");
        }
        assert_eq!(ElasticError::Stopped.hindrance(), None);
    }

    #[test]
    fn an_object_that_is_gone_hinders_nobody() {
        let error = |fault| StoreError::Request {
            action: "read".into(),
            detail: "because".into(),
            said: "because".into(),
            fault,
        };
        assert_eq!(error(StoreFault::NoSuchKey).hindrance(), None);
        let slow = (Store::ObjectStore, HindranceReason::Throttled);
        assert_eq!(error(StoreFault::Throttled).hindrance(), Some(slow));
    }
}
