//! What packed snapshots save: the same articles by a worker that gives each an object, and by one that packs them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::corpus::Corpus;
use e2e::rig::{self, ENDED, Rig};
use serde_json::Value;

const OBJECTS: usize = 2000;
const FAULTY_EVERY: usize = 100;
const LIMIT: Duration = Duration::from_mins(5);

/// What a pass over the corpus took.
struct Cost {
    writes: usize,
    took: Duration,
    objects: usize,
    bytes: usize,
    peak_kibibytes: u64,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn packs_take_a_tenth_of_the_writes_at_most() -> Result<()> {
    let alone = cost("alone", Rig::spec).await?;
    let packed = cost("packed", Rig::packed_spec).await?;
    for (name, cost) in [("PerUnit", &alone), ("Packed", &packed)] {
        let Cost { writes, took, objects, bytes, peak_kibibytes } = cost;
        println!(
            "{OBJECTS} articles, {name}: {writes} writes, {objects} objects with {bytes} bytes, {:.1} s, {peak_kibibytes} KiB",
            took.as_secs_f64()
        );
    }
    ensure!(alone.writes >= OBJECTS - OBJECTS / FAULTY_EVERY, "{} writes", alone.writes);
    ensure!(packed.writes * 10 <= alone.writes, "{} writes instead of {}", packed.writes, alone.writes);
    ensure!(packed.bytes < alone.bytes, "{} bytes instead of {}", packed.bytes, alone.bytes);
    Ok(())
}

async fn cost(name: &str, spec: fn(&Rig) -> Value) -> Result<Cost> {
    let mut cost = None;
    rig::run(name, Form::Nitf, async |rig| {
        cost = Some(measured(rig, &spec(rig)).await?);
        Ok(())
    })
    .await?;
    cost.context("nothing was measured")
}

async fn measured(rig: &Rig, spec: &Value) -> Result<Cost> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
    let writes = rig.s3_proxy.count(rig.snapshot_writes());
    rig.land(&corpus).await?;
    let worker = rig.worker_for("worker", spec)?;
    let began = Instant::now();
    rig.settled(LIMIT).await?;
    let took = began.elapsed();
    let peak_kibibytes = worker.peak_kibibytes()?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await?;
    let kept: BTreeMap<_, _> = rig.s3.get_all(&rig.snapshots_bucket()).await?;
    let bytes = kept.values().map(Vec::len).sum();
    Ok(Cost { writes: writes.hits(), took, objects: kept.len(), bytes, peak_kibibytes })
}
