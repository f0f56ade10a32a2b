//! What workers report that they wait for, and the condition that follows. Pure.

use docmill_crds::contract::{StoreProblem, WorkerStatus};
use docmill_crds::untrusted_text::sentence;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::outcome::conditions::{self, ConditionUpdate, condition_type};

/// What workers wait for, the longest first.
pub fn longest_first<'a>(worker_statuses: impl Iterator<Item = &'a WorkerStatus>) -> Vec<&'a StoreProblem> {
    let mut all: Vec<_> = worker_statuses.flat_map(|status| &status.store_problems).collect();
    // RFC 3339 with milliseconds in UTC sorts as text.
    all.sort_by(|a, b| (&a.since, a.by, a.reason).cmp(&(&b.since, b.by, b.reason)));
    all
}

/// Whether nobody can say that a problem is over: no worker reports (none has started yet, or none answers), or those
/// that do have only begun, and not finished a unit yet.
pub fn nobody_knows<'a>(mut worker_statuses: impl Iterator<Item = &'a WorkerStatus>) -> bool {
    worker_statuses.all(|status| status.done == 0)
}

/// True while any worker reports that a store or a model accepts no more requests, or does not answer. While
/// [nobody knows](nobody_knows) and there is a backlog, it stays unchanged.
pub fn throttled(old: &[Condition], worker_statuses: &[&WorkerStatus], has_backlog: bool) -> ConditionUpdate {
    let store_problems = longest_first(worker_statuses.iter().copied());
    if let Some(longest) = store_problems.iter().find(|store_problem| store_problem.reason.passes()) {
        return ConditionUpdate::new(condition_type::THROTTLED, true, longest.by.as_str(), in_words(longest));
    }
    match conditions::find(old, condition_type::THROTTLED) {
        Some(previous)
            if previous.status == "True" && has_backlog && nobody_knows(worker_statuses.iter().copied()) =>
        {
            ConditionUpdate::new(
                condition_type::THROTTLED,
                true,
                previous.reason.clone(),
                previous.message.clone(),
            )
        }
        _ => ConditionUpdate::new(
            condition_type::THROTTLED,
            false,
            "NotHindered",
            "no store or model throttles the workers",
        ),
    }
}

/// A store problem as a message for a person.
pub fn in_words(store_problem: &StoreProblem) -> String {
    let StoreProblem { by, reason, since, message } = store_problem;
    let (since, message) = (sentence(since), sentence(message));
    format!("{} has been {} for workers since {since}: {message}", by.as_str(), reason.as_str())
}
