//! What a user sees of a run: status and Events. Also its requeue time. Pure.

use std::time::Duration;

use docmill_crds::api::ingest_run::probe::{ProbeOutcome, ProbeResult};
use docmill_crds::api::ingest_run::{Forgotten, IngestMode, IngestPhase};
use docmill_crds::contract::RunOrder;
use docmill_crds::error_class::ErrorClass;
use docmill_crds::records::runs::{Tally, report_key, run_folder};
use docmill_crds::{IngestRun, IngestRunStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::observation::IngestObservation;
use super::plan::IngestPlan;
use super::records::totals;
use crate::controllers::run_job::{JobChange, Suspension};
use crate::controllers::run_status;
use crate::k8s::apply::Event;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};
use crate::outcome::requeue;

/// Requeue interval while pods run.
const BUSY: Duration = Duration::from_secs(2);
/// Reason of the condition `Complete` of an audit that did not delete what it would have, since it would have been too much.
const DELETIONS_WITHHELD: &str = "DeletionsWithheld";

/// The status after a reconcile. What could not be observed stays unchanged.
pub fn status(
    old: &IngestRunStatus,
    run: &IngestRun,
    seen: &IngestObservation,
    plan: &IngestPlan,
) -> IngestRunStatus {
    let (generation, mode) = (run.metadata.generation, run.spec.mode);
    let counted = Counted::of(old, seen, plan);
    let start = start_time(old, seen, plan);
    let end = end_time(plan);
    let order = seen.order();
    let count = |of: fn(&Tally) -> i64| counted.tally.as_ref().map(of);
    let audited = |of: fn(&Tally) -> i64| count(of).filter(|_| mode == IngestMode::Audit);
    IngestRunStatus {
        observed_generation: generation,
        conditions: conditions::build(
            &old.conditions,
            condition_updates(&old.conditions, run, seen, plan, &counted),
            generation,
            seen.now,
        ),
        phase: Some(phase(run, seen, plan)),
        revision: order.and_then(revision).or_else(|| old.revision.clone()),
        selected: counted.selected,
        done: count(|tally| tally.done).or(old.done),
        changed: count(|tally| tally.changed).or(old.changed),
        unchanged: count(|tally| tally.unchanged).or(old.unchanged),
        failed: count(|tally| tally.failed).or(old.failed),
        skipped: count(|tally| tally.skipped).or(old.skipped),
        differences: audited(|tally| tally.differences).or(old.differences),
        repaired: audited(|tally| tally.repaired).or(old.repaired),
        forgotten: forgotten(run, seen).or(old.forgotten),
        progress: counted.progress(plan).or_else(|| old.progress.clone()),
        probes: probes(seen, plan).unwrap_or_else(|| old.probes.clone()),
        report: report(order, seen, plan).or_else(|| old.report.clone()),
        start_time: start.map(Time),
        completion_time: end.map(Time),
        duration: start.zip(end).map(|(start, end)| run_status::duration(start, end)),
    }
}

/// The numbers of a run, as far as they are known.
struct Counted {
    selected: Option<i64>,
    passed_over: i64,
    tally: Option<Tally>,
}

impl Counted {
    fn of(old: &IngestRunStatus, seen: &IngestObservation, plan: &IngestPlan) -> Self {
        let records = seen.records.as_ref();
        let planned = records.and_then(|records| records.plan.as_ref());
        let has_no_parts_yet = matches!(plan, IngestPlan::Complete { .. } | IngestPlan::Work { .. });
        Self {
            selected: planned.map(|plan| plan.selected).or(old.selected),
            passed_over: planned.map_or(0, |plan| plan.passed_over),
            tally: match (&seen.working, records) {
                (Some(_), Some(records)) => Some(totals(&records.parts).tally),
                (None, Some(_)) if has_no_parts_yet => Some(Tally::default()),
                _ => None,
            },
        }
    }

    /// In percent, rounded down. A run that has not ended never shows 100%.
    fn progress(&self, plan: &IngestPlan) -> Option<String> {
        if matches!(plan, IngestPlan::Complete { .. }) {
            return Some("100%".to_owned());
        }
        let lines = self.tally?.lines;
        let percent = (lines.saturating_mul(100) / self.selected?.max(1)).clamp(0, 99);
        Some(format!("{percent}%"))
    }
}

