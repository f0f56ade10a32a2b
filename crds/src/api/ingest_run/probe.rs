//! What a probe asks: one stable word for each thing that a worker needs of the stores of its source, the same in the
//! status of the run, in `kubectl docmill doctor` and in the documentation.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

use crate::serialization::every;

/// How far the clock of a node may be off. AWS refuses signatures that are five minutes old.
pub const MAX_CLOCK_SKEW_SECONDS: u64 = 60;

/// How often a message has to be received at least before its queue may move it to a dead-letter queue. During an outage
/// workers receive and release the same messages again and again, about once a minute.
pub const MIN_RECEIVE_COUNT: i64 = 100;

/// How the detail of an unmet [`Need::Region`] begins; the region of the raw bucket follows.
pub const RAW_BUCKET_IS_IN: &str = "the raw bucket is in ";

/// Something that a worker needs. Its name is what users see, so a variant is never renamed.
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
    Display,
    IntoStaticStr,
    VariantArray,
)]
pub enum Need {
    /// A client of the object store can be made: credentials, certificates, an allowed address.
    ObjectStoreClient,
    /// The raw bucket is in the region of `spec.storage`.
    Region,
    /// The raw bucket can be listed.
    ListRaw,
    /// An object of the raw bucket can be read.
    ReadRaw,
    /// Whether the raw bucket keeps versions can be asked, and its versions can be listed.
    ReadRawVersions,
    /// The tags of an object of the raw bucket can be read, which copies of refused objects keep.
    ReadRawTags,
    /// Snapshots can be written.
    WriteSnapshots,
    /// Snapshots can be read.
    ReadSnapshots,
    /// Snapshots can be deleted.
    DeleteSnapshots,
    /// The upload of a large snapshot that breaks off can be aborted.
    AbortSnapshots,
    /// Refused objects can be written to the errors bucket.
    WriteErrors,
    /// Objects of the errors bucket can be read.
    ReadErrors,
    /// Objects of the errors bucket can be deleted.
    DeleteErrors,
    /// Objects can be written to the errors bucket with tags.
    TagErrors,
    /// The clock of the node agrees with that of the object store.
    Clock,
    /// A client of the queue can be made: credentials, certificates, an allowed address.
    QueueClient,
    /// Messages can be received.
    ReceiveMessages,
    /// Messages can be deleted.
    DeleteMessages,
    /// Messages can be given back.
    ReleaseMessages,
    /// The queue has no dead-letter queue, or moves a message there only after very many receives.
    Redrive,
    /// The policy of the queue lets the raw bucket send notifications.
    QueuePolicy,
    /// The raw bucket sends notifications of the source's objects to the queue.
    Notification,
    /// The cluster of the index answers with the worker's credentials.
    IndexCluster,
    /// The credentials have the privileges that the index needs.
    IndexPrivileges,
    /// The cluster of the ledger answers with the worker's credentials.
    LedgerCluster,
    /// The credentials have the privileges that the ledger needs.
    LedgerPrivileges,
}

impl Need {
    /// Every need, in the order in which a document meets them.
    pub const ALL: [Self; Self::VARIANTS.len()] = every(Self::VARIANTS);

    /// The name, for example `ListRaw`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether a need is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display)]
pub enum ProbeOutcome {
    /// It is met.
    Passed,
    /// It is not met.
    Failed,
    /// It could not be asked, and work does not depend on the answer.
    Unknown,
}

/// The answer to one question of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeResult {
    /// What was asked for.
    pub need: Need,
    /// Whether it is met.
    pub outcome: ProbeOutcome,
    /// Why it is not met or unknown: the code of the store's error, a status, a number, missing privileges. Never the
    /// words of a server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Most characters of a detail: so many results fit into a termination message.
const DETAIL_CHARS: usize = 60;

impl ProbeResult {
    /// A need that is met.
    pub fn passed(need: Need) -> Self {
        Self { need, outcome: ProbeOutcome::Passed, detail: String::new() }
    }

    /// A need that is not met, and why.
    pub fn failed(need: Need, detail: &str) -> Self {
        Self { need, outcome: ProbeOutcome::Failed, detail: short(detail) }
    }

    /// A need that could not be asked for, and why.
    pub fn unknown(need: Need, detail: &str) -> Self {
        Self { need, outcome: ProbeOutcome::Unknown, detail: short(detail) }
    }
}

/// Printable ASCII alone, so that a character is a byte in JSON, but for quotes, which become apostrophes.
fn short(detail: &str) -> String {
    let printable = detail.chars().map(|c| match c {
        '"' | '\\' => '\'',
        ' '..='~' => c,
        _ => '?',
    });
    printable.take(DETAIL_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::{Need, ProbeOutcome, ProbeResult};

    #[test]
    fn a_detail_is_short_and_plain() {
        let result = ProbeResult::failed(Need::ListRaw, &"\"ü\n\\".repeat(100));
        assert_eq!((result.outcome, result.detail.len()), (ProbeOutcome::Failed, 60));
        assert!(result.detail.starts_with("'??''"), "{}", result.detail);
        let json = serde_json::to_string(&ProbeResult::passed(Need::Clock)).unwrap();
        assert_eq!(json, r#"{"need":"Clock","outcome":"Passed"}"#);
    }
}
