//! What a running worker says of itself at `GET /status`: how much it has done, and what it is waiting for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::words::every;

/// How a running worker is doing. Times are counted since its start, and add up to its age.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// Units that were brought to their end, whichever it was.
    pub done: u64,
    /// Milliseconds of work, as if they had been worked with full hands: a worker that has a quarter of what it can
    /// hold counts a quarter of the time. `done` by this time is what the worker can do.
    pub busy_millis: u64,
    /// Milliseconds in which there was nothing, or less than it can hold, to do.
    pub idle_millis: u64,
    /// Milliseconds in which it waited for a store that takes no more, or does not answer.
    #[serde(rename = "hinderedMillis")]
    pub throttled_millis: u64,
    /// Units in its hands now.
    pub in_hand: u64,
    /// What it is waiting for now, or was until a few seconds ago, the longest first.
    #[serde(default, rename = "hindrances", skip_serializing_if = "Vec::is_empty")]
    pub store_problems: Vec<StoreProblem>,
    /// Units that it let go because an index has trouble of its own, and that have no end yet as far as it knows. They
    /// hinder nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldUnits>,
}

/// Units that wait for an index, by the kind of its trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldUnits {
    /// What the index has.
    pub trouble: IndexTrouble,
    /// How many units.
    pub units: u64,
}

/// What one index has while others of its cluster take writes.
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
    /// Somebody put a block on it, or closed it.
    Blocked,
    /// It is not there, and the cluster refuses to create it: the limit of shards, a template, automatic creation that is off.
    NotCreated,
    /// The disk of a node with a part of it is full.
    DiskFull,
    /// Its primary shard is not there.
    Unavailable,
    /// The credentials do not suffice for it.
    Denied,
    /// It answers much later than others.
    Slow,
}

impl IndexTrouble {
    /// All of them.
    pub const ALL: [Self; Self::VARIANTS.len()] = every(Self::VARIANTS);

    /// The word for it, the same in `/status` and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether a unit that has waited for `index.blockedPatienceSeconds` fails by it. The others concern the cluster, its
    /// nodes or its users as much as the index, and are waited for without an end.
    pub const fn fails_in_the_end(self) -> bool {
        matches!(self, Self::Blocked | Self::NotCreated)
    }
}

/// Something outside that keeps a worker from going on. It is never a document's fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreProblem {
    /// Who hinders it.
    pub by: Store,
    /// How.
    pub reason: StoreProblemReason,
    /// Since when: RFC 3339 in UTC. Trouble that comes back within a minute counts as one.
    pub since: String,
    /// What the worker made of it when it began; not the store's own words.
    pub message: String,
}

/// The services that a worker cannot work without.
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
pub enum Store {
    /// A cluster with articles, enriched articles, or records.
    Elasticsearch,
    /// The buckets.
    ObjectStore,
    /// The queue.
    Queue,
    /// The server of a model.
    Model,
}

impl Store {
    /// The word for it, the same in `/status`, in conditions and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How a store hinders a worker.
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
pub enum StoreProblemReason {
    /// It takes no more at the moment (429, `SlowDown`).
    Throttled,
    /// It cannot be connected to, or the connection broke.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// It answers that it cannot serve (5xx), or with something that is no answer.
    Unavailable,
    /// The index takes no writes (a cluster block: the disk is full, maintenance).
    ReadOnly,
    /// The credentials are wrong or do not suffice.
    AccessDenied,
    /// The bucket, queue or index does not exist.
    NotFound,
    /// It refuses the request for another reason that has to be mended.
    Refused,
}

impl StoreProblemReason {
    /// The word for it, the same in `/status`, in conditions and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it passes by itself, as far as can be told. The others have to be mended by a person, and may concern
    /// some units only.
    pub const fn passes(self) -> bool {
        match self {
            Self::Throttled | Self::Unreachable | Self::TimedOut | Self::Unavailable | Self::ReadOnly => true,
            Self::AccessDenied | Self::NotFound | Self::Refused => false,
        }
    }
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
