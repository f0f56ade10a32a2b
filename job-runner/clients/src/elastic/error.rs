//! What can go wrong with a request to Elasticsearch, and who has to act.

use docmill_crds::contract::{Store, StoreProblemReason};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::untrusted_text::{UntrustedText, exception};
use serde_json::Value;

use crate::outbound::EndpointFault;
use crate::outbound::tls::{CertificateFault, Distrust};

/// Maximum characters of a reason that are kept: enough for the sentence, without the document that it may
/// quote.
const REASON_CHARS: usize = 400;

/// Our name for a signature whose time deviates from the cluster's clock, for which AWS has none.
pub const SKEWED: &str = "signature_time_skewed";
/// Our name for a refusal that is no JSON, and so not Elasticsearch's: a proxy or a web server has answered.
pub(crate) const FOREIGN: &str = "foreign_answer";
/// A point in time or a scroll that no longer exists.
const LOST_VIEW: &str = "search_context_missing_exception";
/// An index that accepts no writes for now.
pub const BLOCKED: &str = "cluster_block_exception";

/// Why a request to Elasticsearch failed. Neither its text nor `Debug` contains credentials, or what the
/// server said beyond status and type.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ElasticError {
    /// The resource or its Secret does not describe a reachable cluster.
    #[error("failed to use the settings of the Elasticsearch cluster: {0}")]
    Settings(String),
    /// A node is not allowed.
    #[error("{0}")]
    NotAllowed(#[from] EndpointFault),
    /// No node could be connected to, or the connection broke.
    #[error("failed to reach Elasticsearch: {0}")]
    Unreachable(String),
    /// The cluster's certificate is not trusted, or the client's not by the cluster.
    #[error("failed to connect to Elasticsearch at {detail}; {}", .whose.advice())]
    Untrusted {
        /// Whose certificate it is that is not taken.
        whose: Distrust,
        /// The cluster, and what is wrong.
        detail: String,
    },
    /// The certificates of the Secret cannot be used.
    #[error("failed to use the certificates for Elasticsearch: {0}")]
    Certificates(#[from] CertificateFault),
    /// The request timed out.
    #[error("failed to get an answer from Elasticsearch in time: {0}")]
    Timeout(String),
    /// Elasticsearch responded with an error.
    #[error("failed at Elasticsearch: {0}")]
    Refused(ErrorCause),
    /// The response is not what the API promises: truncated, from a proxy, or from another server.
    #[error("failed to understand the answer of Elasticsearch: {0}")]
    Unreadable(String),
    /// The process was asked to end before the work was done.
    #[error("stopped before Elasticsearch had taken everything")]
    Stopped,
}

impl Classify for ElasticError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Settings(_) | Self::Untrusted { .. } | Self::Certificates(_) | Self::NotAllowed(_) => {
                ErrorClass::User
            }
            Self::Refused(fault) => fault.class(),
            Self::Unreachable(_) | Self::Timeout(_) | Self::Unreadable(_) | Self::Stopped => {
                ErrorClass::Transient
            }
        }
    }

    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        Some((Store::Elasticsearch, elastic_reason(self)?))
    }

    fn words(&self) -> Option<&UntrustedText> {
        self.fault().map(|fault| &fault.reason)
    }
}

impl ElasticError {
    /// Whether the searched point in time is gone: it expired, or its node went away.
    pub fn lost_view(&self) -> bool {
        self.fault().is_some_and(|fault| fault.kind == LOST_VIEW)
    }

    /// The same error, as one after which a view has to be opened again: [`Self::lost_view`] is true for it.
    pub fn as_lost_view(self) -> Self {
        let reason = self.to_string();
        Self::Refused(ErrorCause { status: 404, kind: LOST_VIEW.to_owned(), reason: reason.into() })
    }

    /// Whether the server does not know such a request at all, like older ones that do not know points in
    /// time. It reports that without an error type.
    pub fn is_unknown_request(&self) -> bool {
        self.fault().is_some_and(|fault| matches!(fault.status, 400 | 404 | 405) && fault.kind.is_empty())
    }

    /// Whether another Secret may be the remedy.
    pub fn concerns_secret(&self) -> bool {
        match self {
            Self::Untrusted { .. } => true,
            Self::Refused(fault) => {
                fault.kind != SKEWED && fault.kind != BLOCKED && matches!(fault.status, 401 | 403)
            }
            _ => false,
        }
    }

