//! Mode Audit: compares raw bucket, ledger, snapshots, errors and index, unit by unit, and repairs
//! differences if asked to.
//!
//! - `window`: ranges of keys that are small enough to be held in memory; `keys`: what the keys of other
//!   buckets say about raw objects;
//! - `inventory`: what the stores hold of a range, and what has to be looked up one by one; `judge`: the
//!   verdict; `report`: how it is reported. None of these performs I/O;
//! - `stores`, `documents`, `packs`: query the stores; `repair`: repairs differences;
//! - this module: which range is examined when.
//!
//! Other work goes on meanwhile. Every difference is checked a second time, some seconds later: only what
//! still differs in the same way is a difference, and only that is repaired.
//!
//! A repair deletes last. Each part puts back what is missing, and only counts what would have to be deleted; once all parts
//! have, `guard` decides whether that is so much that a ledger or a bucket may have been lost, and `held_back` deletes it if
//! it is not.

mod documents;
mod guard;
mod held_back;
mod inventory;
mod judge;
pub(super) mod keys;
mod packs;
mod repair;
pub(super) mod report;
mod stores;
mod window;

pub use held_back::delete_held_back;
pub(super) use held_back::finish;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use docmill_crds::records::runs::Tally;

use super::context::RunContext;
use super::error::RunError;
use super::manifest::{FileResult, KeyRange, ManifestLine};
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use documents::MOST_UNNAMED;
use repair::Repairer;
use report::{AuditReport, Difference, Sums, Target};
use stores::{KeyWindow, Stores};

/// How long an apparent difference may take to resolve by itself: longer than a batch is in flight.
const SETTLING: Duration = Duration::from_secs(5);
/// How often the rest of a range is repaired: a repaired record can show what else is wrong.
const ROUNDS: usize = 3;

/// Compares the ranges of a file.
pub async fn work_file(context: &RunContext, lines: &[ManifestLine]) -> Result<FileResult, RunError> {
    let stores = Stores::open(context).await?;
    let mut report = AuditReport::default();
    let mut suspect_windows = Vec::new();
    stores.refresh().await?;
    for range in lines.iter().filter_map(|line| line.range.as_ref()) {
        let (sums, windows) = first_look(&stores, range).await?;
        report.sums.add(sums);
        suspect_windows.extend(windows);
    }
    if !suspect_windows.is_empty() {
        settle(context).await?;
        stores.refresh().await?;
        second_looks(&stores, &suspect_windows, &mut report).await?;
    }
    let totals = report.totals();
    let tally = Tally {
        lines: i64::try_from(lines.len()).unwrap_or(i64::MAX),
        done: report.sums.raw,
        differences: totals.found,
        repaired: totals.repaired,
        withheld: report.held_back.units,
        ..Tally::default()
    };
    Ok(FileResult { tally, report: serde_json::to_value(report).unwrap_or_default() })
}

/// A window in which something differed.
struct SuspectWindow {
    range: KeyRange,
    /// The identities of its differences.
    seen: HashSet<u64>,
}

/// The result of examining a window.
struct Look {
    sums: Sums,
    differences: Vec<Difference>,
    until: Option<String>,
    has_more: bool,
    incomplete: bool,
}

/// Examines a range window by window. Returns the sums of the windows without differences, and the other
/// windows.
async fn first_look(stores: &Stores<'_>, range: &KeyRange) -> Result<(Sums, Vec<SuspectWindow>), RunError> {
    let (mut sums, mut suspect_windows) = (Sums::default(), Vec::new());
    let mut after = range.after.clone();
    loop {
        let look = look(stores, after.as_deref(), range.until.as_deref()).await?;
        if look.differences.is_empty() {
            sums.add(look.sums);
        } else {
            let seen = look.differences.iter().map(identity).collect();
            suspect_windows
                .push(SuspectWindow { range: KeyRange { after, until: look.until.clone() }, seen });
        }
        if !look.has_more {
            return Ok((sums, suspect_windows));
        }
        after = look.until;
    }
}

/// What a repair does of its differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// It puts back, and corrects records.
    PutBack,
    /// It deletes what may be the last copy of something.
    Delete,
}

impl Pass {
    fn covers(self, difference: &Difference) -> bool {
        difference.takes() == (self == Self::Delete)
    }
}

