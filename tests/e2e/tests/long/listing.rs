//! The memory of a listing is bounded, whatever the number of keys.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::rig::{self, Rig};
use serde_json::json;

use crate::memory::is_small;

const FOLDERS: usize = 1000;
const KEYS_OF_A_FOLDER: usize = 1000;
const LIMIT: Duration = Duration::from_mins(15);

/// A backfill of a bucket with 1,000,000 keys is planned. The objects are empty: nobody reads them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_million_keys_are_planned_in_less_than_128_mib() -> Result<()> {
    rig::run("million", Form::Nitf, async |rig: &Rig| {
        let keys = (0..FOLDERS).flat_map(|folder| {
            (0..KEYS_OF_A_FOLDER).map(move |number| (format!("wire/{folder:03}/{number:03}.xml"), Vec::new()))
        });
        rig.s3.put_many(&rig.raw_bucket(), keys).await?;
        let begun = Instant::now();
        let mut planner = rig.planner("backfill", &json!({"mode": "Process"}))?;
        let (peak, status) = planner.watched_until_its_end(LIMIT).await?;
        ensure!(status.success(), "the planner ended with {status}");
        is_small(peak, "a listing of 1,000,000 keys")?;
        println!("{} s for the plan", begun.elapsed().as_secs());
        let plan = rig.plan("backfill").await?;
        let selected = plan["selected"].as_u64().context("a plan that does not say how many it selected")?;
        ensure!(selected == (FOLDERS * KEYS_OF_A_FOLDER) as u64, "{selected} were selected: {plan}");
        Ok(())
    })
    .await
}