    /// What Elasticsearch said, if it responded at all.
    pub fn fault(&self) -> Option<&ErrorCause> {
        match self {
            Self::Refused(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Elasticsearch's objection to a whole request or to one item of a bulk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCause {
    /// HTTP status of the response or of the item.
    pub status: u16,
    /// Elasticsearch's `type`, for example `document_parsing_exception`; empty if there is none, or if it is
    /// something else.
    pub kind: String,
    /// Elasticsearch's `reason`, shortened. It may quote a document, and is not part of `Display`.
    pub reason: UntrustedText,
}

impl std::fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if self.is_foreign() {
            return f.write_str(
                ", which is not Elasticsearch's answer; check the address in urls, and the proxies on the way to it",
            );
        }
        if !self.kind.is_empty() {
            write!(f, ", {}", self.kind)?;
        }
        if self.kind == SKEWED {
            write!(f, "; set the clock of this node")?;
        }
        Ok(())
    }
}

impl ErrorCause {
    /// The fault with the server's own words, for records in the stores of the affected users.
    pub fn for_records(&self) -> String {
        let words = self.reason.for_records();
        if words.is_empty() { self.to_string() } else { format!("{self}, {words}") }
    }

    /// Whether something other than Elasticsearch has refused the request, for a reason that its status does not tell.
    pub(crate) fn is_foreign(&self) -> bool {
        self.kind == FOREIGN
    }

    /// Reads the body of a response with a status of 400 or above. A body that is not JSON (a proxy's page,
    /// an empty 413) results in a fault without a kind, or one that [is foreign](Self::is_foreign).
    pub fn of_answer(status: u16, body: &[u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            let kind = if says_nothing_of_the_request(status, body) { FOREIGN } else { "" };
            let reason = shorten(&String::from_utf8_lossy(body)).into();
            return Self { status, kind: kind.to_owned(), reason };
        };
        match answer.get("error") {
            Some(error) => Self::of_error(status, error),
            None => Self::of_gateway(status, &answer),
        }
    }

    /// Reads the response of the gateway in front of managed OpenSearch: `{"message": …}`, sometimes with a
    /// capital letter.
    fn of_gateway(status: u16, answer: &Value) -> Self {
        let text = ["message", "Message"].iter().find_map(|name| answer.get(*name)?.as_str()).unwrap_or("");
        // AWS's wording:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.
        let skewed =
            ["Signature expired", "Signature not yet current"].iter().any(|words| text.contains(words));
        if status == 403 && skewed {
            return Self { status, kind: SKEWED.to_owned(), reason: shorten(text).into() };
        }
        Self { status, kind: String::new(), reason: shorten(text).into() }
    }

    /// Reads an `error` object: `{type, reason, caused_by: {type, reason, …}}`; older paths return a bare
    /// text. The innermost cause is the one that names the field, so it is included too.
    pub fn of_error(status: u16, error: &Value) -> Self {
        if let Value::String(text) = error {
            return Self { status, kind: String::new(), reason: shorten(text).into() };
        }
        let error = shard_failure(error);
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let mut reason = text(error, "reason");
        let cause = text(innermost_cause(error), "reason");
        if !cause.is_empty() && !reason.contains(&cause) {
            reason = format!("{reason}: {cause}");
        }
        let kind = exception(&text(error, "type")).unwrap_or_default().to_owned();
        Self { status, kind, reason: shorten(&reason).into() }
    }

