//! The status that a running worker reports at `GET /status`: its progress, and what it is waiting for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::error_class::store_problem::{Store, StoreProblemReason};

/// Status of a running worker. Times are counted since its start, and add up to its age.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// Units that were finished, with any outcome.
    pub done: u64,
    /// Milliseconds of work at full capacity: a worker that holds a quarter of its capacity counts a quarter
    /// of the time. `done` divided by this time is the worker's throughput.
    pub busy_millis: u64,
    /// Milliseconds in which the worker had no work, or less than its capacity.
    pub idle_millis: u64,
    /// Milliseconds in which it waited for a store that accepts no more requests or does not answer.
    #[serde(rename = "hinderedMillis")]
    pub throttled_millis: u64,
    /// Units in flight now.
    pub in_hand: u64,
    /// What it is waiting for now, or was until a few seconds ago, the longest first.
    #[serde(default, rename = "hindrances", skip_serializing_if = "Vec::is_empty")]
    pub store_problems: Vec<StoreProblem>,
    /// Units that it released because an index has a problem of its own, and that are not finished as far as
    /// it knows. They do not block other units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldUnits>,
}

/// Units that wait for an index, by the kind of its problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldUnits {
    /// The problem of the index.
    pub trouble: IndexTrouble,
    /// Number of units.
    pub units: u64,
}

/// A problem of one index while others of its cluster take writes.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
pub enum IndexTrouble {
    /// Somebody put a block on it, or closed it, or its ingest pipeline does not exist.
    Blocked,
    /// It does not exist, and the cluster refuses to create it: the limit of shards, a template, automatic
    /// creation that is off.
    NotCreated,
    /// The disk of a node that holds a part of it is full.
    DiskFull,
    /// Its primary shard is unavailable.
    Unavailable,
    /// The credentials lack permission for it.
    Denied,
    /// It responds much more slowly than others.
    Slow,
}

impl IndexTrouble {
    /// The word for it, the same in `/status` and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether a unit that has waited for `index.blockedPatienceSeconds` fails because of it. The others
    /// concern the cluster, its nodes or its users as much as the index; units wait for them without limit.
    pub const fn fails_in_the_end(self) -> bool {
        matches!(self, Self::Blocked | Self::NotCreated)
    }
}

/// An external problem that blocks a worker. It is never a document's fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreProblem {
    /// The service that blocks it.
    pub by: Store,
    /// How.
    pub reason: StoreProblemReason,
    /// Since when: RFC 3339 in UTC. A problem that recurs within a minute counts as one.
    pub since: String,
    /// The worker's description of the problem when it began; not the store's own message.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::WorkerStatus;

    #[test]
    fn what_a_newer_worker_adds_is_passed_over() {
        let text =
            r#"{"done": 3, "busyMillis": 5, "idleMillis": 1, "hinderedMillis": 0, "inHand": 2, "more": 1}"#;
        let present: WorkerStatus = serde_json::from_str(text).unwrap();
        assert_eq!((present.done, present.in_hand, present.store_problems.len()), (3, 2, 0));
    }
}
