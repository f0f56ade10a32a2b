//! What a run of either kind says of itself. Pure.

use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::{EnrichmentRun, IngestRun};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use crate::cluster::Kind;

/// A kind of run.
pub trait Run: Kind {
    /// The kind as kubectl writes it.
    const RESOURCE: &'static str;
    /// What it says of itself.
    fn state(&self) -> RunState;
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is complete.
    Complete,
    /// It failed.
    Failed,
}

/// What a run says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunState {
    /// For example `ingestrun.docmill.io/replay-wire-x7k2p`.
    pub name: String,
    /// Name of the source, if it has one.
    pub source: Option<String>,
    /// What is counted: `units`, `documents`, `key ranges` or `objects`.
    pub counted: &'static str,
    /// Where it is: the phase of its status.
    pub phase: String,
    /// How it ended; `None` if it has not.
    pub outcome: Option<Outcome>,
    /// How many there are to process, once that is known.
    pub selected: Option<i64>,
    /// How many of them are processed.
    pub processed: i64,
    /// The processed part in percent, if it says so.
    pub percent: Option<i64>,
    /// Numbers that are not zero, with their words.
    pub numbers: Vec<(&'static str, i64)>,
    /// How many were refused, or differ and are not repaired.
    pub findings: i64,
    /// Why it waits or failed, or deleted nothing: reason and message of the condition that says so.
    pub waits: Option<String>,
    /// From start to end, once it has ended.
    pub duration: Option<String>,
    /// Where its report is.
    pub report: Option<String>,
    /// When it began.
    pub start_time: Option<Time>,
}

impl Run for IngestRun {
    const RESOURCE: &'static str = "ingestrun.docmill.io";

    fn state(&self) -> RunState {
        let status = self.status.clone().unwrap_or_default();
        let number = |value: Option<i64>| value.unwrap_or_default();
        let (done, failed, skipped) = (number(status.done), number(status.failed), number(status.skipped));
        let (differences, repaired) = (number(status.differences), number(status.repaired));
        let outcome = outcome(&status.conditions);
        RunState {
            name: format!("{}/{}", Self::RESOURCE, self.metadata.name.as_deref().unwrap_or("?")),
            source: Some(self.spec.source_ref.name.clone()),
            counted: match self.spec.mode {
                IngestMode::Audit => "key ranges",
                IngestMode::Forget => "objects",
                _ => "units",
            },
            phase: word(&json!(status.phase)),
            outcome,
            selected: status.selected,
            processed: done.saturating_add(failed).saturating_add(skipped),
            percent: percent(status.progress.as_deref()),
            numbers: nonzero([
                ("done", done),
                ("changed", number(status.changed)),
                ("unchanged", number(status.unchanged)),
                ("failed", failed),
                ("skipped", skipped),
                ("differences", differences),
                ("repaired", repaired),
            ]),
            findings: failed.saturating_add(differences.saturating_sub(repaired).max(0)),
            waits: waits(&status.conditions, outcome),
            duration: status.duration,
            report: status.report,
            start_time: status.start_time,
        }
    }
}

impl Run for EnrichmentRun {
    const RESOURCE: &'static str = "enrichmentrun.docmill.io";

    fn state(&self) -> RunState {
        let status = self.status.clone().unwrap_or_default();
        let number = |value: Option<i64>| value.unwrap_or_default();
        let (done, failed) = (number(status.done), number(status.failed));
        let outcome = outcome(&status.conditions);
        RunState {
            name: format!("{}/{}", Self::RESOURCE, self.metadata.name.as_deref().unwrap_or("?")),
            source: self.spec.from.source_ref.as_ref().map(|source| source.name.clone()),
            counted: "documents",
            phase: word(&json!(status.phase)),
            outcome,
            selected: status.selected,
            processed: done.saturating_add(failed),
            percent: percent(status.progress.as_deref()),
            numbers: nonzero([
                ("done", done),
                ("cached", number(status.cached)),
                ("empty", number(status.empty)),
                ("failed", failed),
                ("calls", number(status.calls)),
            ]),
            findings: failed,
            waits: waits(&status.conditions, outcome),
            duration: status.duration,
            report: status.report,
            start_time: status.start_time,
        }
    }
}

/// The condition of a type, if it is `True`.
fn holds<'a>(conditions: &'a [Condition], of: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == of && condition.status == "True")
}

fn outcome(conditions: &[Condition]) -> Option<Outcome> {
    let complete = holds(conditions, "Complete").map(|_| Outcome::Complete);
    complete.or_else(|| holds(conditions, "Failed").map(|_| Outcome::Failed))
}

/// Why a run does not get on: it failed, is suspended, degraded or throttled, or something that it needs is missing.
fn waits(conditions: &[Condition], outcome: Option<Outcome>) -> Option<String> {
    let condition = match outcome {
        Some(Outcome::Complete) => {
            holds(conditions, "Complete").filter(|condition| condition.reason == "DeletionsWithheld")
        }
        Some(Outcome::Failed) => holds(conditions, "Failed"),
        None => {
            let not_ready = |it: &&Condition| it.type_ == "Ready" && it.status == "False";
            let stopped = ["Suspended", "Degraded", "Throttled"].iter().find_map(|of| holds(conditions, of));
            stopped.or_else(|| conditions.iter().find(not_ready))
        }
    }?;
    Some(format!("{}: {}", condition.reason, condition.message))
}

fn percent(progress: Option<&str>) -> Option<i64> {
    progress?.strip_suffix('%')?.parse().ok()
}

fn nonzero<const N: usize>(numbers: [(&'static str, i64); N]) -> Vec<(&'static str, i64)> {
    numbers.into_iter().filter(|(_, number)| *number != 0).collect()
}

/// A variant as it is written; `Pending` if there is none yet.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or("Pending").to_owned()
}
