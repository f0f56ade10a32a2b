//! Mode Audit: compares raw bucket, ledger, snapshots, errors and index, unit by unit, and repairs
//! differences if asked to.
//!
//! - `window`: ranges of keys that are small enough to be held in memory; `keys`: what the keys of other
//!   buckets say about raw objects;
//! - `inventory`: what the stores hold of a range, and what has to be looked up one by one; `judge`: the
//!   verdict; `report`: how it is reported. None of these performs I/O;
//! - `stores`, `documents`, `packs`: query the stores; `look`: examines a range; `repair`: repairs differences;
//! - this module: which range is examined when.
//!
//! Other work goes on meanwhile. Every difference is checked a second time, some seconds later: only what
//! still differs in the same way is a difference, and only that is repaired.
//!
//! A repair deletes last. Each part puts back what is missing, and only counts what would have to be deleted; once all parts
//! have, `guard` decides whether that is so much that a ledger or a bucket may have been lost, and `held_back` deletes it if
//! it is not.

mod difference;
mod documents;
mod guard;
mod held_back;
mod inventory;
mod judge;
pub(super) mod keys;
mod look;
mod packs;
mod repair;
pub(super) mod report;
mod stores;
mod window;

pub use held_back::delete_held_back;
pub(super) use held_back::finish;

use docmill_crds::records::runs::Tally;

use super::context::RunContext;
use super::error::RunError;
use super::manifest::{FileResult, ManifestLine};
use look::{Pass, SuspectWindow, first_look, identity, look_at_all, mend, revealed, settle};
use repair::Repairer;
use report::AuditReport;
use stores::Stores;

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
                let revealed = revealed(std::mem::take(&mut look.differences), &confirmed);
                confirmed.extend(revealed);
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
