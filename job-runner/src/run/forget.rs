//! Mode Forget: erases objects with all that was made of them from the stores of a source, keeps their keys out from then
//! on, and searches all stores again for what is left.
//!
//! - `select`: the keys that the run is about;
//! - `stores`: clients and locations; `objects`: the versions of objects of a bucket; `packs`: packs of snapshots;
//! - `look`: what the stores hold of the keys, as [`traces`];
//! - `close`: keeps the keys out, and `erase`: erases what was found;
//! - [`report`]: how it is reported.
//!
//! First a tombstone keeps every key out, so that nothing is added any more; what workers have in flight is given time to
//! end. Then everything is erased that a look at all stores finds. The heads of documents and the records of the ledger, which
//! lead to everything else, come last. Each step is idempotent, so that a run whose pod is killed begins again and finds
//! what is left; and the run is complete only when a look finds nothing.

mod close;
mod erase;
mod look;
mod objects;
mod packs;
pub(super) mod report;
mod select;
mod stores;
mod traces;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use docmill_clients::clock;
use docmill_crds::api::ingest_run::Forgotten;
use docmill_crds::records::runs::Tally;

use super::context::RunContext;
use super::error::RunError;
use super::manifest::{FileResult, ManifestLine};
use report::ForgetReport;
pub(super) use select::select;
use stores::Stores;

/// How long units may be in flight that were looked up before their key was closed.
const SETTLING: Duration = Duration::from_secs(5);
/// How often what a look finds is erased: a unit that was in flight longer can leave something behind.
const ROUNDS: usize = 3;

/// Forgets the keys of a file.
pub(super) async fn work_file(context: &RunContext, lines: &[ManifestLine]) -> Result<FileResult, RunError> {
    let keys: BTreeSet<String> = lines.iter().map(|line| line.key.clone()).collect();
    let stores = Box::pin(Stores::open(context)).await?;
    let closed = stores.close_all(&keys).await?;
    if !closed.is_empty() {
        settle(context).await?;
    }
    let mut erased: BTreeMap<String, Forgotten> =
        keys.iter().map(|key| (key.clone(), Forgotten::default())).collect();
    let mut round = 0;
    loop {
        let traces = Box::pin(stores.look(&keys)).await?;
        if traces.is_nothing() {
            stores.check_that_all_are_open().await?;
            break;
        }
        if round == ROUNDS {
            return Err(RunError::Remains(report::in_words(traces.counts().into_values().sum())));
        }
        Box::pin(stores.erase(&keys, &traces)).await?;
        for (key, counts) in traces.counts() {
            *erased.entry(key).or_default() += counts;
        }
        round += 1;
    }
    let changed = erased.iter().filter(|(key, erased)| !erased.is_nothing() || closed.contains(*key));
    let changed = count(changed.count());
    let tally = Tally {
        lines: count(lines.len()),
        done: count(lines.len()),
        changed,
        unchanged: count(lines.len()) - changed,
        ..Tally::default()
    };
    let is_raw_kept = !stores.erases_raw();
    let report = ForgetReport::new(&erased, is_raw_kept, clock::rfc3339(clock::now_millis()));
    // Strings and numbers: serde_json cannot fail here.
    Ok(FileResult { tally, report: serde_json::to_value(report).unwrap_or_default() })
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn settle(context: &RunContext) -> Result<(), RunError> {
    let settled = context.stop.closing.run_until_cancelled(tokio::time::sleep(SETTLING)).await;
    settled.ok_or(RunError::Stopped)
}