    /// Who has to act. Decided by kind where the status alone would mislead:
    /// - [`SKEWED`] comes with 403, and means that a clock is wrong;
    /// - `cluster_block_exception` comes with 403, and means an index that is read-only for now (disk,
    ///   maintenance);
    /// - `search_context_missing_exception` comes with 404, and means a point in time that expired or lost
    ///   its node;
    /// - `validation_exception` comes with 400 on every item of a bulk, and means the limit of shards in the
    ///   cluster;
    /// - a foreign answer says nothing of what was sent.
    pub fn class(&self) -> ErrorClass {
        match (self.kind.as_str(), self.status) {
            (BLOCKED | SKEWED | "search_context_missing_exception", _) | (_, 408 | 429 | 500..) => {
                ErrorClass::Transient
            }
            ("validation_exception" | FOREIGN, _) | (_, 401 | 403 | 404) => ErrorClass::User,
            _ => ErrorClass::Permanent,
        }
    }
}

/// Whether a body that is no JSON comes from something that knows nothing of the request, such as a web server that got
/// HTTP where it wants HTTPS. Some statuses say enough, whoever sends them: of rights, length, outages and throttling.
fn says_nothing_of_the_request(status: u16, body: &[u8]) -> bool {
    let is_plain = matches!(status, 400..500) && !matches!(status, 401 | 403 | 404 | 408 | 413 | 429);
    is_plain && !body.trim_ascii().is_empty()
}

/// A failed search reports why only in its root cause.
fn shard_failure(error: &Value) -> &Value {
    let failed = error.get("type").and_then(Value::as_str) == Some("search_phase_execution_exception");
    error.pointer("/root_cause/0").filter(|_| failed).unwrap_or(error)
}

fn innermost_cause(error: &Value) -> &Value {
    let mut cause = error;
    while let Some(inner) = cause.get("caused_by") {
        cause = inner;
    }
    cause
}

fn shorten(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = chars.by_ref().take(REASON_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// How Elasticsearch holds up work.
fn elastic_reason(error: &ElasticError) -> Option<StoreProblemReason> {
    match error {
        ElasticError::Unreachable(_) => Some(StoreProblemReason::Unreachable),
        ElasticError::Timeout(_) => Some(StoreProblemReason::TimedOut),
        ElasticError::Unreadable(_) => Some(StoreProblemReason::Unavailable),
        ElasticError::Settings(_)
        | ElasticError::Untrusted { .. }
        | ElasticError::Certificates(_)
        | ElasticError::NotAllowed(_) => Some(StoreProblemReason::Refused),
        ElasticError::Refused(fault) => fault_reason(fault),
        ElasticError::Stopped => None,
    }
}

fn fault_reason(fault: &ErrorCause) -> Option<StoreProblemReason> {
    match (fault.kind.as_str(), fault.status) {
        ("cluster_block_exception", _) => Some(StoreProblemReason::ReadOnly),
        // It passes once the clock is right.
        (SKEWED, _) => Some(StoreProblemReason::Unavailable),
        // The limit of shards in the cluster, and what is no cluster.
        ("validation_exception" | FOREIGN, _) => Some(StoreProblemReason::Refused),
        ("search_context_missing_exception", _) => None,
        (_, 429) => Some(StoreProblemReason::Throttled),
        (_, 408 | 500..) => Some(StoreProblemReason::Unavailable),
        (_, 401 | 403) => Some(StoreProblemReason::AccessDenied),
        (_, 404) => Some(StoreProblemReason::NotFound),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::error_class::ErrorClass;
    use docmill_crds::untrusted_text::UntrustedText;
    use serde_json::json;

    use super::ErrorCause;

    #[test]
    fn the_innermost_cause_is_told() {
        let body = json!({"error": {"root_cause": [], "type": "mapper_parsing_exception",
            "reason": "failed to parse field [publishedAt] of type [date]",
            "caused_by": {"type": "illegal_argument_exception", "reason": "failed to parse date field [soon]",
                "caused_by": {"type": "date_time_parse_exception", "reason": "Text 'soon' could not be parsed"}}},
            "status": 400});
        let fault = ErrorCause::of_answer(400, body.to_string().as_bytes());
        assert_eq!(
            fault.for_records(),
            "400, mapper_parsing_exception, failed to parse field [publishedAt] of type [date]: \
             Text 'soon' could not be parsed"
        );
        assert_eq!(fault.class(), ErrorClass::Permanent);
    }

    #[test]
    fn bodies_that_are_no_json_still_tell_something() {
        assert_eq!(ErrorCause::of_answer(413, b"").to_string(), "413");
        let page = ErrorCause::of_answer(502, b"<html>\nBad Gateway</html>");
        assert_eq!(page.to_string(), "502");
        assert_eq!(page.for_records(), "502, <html> Bad Gateway</html>");
        assert_eq!(page.class(), ErrorClass::Transient);
        assert_eq!(ErrorCause::of_answer(400, br#"{"error": "no handler"}"#).reason, "no handler".into());
    }

    #[test]
    fn a_refusal_by_something_else_is_no_fault_of_what_was_sent() {
        let page = b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>";
        for status in [400, 405, 421] {
            let fault = ErrorCause::of_answer(status, page);
            assert_eq!(fault.class(), ErrorClass::User, "{status}");
            assert!(fault.to_string().contains("not Elasticsearch's answer"), "{fault}");
            let problem = super::fault_reason(&fault);
            assert_eq!(problem, Some(docmill_crds::contract::StoreProblemReason::Refused));
        }
        // It is as large as the proxy says.
        assert_eq!(ErrorCause::of_answer(413, page).class(), ErrorClass::Permanent);
        assert_eq!(ErrorCause::of_answer(400, b"").class(), ErrorClass::Permanent);
        assert_eq!(ErrorCause::of_answer(400, br#"{"error": "no handler"}"#).class(), ErrorClass::Permanent);
    }

    #[test]
    fn a_clock_that_is_off_is_told_from_wrong_credentials() {
        let answer = |text: &str| ErrorCause::of_answer(403, json!({"message": text}).to_string().as_bytes());
        let skewed = answer("Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z");
        assert_eq!(skewed.class(), ErrorClass::Transient);
        assert!(skewed.to_string().ends_with("set the clock of this node"), "{skewed}");
        assert!(!super::ElasticError::Refused(skewed).concerns_secret());
        let wrong = answer("The security token included in the request is invalid.");
        assert_eq!(wrong.class(), ErrorClass::User);
        assert!(wrong.reason.contains("The security token") && wrong.to_string() == "403", "{wrong}");
        assert!(super::ElasticError::Refused(wrong).concerns_secret());
    }

    #[test]
    fn a_failed_search_is_told_by_its_root_cause() {
        let body = json!({"error": {"type": "search_phase_execution_exception", "reason": "all shards failed",
            "root_cause": [{"type": "search_context_missing_exception", "reason": "No search context found for id [7]"}],
            "phase": "query", "grouped": true, "failed_shards": []}, "status": 404});
        let fault = ErrorCause::of_answer(404, body.to_string().as_bytes());
        assert_eq!(fault.kind, "search_context_missing_exception");
        assert_eq!(fault.class(), ErrorClass::Transient);
        let body =
            json!({"error": {"type": "search_phase_execution_exception", "reason": "", "root_cause": []}});
        assert_eq!(ErrorCause::of_answer(503, body.to_string().as_bytes()).class(), ErrorClass::Transient);
    }

    #[test]
    fn a_type_that_is_none_is_not_taken() {
        for kind in ["root:x:0:0", "ROOT_exception", "<b>", "session_7f3a"] {
            let body = json!({"error": {"type": kind, "reason": "hunter2"}}).to_string();
            let error = super::ElasticError::Refused(ErrorCause::of_answer(400, body.as_bytes()));
            assert_eq!(error.to_string(), "failed at Elasticsearch: 400");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn long_reasons_are_cut() {
        let fault = ErrorCause::of_error(400, &json!({"reason": "ß".repeat(5_000)}));
        assert_eq!(fault.reason.for_records().chars().count(), 401);
    }

    #[test]
    fn the_kind_decides_where_the_status_misleads() {
        let class = |status, kind: &str| {
            ErrorCause { status, kind: kind.into(), reason: UntrustedText::default() }.class()
        };
        assert_eq!(class(403, "cluster_block_exception"), ErrorClass::Transient);
        assert_eq!(class(403, "security_exception"), ErrorClass::User);
        assert_eq!(class(403, super::SKEWED), ErrorClass::Transient);
        assert_eq!(class(401, "security_exception"), ErrorClass::User);
        assert_eq!(class(404, "index_not_found_exception"), ErrorClass::User);
        assert_eq!(class(404, "search_context_missing_exception"), ErrorClass::Transient);
        assert_eq!(class(429, "es_rejected_execution_exception"), ErrorClass::Transient);
        assert_eq!(class(400, "validation_exception"), ErrorClass::User);
        assert_eq!(class(400, "document_parsing_exception"), ErrorClass::Permanent);
        assert_eq!(class(503, ""), ErrorClass::Transient);
    }
}
