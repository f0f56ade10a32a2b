//! Whether a rejection is the trouble of one index, or of the whole cluster. Pure.
//!
//! A bulk responds item by item, and an item whose index accepts no writes says nothing about its neighbours.
//! Recognized here are the server's own words of a `ClusterBlockException` (Elasticsearch and OpenSearch; an
//! index block begins with `index [name] blocked by:`, a cluster block with `blocked by:`, and each block is
//! `[STATUS/NUMBER/words]`), and error types that name an index.

use docmill_crds::contract::IndexTrouble;

use super::error::{BLOCKED, ErrorCause};

/// The number of the block that a full disk sets on the indices of its node.
const DISK_FULL: u32 = 12;
/// OpenSearch's block against new indices, which it sets when the disks of all nodes are nearly full.
const NO_NEW_INDICES: &str = "/10/cluster create-index";
/// The messages of an alias or a data stream that does not accept a document as it is sent.
const NOT_AN_INDEX: [&str; 2] = ["no write index is defined for alias", "are allowed in data streams"];

/// How the message begins if the ingest pipeline that an index names has been deleted, or was never made.
const NO_PIPELINE: &str = "pipeline with id [";

impl ErrorCause {
    /// The trouble of the item's index by itself, if any; `None`: it is the document's, or the cluster's.
    pub fn index_trouble(&self) -> Option<IndexTrouble> {
        match (self.kind.as_str(), self.status) {
            (BLOCKED | "index_create_block_exception", _) => block(self.reason.for_records()),
            ("index_closed_exception", _) => Some(IndexTrouble::Blocked),
            // The limit of shards in the cluster, which only new indices reach.
            ("validation_exception" | "index_not_found_exception", _) => Some(IndexTrouble::NotCreated),
            ("unavailable_shards_exception" | "no_shard_available_action_exception", _) => {
                Some(IndexTrouble::Unavailable)
            }
            ("security_exception", 403) => Some(IndexTrouble::Denied),
            ("illegal_argument_exception", _) if self.reason.for_records().starts_with(NO_PIPELINE) => {
                Some(IndexTrouble::Blocked)
            }
            ("illegal_argument_exception", _) => {
                let is_other = NOT_AN_INDEX.iter().any(|words| self.reason.contains(words));
                is_other.then_some(IndexTrouble::NotCreated)
            }
            _ => None,
        }
    }

    /// Whether the document asks for an index that no cluster could create.
    pub fn is_invalid_name(&self) -> bool {
        self.kind == "invalid_index_name_exception"
    }

    /// An index that had not responded after `millis` milliseconds, when others had.
    pub(super) fn slow(millis: u128) -> Self {
        let reason = format!("no answer for {millis} ms, while other indices answered");
        Self { status: 408, kind: "slow_index".to_owned(), reason: reason.into() }
    }
}

fn block(reason: &str) -> Option<IndexTrouble> {
    if reason.contains(NO_NEW_INDICES) {
        return Some(IndexTrouble::DiskFull);
    }
    let blocks = reason.strip_prefix("index [")?.split_once("blocked by:")?.1;
    let number = |block: &str| block.split('/').nth(1)?.parse::<u32>().ok();
    let mut numbers = blocks.split('[').filter_map(number).peekable();
    numbers.peek()?;
    Some(if numbers.all(|number| number == DISK_FULL) {
        IndexTrouble::DiskFull
    } else {
        IndexTrouble::Blocked
    })
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::IndexTrouble::{self, Blocked, Denied, DiskFull, NotCreated, Unavailable};

    use super::ErrorCause;

    fn trouble(status: u16, kind: &str, reason: &str) -> Option<IndexTrouble> {
        ErrorCause { status, kind: kind.into(), reason: reason.into() }.index_trouble()
    }

    #[test]
    fn blocks_are_told_by_whom_they_block_and_by_their_number() {
        for (reason, expected) in [
            ("index [a-2025.01] blocked by: [FORBIDDEN/8/index write (api)];", Some(Blocked)),
            ("index [a] blocked by: [FORBIDDEN/5/index read-only (api)];", Some(Blocked)),
            ("index [a] blocked by: [FORBIDDEN/9/index metadata (api)];", Some(Blocked)),
            ("index [a] blocked by: [FORBIDDEN/4/index closed];", Some(Blocked)),
            ("index [a] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];", Some(DiskFull)),
            (
                "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block; for more information, see https://ela.st/fix-watermark-errors];",
                Some(DiskFull),
            ),
            (
                "index [a] blocked by: [FORBIDDEN/8/index write (api)];[FORBIDDEN/12/index read-only / allow delete (api)];",
                Some(Blocked),
            ),
            ("blocked by: [FORBIDDEN/6/cluster read-only (api)];", None),
            ("blocked by: [FORBIDDEN/13/cluster read-only / allow delete (api)];", None),
            ("blocked by: [SERVICE_UNAVAILABLE/2/no master];", None),
            ("blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];", Some(DiskFull)),
            ("", None),
        ] {
            assert_eq!(trouble(403, "cluster_block_exception", reason), expected, "{reason}");
        }
    }

    #[test]
    fn what_names_an_index_is_the_index_s_own() {
        for (status, kind, reason, expected) in [
            (400, "index_closed_exception", "closed", Some(Blocked)),
            (400, "validation_exception", "this action would add [2] shards", Some(NotCreated)),
            (404, "index_not_found_exception", "no such index [a]", Some(NotCreated)),
            (403, "security_exception", "action is unauthorized", Some(Denied)),
            (401, "security_exception", "missing authentication", None),
            (503, "unavailable_shards_exception", "[a][0] primary shard is not active", Some(Unavailable)),
            (400, "illegal_argument_exception", "no write index is defined for alias [a].", Some(NotCreated)),
            (400, "illegal_argument_exception", "pipeline with id [enrich] does not exist", Some(Blocked)),
            (400, "illegal_argument_exception", "failed to parse [pipeline with id [x]]", None),
            (400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded", None),
            (400, "document_parsing_exception", "failed to parse field [x]", None),
            (429, "es_rejected_execution_exception", "rejected", None),
            (503, "process_cluster_event_timeout_exception", "the master is busy", None),
        ] {
            assert_eq!(trouble(status, kind, reason), expected, "{kind} {reason}");
        }
    }
}
