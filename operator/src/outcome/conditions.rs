//! Conditions of a resource. A condition keeps its `lastTransitionTime` until its status changes; otherwise
//! every reconcile would change the resource and thereby trigger the next one.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

/// Condition types.
pub mod condition_type {
    /// Everything that the spec names exists and is reachable.
    pub const READY: &str = "Ready";
    /// There is work.
    pub const PROGRESSING: &str = "Progressing";
    /// A store accepts no more requests, or does not answer, and workers wait for it.
    pub const THROTTLED: &str = "Throttled";
    /// Workers fail, or cannot continue until a person fixes something.
    pub const DEGRADED: &str = "Degraded";
    /// A run has succeeded.
    pub const COMPLETE: &str = "Complete";
    /// A run has failed.
    pub const FAILED: &str = "Failed";
    /// No pods run, because the resource is suspended, the budget of a run is exhausted, or another controller
    /// suspended its Job.
    pub const SUSPENDED: &str = "Suspended";
    /// A model reported another version in the middle of a run.
    pub const MODEL_CHANGED: &str = "ModelChanged";
    /// Some documents were rejected.
    pub const DOCUMENTS_FAILED: &str = "DocumentsFailed";
}

/// Reason of the condition `Ready`, and of an Event, of a resource that this operator cannot read.
pub const UNREADABLE_SPEC: &str = "UnreadableSpec";

/// The content of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionUpdate {
    /// One of [`condition_type`].
    pub condition_type: &'static str,
    /// Whether its status is `True`.
    pub is_true: bool,
    /// The reason, one CamelCase word.
    pub reason: String,
    /// The reason in words.
    pub message: String,
}

impl ConditionUpdate {
    /// Creates an update.
    pub fn new(
        condition_type: &'static str,
        is_true: bool,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { condition_type, is_true, reason: reason.into(), message: message.into() }
    }
}

/// The API server's limit for the message of a condition.
const MESSAGE_BYTES: usize = 32_768;

/// Builds the conditions from their updates. Conditions of other types in `old` are dropped.
pub fn build(
    old: &[Condition],
    updates: Vec<ConditionUpdate>,
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    updates.into_iter().map(|update| condition(old, update, generation, now)).collect()
}

fn condition(
    old: &[Condition],
    update: ConditionUpdate,
    generation: Option<i64>,
    now: Timestamp,
) -> Condition {
    let status = if update.is_true { "True" } else { "False" };
    let unchanged = find(old, update.condition_type).filter(|condition| condition.status == status);
    let mut message = update.message;
    if message.len() > MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES));
    }
    Condition {
        type_: update.condition_type.to_owned(),
        status: status.to_owned(),
        reason: update.reason,
        message,
        observed_generation: generation,
        last_transition_time: unchanged.map_or(Time(now), |condition| condition.last_transition_time.clone()),
    }
}

/// An update of a condition that only exists once it was True.
pub fn once_true(old: &[Condition], update: ConditionUpdate) -> Option<ConditionUpdate> {
    (update.is_true || find(old, update.condition_type).is_some()).then_some(update)
}

/// Finds the condition of a type.
pub fn find<'a>(conditions: &'a [Condition], condition_type: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == condition_type)
}

/// Whether the condition of a type exists and is `True`.
pub fn is_true(conditions: &[Condition], condition_type: &str) -> bool {
    find(conditions, condition_type).is_some_and(|condition| condition.status == "True")
}

/// When the status of the condition of a type last changed.
pub fn last_change(conditions: &[Condition], condition_type: &str) -> Option<Timestamp> {
    find(conditions, condition_type).map(|condition| condition.last_transition_time.0)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::{ConditionUpdate, build, condition_type, find, is_true, last_change};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_time_stays_until_the_status_changes() {
        let first =
            build(&[], vec![ConditionUpdate::new(condition_type::READY, false, "A", "a")], Some(1), at(1));
        let second =
            build(&first, vec![ConditionUpdate::new(condition_type::READY, false, "B", "b")], Some(2), at(2));
        assert_eq!(last_change(&second, condition_type::READY), Some(at(1)));
        assert_eq!(find(&second, condition_type::READY).unwrap().reason, "B");
        let third =
            build(&second, vec![ConditionUpdate::new(condition_type::READY, true, "C", "c")], Some(2), at(3));
        assert_eq!(last_change(&third, condition_type::READY), Some(at(3)));
        assert!(is_true(&third, condition_type::READY));
    }

    #[test]
    fn a_message_fits_the_api() {
        let long = build(
            &[],
            vec![ConditionUpdate::new(condition_type::READY, true, "A", "ä".repeat(20_000))],
            None,
            at(1),
        );
        assert!(long[0].message.len() <= 32_768);
    }
}
