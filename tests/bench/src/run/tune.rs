//! The best settings of bare bulk requests, found by trying.

use anyhow::{Context as _, Result};

use super::bench::Bench;
use super::turn::measure;
use crate::contenders::{Bulk, Contender};
use crate::measure::Side;

/// What is tried: the worker's own refresh and none, small and large requests, few and more at a time.
const TRIED: [Bulk; 4] = [
    Bulk { batch: 500, connections: 2, refresh_interval: None },
    Bulk { batch: 500, connections: 2, refresh_interval: Some("-1") },
    Bulk { batch: 1_500, connections: 2, refresh_interval: Some("-1") },
    Bulk { batch: 1_500, connections: 1, refresh_interval: Some("-1") },
];

/// Tries all of them with so many articles, and leaves the one that costs Elasticsearch the least.
pub async fn tune(bench: &mut Bench, articles: u32) -> Result<()> {
    let mut best: Option<(f64, Bulk)> = None;
    for tried in TRIED {
        bench.bulk = tried.clone();
        let place = bench.place(Contender::Bulk, articles).await?;
        let cost = measure(bench, Contender::Bulk, &place, bench.stores()).await?;
        bench.remove(&place).await?;
        let millis = cost.millis(Side::Elasticsearch);
        eprintln!("  {tried:?}: {millis:.3} ms");
        if best.as_ref().is_none_or(|(least, _)| millis < *least) {
            best = Some((millis, tried));
        }
    }
    let (_, bulk) = best.context("nothing was tried")?;
    bench.bulk = bulk;
    Ok(())
}
