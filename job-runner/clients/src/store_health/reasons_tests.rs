//! How the errors of stores hinder a worker.

use docmill_crds::contract::Store;
use docmill_crds::contract::StoreProblemReason::{
    self, AccessDenied, ReadOnly, Refused, Throttled, Unavailable,
};
use docmill_crds::error_class::Classify as _;

use crate::aws::{StoreError, StoreFault};
use crate::elastic::{ElasticError, ErrorCause};

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
        let fault = ErrorCause { status, kind: kind.into(), reason: "".into() };
        let expected = reason.map(|reason| (Store::Elasticsearch, reason));
        assert_eq!(ElasticError::Refused(fault).store_problem(), expected, "{status} {kind}");
    }
    assert_eq!(ElasticError::Stopped.store_problem(), None);
}

#[test]
fn an_object_that_is_gone_hinders_nobody() {
    let error = |fault| StoreError::Request {
        action: "read".into(),
        detail: "because".into(),
        said: "because".into(),
        fault,
    };
    assert_eq!(error(StoreFault::NoSuchKey).store_problem(), None);
    let slow = (Store::ObjectStore, StoreProblemReason::Throttled);
    assert_eq!(error(StoreFault::Throttled).store_problem(), Some(slow));
}
