//! Which errors are a store's doing, and how it hinders then. Pure.

use docmill_crds::contract::{HindranceReason, Store};

use super::hindrances::Kind;
use crate::elastic::{ElasticError, Fault};
use crate::stores::{StoreError, StoreFault};

/// An error that may be a store's doing.
pub trait Hinders {
    /// Who hinders and how; `None` where no store does (the document's fault, or the end of the process).
    fn hindrance(&self) -> Option<Kind>;
}

impl Hinders for StoreError {
    fn hindrance(&self) -> Option<Kind> {
        Some((Store::ObjectStore, store_reason(self)?))
    }
}

impl Hinders for ElasticError {
    fn hindrance(&self) -> Option<Kind> {
        let reason = match self {
            Self::Unreachable(_) => HindranceReason::Unreachable,
            Self::Timeout(_) => HindranceReason::TimedOut,
            Self::Unreadable(_) => HindranceReason::Unavailable,
            Self::Settings(_) => HindranceReason::Refused,
            Self::Refused(fault) => elastic_reason(fault)?,
            Self::Stopped => return None,
        };
        Some((Store::Elasticsearch, reason))
    }
}

/// How object store or queue hinder.
#[must_use]
pub fn store_reason(error: &StoreError) -> Option<HindranceReason> {
    match error.fault() {
        Some(StoreFault::Throttled) => Some(HindranceReason::Throttled),
        Some(StoreFault::Unreachable) => Some(HindranceReason::Unreachable),
        Some(StoreFault::Unavailable) => Some(HindranceReason::Unavailable),
        Some(StoreFault::AccessDenied) => Some(HindranceReason::AccessDenied),
        Some(StoreFault::NotFound) => Some(HindranceReason::NotFound),
        None => Some(HindranceReason::Refused),
        Some(StoreFault::NoSuchKey | StoreFault::Changed | StoreFault::Refused) => None,
    }
}

fn elastic_reason(fault: &Fault) -> Option<HindranceReason> {
    match (fault.kind.as_str(), fault.status) {
        ("cluster_block_exception", _) => Some(HindranceReason::ReadOnly),
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

    use super::Hinders as _;
    use crate::elastic::{ElasticError, Fault};
    use crate::stores::{StoreError, StoreFault};

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
            let fault = Fault { status, kind: kind.into(), reason: String::new() };
            let expected = reason.map(|reason| (Store::Elasticsearch, reason));
            assert_eq!(ElasticError::Refused(fault).hindrance(), expected, "{status} {kind}");
        }
        assert_eq!(ElasticError::Stopped.hindrance(), None);
    }

    #[test]
    fn an_object_that_is_gone_hinders_nobody() {
        let error = |fault| StoreError::Request { action: "read".into(), detail: "because".into(), fault };
        assert_eq!(error(StoreFault::NoSuchKey).hindrance(), None);
        let slow = (Store::ObjectStore, HindranceReason::Throttled);
        assert_eq!(error(StoreFault::Throttled).hindrance(), Some(slow));
    }
}
