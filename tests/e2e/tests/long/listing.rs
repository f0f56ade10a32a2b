//! The memory of a listing is bounded, whatever the number of keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::rig::{self, Rig, is_small};
use serde_json::json;

const FOLDERS: usize = 1000;
const KEYS_OF_A_FOLDER: usize = 1000;
const LIMIT: Duration = Duration::from_mins(15);

/// A backfill of a bucket with 1,000,000 keys is planned. The objects are empty: nobody reads them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_million_keys_are_planned_in_less_than_128_mib() -> Result<()> {
    rig::run("million", Form::Nitf, async |rig| {
        let folder = folder(rig)?.join("wire");
        fill(rig, &folder).await?;
        let planned = plan(rig).await;
        // The object store would take an hour for it.
        fs::remove_dir_all(folder)?;
        planned
    })
    .await
}

async fn plan(rig: &Rig) -> Result<()> {
    let began = Instant::now();
    let mut planner = rig.planner("backfill", &json!({"mode": "Process"}))?;
    let (peak, status) = planner.watched_until_its_end(LIMIT).await?;
    ensure!(status.success(), "the planner ended with {status}");
    println!("planned in {} s, with {peak} KiB at most", began.elapsed().as_secs());
    is_small(peak)?;
    let plan = rig.plan("backfill").await?;
    ensure!(plan["selected"] == FOLDERS * KEYS_OF_A_FOLDER, "not all were selected: {plan}");
    Ok(())
}

/// The folder in which the testbed's object store keeps the raw bucket.
fn folder(rig: &Rig) -> Result<PathBuf> {
    let buckets = std::env::var_os("DOCMILL_S3_FOLDER");
    let buckets = buckets.context("DOCMILL_S3_FOLDER is not set: this test needs the testbed's own store")?;
    Ok(Path::new(&buckets).join(rig.raw_bucket()))
}

/// One object in each folder is put, and the others are links to it: a million requests would take half an hour. The
/// store serves them like those that it wrote itself, `ETag` included.
async fn fill(rig: &Rig, wire: &Path) -> Result<()> {
    let first = (0..FOLDERS).map(|folder| (format!("wire/{folder:03}/000.xml"), Vec::new()));
    rig.s3.put_all(&rig.raw_bucket(), first).await?;
    for folder in 0..FOLDERS {
        let folder = wire.join(format!("{folder:03}"));
        let first = folder.join("000.xml");
        for number in 1..KEYS_OF_A_FOLDER {
            fs::hard_link(&first, folder.join(format!("{number:03}.xml")))?;
        }
    }
    Ok(())
}