/// Checks again what differed, and if asked to repairs it, except for what is to be deleted.
async fn second_looks(
    stores: &Stores<'_>,
    suspect_windows: &[SuspectWindow],
    report: &mut AuditReport,
) -> Result<(), RunError> {
    let context = stores.context;
    let repairer = if context.order.spec.repair { Some(Repairer::new(stores).await?) } else { None };
    for SuspectWindow { range, seen } in suspect_windows {
        let mut look = look_at_all(stores, range).await?;
        let mut confirmed = std::mem::take(&mut look.differences);
        confirmed.retain(|difference| seen.contains(&identity(difference)));
        if let Some(repairer) = &repairer {
            if confirmed.iter().any(|difference| Pass::PutBack.covers(difference)) {
                look = mend(stores, repairer, range, &mut confirmed, Pass::PutBack).await?;
            }
            report.held_back.hold(range, &mut confirmed);
        }
        report.sums.add(look.sums);
        report.incomplete |= look.incomplete;
        for difference in confirmed {
            report.push(difference);
        }
    }
    Ok(())
}

/// Repairs those of the confirmed differences that the pass covers, and further ones of the same keys that this reveals;
/// then marks what is repaired. Returns the result of the last check.
async fn mend(
    stores: &Stores<'_>,
    repairer: &Repairer<'_>,
    range: &KeyRange,
    confirmed: &mut [Difference],
    pass: Pass,
) -> Result<Look, RunError> {
    let mut left: Vec<_> = confirmed.iter().filter(|difference| pass.covers(difference)).cloned().collect();
    let keys: HashSet<_> = left.iter().map(|difference| difference.key.clone()).collect();
    let mut round = 1;
    loop {
        repairer.repair(&left).await?;
        stores.refresh().await?;
        let look = look_at_all(stores, range).await?;
        let is_left = |difference: &&Difference| pass.covers(difference) && keys.contains(&difference.key);
        left = look.differences.iter().filter(is_left).cloned().collect();
        if left.is_empty() || round == ROUNDS {
            let unrepaired: HashSet<_> = look.differences.iter().map(identity).collect();
            for difference in confirmed.iter_mut() {
                difference.repaired = !unrepaired.contains(&identity(difference));
            }
            return Ok(look);
        }
        round += 1;
    }
}

/// Examines a range to its end.
async fn look_at_all(stores: &Stores<'_>, range: &KeyRange) -> Result<Look, RunError> {
    let mut all = look(stores, range.after.as_deref(), range.until.as_deref()).await?;
    while all.has_more {
        let next = look(stores, all.until.as_deref(), range.until.as_deref()).await?;
        all.sums.add(next.sums);
        all.differences.extend(next.differences);
        all.incomplete |= next.incomplete;
        (all.until, all.has_more) = (next.until, next.has_more);
    }
    Ok(all)
}

/// Examines the first window of a range. Waits for outages to end.
async fn look(stores: &Stores<'_>, after: Option<&str>, until: Option<&str>) -> Result<Look, RunError> {
    let stop = &stores.context.stop.abort;
    let look = retry_step("look at a range", stop, || attempt(stores, after, until)).await;
    look.map_err(|Unfinished| RunError::given_up(stop))
}

async fn attempt(stores: &Stores<'_>, after: Option<&str>, until: Option<&str>) -> Result<Look, RunError> {
    let KeyWindow { inventory, until, has_more } = Box::pin(stores.window(after, until)).await?;
    let (sums, mut differences) = judge::judge(&stores.scope, &inventory);
    differences.extend(stores.named_documents(&inventory).await?);
    let mut unnamed = stores.unnamed_documents(&inventory, after, until.as_deref()).await?;
    let mut incomplete = unnamed.len() >= MOST_UNNAMED;
    // A document in the place of a missing one is a difference already.
    let missing_addresses: HashSet<_> =
        differences.iter().filter_map(|difference| difference.target.address()).collect();
    unnamed.retain(|difference| {
        !difference.target.address().is_some_and(|address| missing_addresses.contains(&address))
    });
    differences.extend(unnamed);
    if after.is_none() {
        // Packs are not ordered as keys are. They are examined with the first of them.
        let (packs, has_more_packs) = stores.strange_packs().await?;
        differences.extend(packs);
        incomplete |= has_more_packs;
    }
    differences.sort_by(|a, b| (&a.key, a.kind).cmp(&(&b.key, b.kind)));
    Ok(Look { sums, differences, until, has_more, incomplete })
}

async fn settle(context: &RunContext) -> Result<(), RunError> {
    let settled = context.stop.closing.run_until_cancelled(tokio::time::sleep(SETTLING)).await;
    settled.ok_or(RunError::Stopped)
}

/// Identifies a difference, so that it is recognized when it is seen again.
fn identity(difference: &Difference) -> u64 {
    let mut hasher = DefaultHasher::new();
    (difference.kind, &difference.key, &difference.unit).hash(&mut hasher);
    match &difference.target {
        Target::Object(key) | Target::Pack { key, .. } => key.hash(&mut hasher),
        target => target.address().hash(&mut hasher),
    }
    hasher.finish()
}
