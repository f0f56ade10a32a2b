//! A request with a deadline, and what its answer says about a need.

use std::error::Error as StdError;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_crds::api::ingest_run::probe::{Need, ProbeResult};

/// How long a store may take for one answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Why a request has no answer that helps.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The store refused it, or could not be reached.
    Refused(StoreError),
    /// The deadline has passed.
    Late,
}

impl NoAnswer {
    fn fault(&self) -> Option<StoreFault> {
        match self {
            Self::Refused(error) => error.fault(),
            Self::Late => None,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Refused(error) => detail(error),
            Self::Late => late(),
        }
    }
}

/// What a report says of an error: the code of the service, without its words.
fn detail(error: &StoreError) -> String {
    match error {
        StoreError::Request { detail, .. } => detail.clone(),
        other => other.to_string(),
    }
}

/// What a report says of a request that took too long.
pub(super) fn late() -> String {
    format!("no answer within {} s", ANSWER_WITHIN.as_secs())
}

/// Sends a request of an SDK.
pub(super) async fn ask<T, E>(request: impl Future<Output = Result<T, SdkError<E>>>) -> Result<T, NoAnswer>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    // On the heap: requests of the SDK are large.
    let request = Box::pin(request);
    within(async { request.await.map_err(|error| StoreError::from_sdk("probe", &error)) }).await
}

/// Waits for an answer until the deadline.
pub(super) async fn within<T>(request: impl Future<Output = Result<T, StoreError>>) -> Result<T, NoAnswer> {
    match tokio::time::timeout(ANSWER_WITHIN, Box::pin(request)).await {
        Ok(answer) => answer.map_err(NoAnswer::Refused),
        Err(_) => Err(NoAnswer::Late),
    }
}

/// Of a client that could not be made.
pub(super) fn client(need: Need, error: &StoreError) -> ProbeResult {
    ProbeResult::failed(need, &detail(error))
}

/// Of a request that has to succeed.
pub(super) fn granted<T>(need: Need, answer: &Result<T, NoAnswer>) -> ProbeResult {
    match answer {
        Ok(_) => ProbeResult::passed(need),
        Err(error) => ProbeResult::failed(need, &error.detail()),
    }
}

/// Of a request about something that does not exist: a refusal for that reason shows that it may be made.
pub(super) fn permitted<T>(need: Need, answer: &Result<T, NoAnswer>) -> ProbeResult {
    match answer {
        Err(error) if is_about_the_object(error) => ProbeResult::passed(need),
        answer => granted(need, answer),
    }
}

fn is_about_the_object(error: &NoAnswer) -> bool {
    matches!(
        error.fault(),
        Some(StoreFault::NoSuchKey | StoreFault::Archived | StoreFault::Changed | StoreFault::Refused)
    )
}

/// Of a request that not every store knows: only a denial is a fault.
pub(super) fn not_denied<T>(need: Need, answer: &Result<T, NoAnswer>) -> ProbeResult {
    match answer {
        Ok(_) => ProbeResult::passed(need),
        Err(error) if error.fault() == Some(StoreFault::AccessDenied) => {
            ProbeResult::failed(need, &error.detail())
        }
        Err(error) => ProbeResult::unknown(need, &error.detail()),
    }
}

/// Of a question that no worker has to ask.
pub(super) fn unanswered(need: Need, error: &NoAnswer) -> ProbeResult {
    ProbeResult::unknown(need, &error.detail())
}

#[cfg(test)]
mod tests {
    use docmill_clients::aws::{StoreError, StoreFault};
    use docmill_crds::api::ingest_run::probe::{Need, ProbeOutcome};

    use super::{NoAnswer, granted, not_denied, permitted, unanswered};

    fn refused(code: &str, fault: StoreFault) -> Result<(), NoAnswer> {
        let (action, said) = ("probe".to_owned(), "hunter2".into());
        Err(NoAnswer::Refused(StoreError::Request { action, detail: code.to_owned(), said, fault }))
    }

    #[test]
    fn only_a_refusal_for_want_of_the_object_shows_that_a_request_is_permitted() {
        let outcome = |fault| permitted(Need::DeleteMessages, &refused("Code", fault)).outcome;
        for fault in [StoreFault::NoSuchKey, StoreFault::Refused, StoreFault::Archived] {
            assert_eq!(outcome(fault), ProbeOutcome::Passed, "{fault:?}");
        }
        for fault in [StoreFault::AccessDenied, StoreFault::NotFound, StoreFault::Unreachable] {
            assert_eq!(outcome(fault), ProbeOutcome::Failed, "{fault:?}");
        }
        assert_eq!(permitted::<()>(Need::ReadRaw, &Err(NoAnswer::Late)).outcome, ProbeOutcome::Failed);
    }

    #[test]
    fn what_not_every_store_knows_is_unknown_unless_it_is_denied() {
        let outcome = |fault| not_denied(Need::TagErrors, &refused("NotImplemented", fault)).outcome;
        assert_eq!(outcome(StoreFault::AccessDenied), ProbeOutcome::Failed);
        assert_eq!(outcome(StoreFault::Unavailable), ProbeOutcome::Unknown);
        assert_eq!(unanswered(Need::Redrive, &NoAnswer::Late).outcome, ProbeOutcome::Unknown);
    }

    #[test]
    fn a_report_has_the_code_and_not_the_words_of_a_server() {
        let result = granted(Need::ListRaw, &refused("AccessDenied", StoreFault::AccessDenied));
        assert_eq!((result.outcome, result.detail.as_str()), (ProbeOutcome::Failed, "AccessDenied"));
    }
}