fn phase(run: &IngestRun, seen: &IngestObservation, plan: &IngestPlan) -> IngestPhase {
    // Nothing is planned for these: their only Job works.
    let has_one_job = is_probe(run) || is_manifest(run);
    let first = if has_one_job { IngestPhase::Running } else { IngestPhase::Planning };
    match plan {
        _ if is_suspended(run, seen, plan) => IngestPhase::Suspended,
        IngestPlan::Wait => IngestPhase::Pending,
        IngestPlan::Select(_) => first,
        IngestPlan::Watch | IngestPlan::Change(_) if seen.working.is_none() => first,
        IngestPlan::Work { .. } | IngestPlan::Watch | IngestPlan::Change(_) => IngestPhase::Running,
        IngestPlan::Complete { .. } => IngestPhase::Complete,
        IngestPlan::Fail { .. } => IngestPhase::Failed,
    }
}

fn is_probe(run: &IngestRun) -> bool {
    run.spec.mode == IngestMode::Probe
}

fn is_manifest(run: &IngestRun) -> bool {
    run.spec.mode == IngestMode::Manifest
}

/// What the pods of an erasure have erased so far.
fn forgotten(run: &IngestRun, seen: &IngestObservation) -> Option<Forgotten> {
    let records = seen.records.as_ref().filter(|_| run.spec.mode == IngestMode::Forget)?;
    records.parts.iter().filter_map(|part| part.forgotten).reduce(|mut sum, part| {
        sum += part;
        sum
    })
}

/// What the pod of a probe reported.
fn probes(seen: &IngestObservation, plan: &IngestPlan) -> Option<Vec<ProbeResult>> {
    let IngestPlan::Complete { .. } = plan else { return None };
    Some(seen.selecting.as_ref()?.report.as_ref()?.probes.clone())
}

/// Whether the run has no pods because it, or its Job, is suspended.
fn is_suspended(run: &IngestRun, seen: &IngestObservation, plan: &IngestPlan) -> bool {
    let after = |change| seen.newest_job().is_some_and(|job| job.state.suspended_after(change));
    match plan {
        // The Job of the work is created in the state that is wanted.
        IngestPlan::Wait | IngestPlan::Work { .. } => run.spec.suspend,
        IngestPlan::Watch => after(None),
        IngestPlan::Change(change) => after(Some(*change)),
        IngestPlan::Select(_) | IngestPlan::Complete { .. } | IngestPlan::Fail { .. } => false,
    }
}

fn revision(order: &RunOrder) -> Option<String> {
    order.spec.conversion.as_ref().unwrap_or(&order.ingest.spec.conversion).revision().ok()
}

/// The location of the result of a completed run: its report, the statement of a manifest, or its selection if there was
/// nothing to do.
fn report(order: Option<&RunOrder>, seen: &IngestObservation, plan: &IngestPlan) -> Option<String> {
    let (IngestPlan::Complete { .. }, Some(order)) = (plan, order) else { return None };
    if order.spec.mode == IngestMode::Probe {
        return None;
    }
    let snapshots = &order.ingest.spec.snapshots;
    let statement = || seen.records.as_ref()?.plan.as_ref()?.manifest.clone();
    let key = match seen.working {
        _ if order.spec.mode == IngestMode::Manifest => statement()?,
        Some(_) => report_key(snapshots, &order.run_uid),
        None => format!("{}plan.json", run_folder(&snapshots.prefix, &order.run_uid)),
    };
    Some(format!("s3://{}/{key}", snapshots.bucket))
}

fn start_time(old: &IngestRunStatus, seen: &IngestObservation, plan: &IngestPlan) -> Option<Timestamp> {
    let known = old.start_time.as_ref().map(|time| time.0);
    let first = seen.selecting.as_ref().or(seen.working.as_ref()).map(|step| step.created);
    known.or(first).or_else(|| matches!(plan, IngestPlan::Select(_)).then_some(seen.now))
}

