//! Whether an article costs more in a large ledger than in a small one: a ledger is padded by copies of its own records, and
//! the same number of new articles is measured at each size.

pub mod latency;
mod padding;
mod step;

use anyhow::{Result, ensure};

use crate::run::Bench;
use step::Ledger;
pub use step::{Step, UNITS};

/// Measures at each of these numbers of units, in their order.
pub async fn growth(bench: &mut Bench, units: &[u32], articles: u32) -> Result<Vec<Step>> {
    ensure!(units.is_sorted(), "the numbers of units must grow: {units:?}");
    let mut ledger = Ledger::begin(bench).await?;
    let mut steps = Vec::new();
    for wanted in units {
        ledger.grow(bench, *wanted).await?;
        let step = ledger.measure(bench, articles).await?;
        eprintln!(
            "{:>9} units: {:.2} ms in all, {:.0} ms until it is indexed, {:.0} ms until it is searchable",
            step.units,
            step.cost.all_millis(),
            step.latency.indexed_millis,
            step.latency.searchable_millis
        );
        steps.push(step);
    }
    bench.remove(ledger.place()).await?;
    Ok(steps)
}
