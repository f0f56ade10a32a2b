//! The ledger that grows, and what an article costs at each size.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use hyper::body::Bytes;
use serde_json::json;

use super::latency::{self, Latency};
use super::padding::lines;
use crate::contenders::Contender;
use crate::measure::Cost;
use crate::place::Place;
use crate::run::{Bench, cost, is_complete, measure, spread, tell, upload};
use crate::stores::{Elastic, Listed, Stored};

/// Real units whose records are copied.
pub const UNITS: u32 = 1_000;
/// Bytes of a request that pads.
const REQUEST: usize = 2_000_000;
/// Requests that are under way at a time.
const CONNECTIONS: usize = 2;
/// The same measurement so often, of which the best counts: what else the machine does only makes one dearer.
const TIMES: u32 = 3;

/// What an article costs in a ledger of this size.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Units that the ledger had when the measurement began.
    pub units: u32,
    /// Records of all kinds that it had.
    pub records: u64,
    /// What the articles cost.
    pub cost: Cost,
    /// How soon an article is indexed and found, at rest.
    pub latency: Latency,
}

/// The ledger.
pub struct Ledger {
    place: Place,
    units: u32,
    next: u32,
    copies: u32,
    records: BTreeMap<String, Vec<Stored>>,
}

impl Ledger {
    /// A source with its first units, whose records are the ones that are copied.
    pub async fn begin(bench: &mut Bench) -> Result<Self> {
        let place = bench.place(Contender::PerUnit, UNITS).await?;
        measure(bench, Contender::PerUnit, &place, bench.stores()).await?;
        let mut elastic = Elastic::new(&bench.stores().elastic)?;
        let mut records = BTreeMap::new();
        for index in elastic.indices(&format!("docmill-*{}*", place.name)).await? {
            let all = elastic.all(&index).await?;
            records.insert(index, all);
        }
        ensure!(!records.is_empty(), "the worker has made no index of records: nothing can be padded");
        Ok(Self { place, units: UNITS, next: UNITS, copies: 0, records })
    }

    /// The source's place.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Pads the ledger until it has so many units.
    pub async fn grow(&mut self, bench: &Bench, units: u32) -> Result<()> {
        let missing = units.saturating_sub(self.units).div_ceil(UNITS);
        let copies: Vec<u32> = (self.copies..self.copies + missing).collect();
        for (index, records) in &self.records {
            eprintln!("padding {index} by {} records", records.len() * copies.len());
            let (name, records) = (index.clone(), Arc::new(records.clone()));
            spread(&copies, CONNECTIONS, |copies| {
                let elastic = Elastic::new(&bench.stores().elastic);
                pad(elastic, name.clone(), Arc::clone(&records), copies)
            })
            .await
            .with_context(|| format!("failed to pad {index}"))?;
        }
        self.copies += missing;
        self.units += missing * UNITS;
        let mut elastic = Elastic::new(&bench.stores().elastic)?;
        let pattern = self.place.pattern();
        elastic.refresh(&pattern).await?;
        elastic.settle(&pattern).await
    }

    /// Lands new articles and measures what they cost, some times; then how soon one is found.
    pub async fn measure(&mut self, bench: &Bench, articles: u32) -> Result<Step> {
        let units = self.units;
        let pattern = format!("docmill-*{}*", self.place.name);
        let mut elastic = Elastic::new(&bench.stores().elastic)?;
        let records = elastic.count(&pattern, &json!({"match_all": {}})).await?;
        let mut costs = Vec::new();
        for _ in 0..TIMES {
            let objects = self.upload(bench, articles).await?;
            tell(&self.place, bench.stores(), &objects).await?;
            let place = Place { articles, ..self.place.clone() };
            costs.push(cost(bench, Contender::PerUnit, &place, bench.stores()).await?);
            // All articles so far, those of earlier measurements too.
            is_complete(bench, &Place { articles: self.next, ..place }).await?;
        }
        let best = costs.into_iter().min_by(|one, other| one.all_millis().total_cmp(&other.all_millis()));
        let cost = best.context("nothing was measured")?;
        let latency = latency::latency(bench, &self.place, self.next).await?;
        self.next += latency::ARTICLES;
        self.units += latency::ARTICLES;
        Ok(Step { units, records, cost, latency })
    }

    async fn upload(&mut self, bench: &Bench, articles: u32) -> Result<Vec<Listed>> {
        let (stores, keys) = (bench.stores(), &bench.env.keys);
        let objects = upload(stores, keys, &self.place.raw_bucket, self.next, articles).await?;
        self.next += articles;
        self.units += articles;
        Ok(objects)
    }
}

/// Writes these copies of all records.
async fn pad(
    elastic: Result<Elastic>,
    index: String,
    records: Arc<Vec<Stored>>,
    copies: Vec<u32>,
) -> Result<()> {
    let mut elastic = elastic?;
    let mut body = String::with_capacity(REQUEST);
    for copy in copies {
        for (place, record) in (0_u64..).zip(records.iter()) {
            let seed = (u64::from(copy) << 32) | place;
            body.push_str(&lines(record, copy, UNITS, seed));
            if body.len() >= REQUEST {
                elastic.bulk_with_patience(&index, &Bytes::from(std::mem::take(&mut body))).await?;
            }
        }
    }
    if !body.is_empty() {
        elastic.bulk_with_patience(&index, &Bytes::from(body)).await?;
    }
    Ok(())
}