fn end_time(plan: &IngestPlan) -> Option<Timestamp> {
    match plan {
        IngestPlan::Complete { at } | IngestPlan::Fail { at, .. } => Some(*at),
        IngestPlan::Wait
        | IngestPlan::Select(_)
        | IngestPlan::Work { .. }
        | IngestPlan::Watch
        | IngestPlan::Change(_) => None,
    }
}

fn condition_updates(
    old: &[Condition],
    run: &IngestRun,
    seen: &IngestObservation,
    plan: &IngestPlan,
    counted: &Counted,
) -> Vec<ConditionUpdate> {
    let ready = match &seen.ready {
        Ok(()) => ConditionUpdate::new(
            condition_type::READY,
            true,
            "Reachable",
            "source and stores exist and are reachable",
        ),
        Err(fault) => ConditionUpdate::new(condition_type::READY, false, fault.reason, fault.message.clone()),
    };
    let progressing = |is_true, reason, text: &str| {
        ConditionUpdate::new(condition_type::PROGRESSING, is_true, reason, text)
    };
    let is_suspended = is_suspended(run, seen, plan);
    let mut updates = vec![ready];
    updates.push(match (plan, &seen.working) {
        _ if is_suspended => progressing(false, "Suspended", "no pods run; see the condition Suspended"),
        (IngestPlan::Wait, _) => progressing(
            false,
            "Waiting",
            "the run waits for something that it needs; see the condition Ready",
        ),
        (IngestPlan::Select(_), _) | (IngestPlan::Watch | IngestPlan::Change(_), None) if is_probe(run) => {
            progressing(true, "Probing", "a pod asks the stores for what workers need")
        }
        (IngestPlan::Select(_), _) | (IngestPlan::Watch | IngestPlan::Change(_), None)
            if is_manifest(run) =>
        {
            progressing(true, "WritingManifest", "a pod writes the daily manifest")
        }
        (IngestPlan::Select(_), _) | (IngestPlan::Watch | IngestPlan::Change(_), None) => {
            progressing(true, "Selecting", "a pod is selecting the units")
        }
        (IngestPlan::Work { .. }, _) | (IngestPlan::Watch | IngestPlan::Change(_), Some(_)) => {
            progressing(true, "Working", "pods are processing the selected units")
        }
        (IngestPlan::Complete { .. } | IngestPlan::Fail { .. }, _) => {
            progressing(false, "Ended", "the run has ended")
        }
    });
    if end_time(plan).is_none() {
        let by_spec = run.spec.suspend.then_some(Suspension::BySpec);
        let by_other = || seen.newest_job()?.state.suspension_by_other();
        let until_ready = || is_suspended.then_some(Suspension::UntilReady);
        updates.extend(run_status::suspended(old, by_spec.or_else(by_other).or_else(until_ready)));
    }
    let is_at_work = matches!(plan, IngestPlan::Watch | IngestPlan::Change(JobChange::Scale(_)));
    let is_at_work = is_at_work && !is_suspended;
    updates.extend(run_status::throttled(old, &seen.worker_statuses, is_at_work));
    let at_work = seen.newest_job().filter(|_| is_at_work);
    updates.extend(
        at_work.and_then(|job| run_status::degraded(job.obstacle.as_deref(), job.trouble.as_deref())),
    );
    match plan {
        IngestPlan::Complete { .. } => {
            let (reason, message) = match probes(seen, plan).filter(|_| is_probe(run)) {
                Some(probes) => ("Probed", probed_in_words(&probes)),
                None if is_manifest(run) => ("Done", counted.stated_in_words()),
                None if counted.withheld() > 0 => (DELETIONS_WITHHELD, counted.withheld_in_words()),
                None => ("Done", counted.in_words(seen)),
            };
            updates.push(ConditionUpdate::new(condition_type::COMPLETE, true, reason, message));
        }
        IngestPlan::Fail { reason, message, .. } => {
            updates.push(ConditionUpdate::new(condition_type::FAILED, true, reason.clone(), message.clone()));
        }
        IngestPlan::Wait
        | IngestPlan::Select(_)
        | IngestPlan::Work { .. }
        | IngestPlan::Watch
        | IngestPlan::Change(_) => {}
    }
    updates
}

