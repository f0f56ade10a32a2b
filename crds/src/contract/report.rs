//! What a worker did, as its termination message.

use serde::{Deserialize, Serialize};

use crate::api::ingest_run::probe::ProbeResult;

/// What a worker did, as its termination message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Units (of an ingest) or documents (of an enrichment) that succeeded.
    pub done: u64,
    /// Units or documents that were refused.
    pub failed: u64,
    /// Units that were skipped.
    pub skipped: u64,
    /// Documents (of an ingest) that a later document of the same object and id has replaced.
    #[serde(default, skip_serializing_if = "crate::serialization::is_default")]
    pub overwritten: u64,
    /// Milliseconds in which there was something to do.
    pub busy_millis: u64,
    /// Why the worker ended.
    pub ended: String,
    /// Why it stopped, if the operator treats that differently from other errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<StopReason>,
    /// The error that stopped it, if any; shortened to fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What a probe found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeResult>,
}

/// Why a worker stopped, if the operator treats that differently from other errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// A model reported another version during a run, which must then end.
    ModelChanged,
    /// A cause from a newer worker.
    #[serde(other)]
    Other,
}

impl Report {
    /// The report as the kubelet keeps it: JSON of at most 4,096 bytes, with a long error cut short. A report of an
    /// error has no room for results of a probe.
    pub fn to_message(&self) -> String {
        const ERROR_CHARS: usize = 700; // at most 4 bytes each in UTF-8, escaped ones included: stays below the limit
        let mut short = self.clone();
        if let Some(error) = &mut short.error {
            short.probes.clear();
            *error = error.chars().filter(|c| !c.is_control()).take(ERROR_CHARS).collect();
        }
        serde_json::to_string(&short).unwrap_or_default()
    }
}