fn probed_in_words(probes: &[ProbeResult]) -> String {
    let with = |outcome: ProbeOutcome| probes.iter().filter(move |probe| probe.outcome == outcome);
    let (failed, unknown) = (with(ProbeOutcome::Failed), with(ProbeOutcome::Unknown).count());
    let names: Vec<&str> = failed.map(|probe| probe.need.as_str()).collect();
    let passed = with(ProbeOutcome::Passed).count();
    let failed = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    format!("{passed} needs are met, {} are not{failed}, {unknown} could not be asked for", names.len())
}

impl Counted {
    fn stated_in_words(&self) -> String {
        format!("the manifest of the day has {} units", self.selected.unwrap_or(0))
    }

    /// Units from which an audit would have deleted something, and did not.
    fn withheld(&self) -> i64 {
        self.tally.map_or(0, |tally| tally.withheld)
    }

    fn withheld_in_words(&self) -> String {
        let Tally { differences, repaired, withheld, .. } = self.tally.unwrap_or_default();
        format!(
            "{differences} differences, {repaired} repaired; documents, snapshots or refused objects of {withheld} \
             units were not deleted, since that is more than the run may: if ledger or raw bucket have lost something, \
             these are the last copies, so restore that first. The report lists them. If they are to go, create a run \
             with spec.maxDeletedUnits: {withheld} or more"
        )
    }

    fn in_words(&self, seen: &IngestObservation) -> String {
        let selected = self.selected.unwrap_or(0);
        let needed_nothing = match self.passed_over {
            0 => String::new(),
            count => format!("; {count} others needed nothing"),
        };
        if seen.working.is_none() {
            return format!("{selected} selected{needed_nothing}");
        }
        let Tally { done, changed, failed, skipped, .. } = self.tally.unwrap_or_default();
        format!(
            "{selected} selected: {done} done ({changed} changed), {failed} failed, {skipped} skipped{needed_nothing}"
        )
    }
}

/// Events for the changes since the last reconcile that a person should see.
pub fn events(old: &IngestRunStatus, new: &IngestRunStatus, plan: &IngestPlan) -> Vec<Event> {
    let mut events = run_status::events(&old.conditions, &new.conditions);
    for event in events.iter_mut().filter(|event| event.reason == DELETIONS_WITHHELD) {
        event.warning = true;
    }
    let started = |reason, text| run_status::event(false, reason, "StartJob", text);
    match plan {
        IngestPlan::Select(order) if order.spec.mode == IngestMode::Probe => {
            events.push(started("Probing", "a pod asks the stores for what workers need".to_owned()));
        }
        IngestPlan::Select(order) if order.spec.mode == IngestMode::Manifest => {
            events.push(started("WritingManifest", "a pod writes the daily manifest".to_owned()));
        }
        IngestPlan::Select(_) => {
            events.push(started("Selecting", "a pod is selecting the units".to_owned()));
        }
        IngestPlan::Work { parts, selected, .. } if new.phase != Some(IngestPhase::Suspended) => {
            events.push(started("Started", format!("processing {selected} units in {parts} parts")));
        }
        IngestPlan::Change(JobChange::Resume) => events.push(run_status::resumed()),
        IngestPlan::Change(JobChange::Queue(1..)) => events.push(run_status::queued()),
        _ => {}
    }
    events
}

/// When to requeue a run that has not ended.
pub fn requeue_after(uid: &str, seen: &IngestObservation, new: &IngestRunStatus) -> Duration {
    match &seen.ready {
        Ok(()) => requeue::jitter(BUSY, uid, seen.now),
        Err(fault) => {
            let class = if seen.started() { ErrorClass::User } else { fault.class };
            requeue::retry_after(
                conditions::last_change(&new.conditions, condition_type::READY),
                seen.now,
                class,
                uid,
            )
        }
    }
}

/// The number of units still to be processed, according to the records of a run; `None` while that is not
/// known.
pub fn remaining(status: &IngestRunStatus) -> Option<i64> {
    let counts = [status.done, status.failed, status.skipped];
    let processed = counts.into_iter().flatten().fold(0, i64::saturating_add);
    Some(status.selected?.saturating_sub(processed).max(0))
}
