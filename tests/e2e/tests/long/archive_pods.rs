//! Archives of many members, and of many bytes, through pods whose memory the kernel limits to 128 MiB. A pod that is killed
//! in the middle of one has a successor that finishes it, and nothing is lost or there twice.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::archives::large;
use e2e::articles::Form;
use e2e::auditor::{self, Evidence};
use e2e::cases::{case, side_by_side};
use e2e::cluster::{name, phase};
use e2e::rig::is_small;
use e2e::testbed::testbed;
use e2e::wait::{Look, until};
use e2e::watch::{Seen, WORKERS, Watch};
use e2e::world::{self, World};
use serde_json::json;

/// How long an archive may take to the kill, and from there to its record. What a killed worker held is hidden for half a
/// minute.
const LIMIT: Duration = Duration::from_mins(10);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn killed_pods_of_128_mib_read_archives_of_100_000_members_and_of_4_gib() -> Result<()> {
    side_by_side(vec![
        case("tar", world::run("tar", many_members)),
        case("zip", world::run("zip", many_bytes)),
    ])
    .await
}

async fn many_members(world: &World) -> Result<()> {
    apply_source(world, ".tar.gz").await?;
    let watch = Watch::begin(&world.cluster, &world.name);
    world.s3.put(&world.raw_bucket(), "wire/many.tar.gz", large::tar(&world.name)?).await?;
    kill_worker(world, large::IN_TAR / 2, large::IN_TAR).await?;
    judge(world, finished(world, (0, 1), &watch).await?, large::judge_tar).await
}

async fn many_bytes(world: &World) -> Result<()> {
    apply_source(world, ".zip").await?;
    let watch = Watch::begin(&world.cluster, &world.name);
    world.s3.put_in_parts(&world.raw_bucket(), "wire/large.zip", large::zip(&world.name)).await?;
    kill_worker(world, 1, large::IN_ZIP).await?;
    judge(world, finished(world, (1, 0), &watch).await?, large::judge_zip).await
}

/// Judges in a thread of its own: that takes seconds, in which the other case must not miss the moment to kill.
async fn judge(world: &World, evidence: Evidence, by: fn(&Evidence, &str) -> Result<()>) -> Result<()> {
    let series = world.name.clone();
    tokio::task::spawn_blocking(move || by(&evidence, &series)).await?
}

/// One worker at a time, with the default requests and a quarter of the default limit of memory.
async fn apply_source(world: &World, suffix: &str) -> Result<()> {
    let mut source = world.ingest_source(Form::Nitf);
    let spec = &mut source["spec"];
    large::read_archives(spec, suffix);
    spec["workers"]["max"] = 1.into();
    let requests = json!({"cpu": "50m", "memory": "64Mi"});
    let resources = json!({"requests": requests, "limits": {"memory": "128Mi"}});
    spec["workers"]["podTemplate"] = json!({"spec": {"resources": resources}});
    world.apply(&source).await
}

/// Kills the worker with SIGKILL as soon as so many documents of all are in the index.
async fn kill_worker(world: &World, documents: usize, all: usize) -> Result<()> {
    let articles = world.articles_pattern();
    let worker = until(&format!("{documents} documents in the index"), LIMIT, async || {
        let found = world.articles.count(&articles).await?;
        let pods = world.cluster.pods(&world.name, WORKERS).await?;
        let running = pods.iter().find(|pod| phase(pod) == "Running");
        Ok(match running {
            Some(pod) if found >= documents as u64 => Look::Done(name(pod).to_owned()),
            _ => Look::NotYet(format!("{found} documents, {} pods", pods.len())),
        })
    })
    .await?;
    testbed(&["kill", &worker]).await?;
    let found = world.articles.count(&articles).await?;
    println!("{worker} was killed after {found} of {all} documents");
    ensure!(found < all as u64, "all documents were in the index before {worker} was killed");
    Ok(())
}

/// Waits until the archive is recorded and counted, as indexed or as failed, and no worker is left; gives what the stores
/// hold.
async fn finished(world: &World, (indexed, failed): (usize, usize), watch: &Watch) -> Result<Evidence> {
    let place = world.place();
    until("the record of the archive", LIMIT, async || {
        let records = world.articles.count(&place.ledger).await?;
        Ok(Look::holds(records > 0, format!("{records} records; {:?}", watch.seen())))
    })
    .await?;
    world.counted(indexed, failed).await?;
    world.no_workers().await?;
    // One more look, since the last worker has only just ended.
    tokio::time::sleep(Duration::from_secs(1)).await;
    one_was_killed_and_none_was_large(&watch.seen())?;
    auditor::gather(&place).await
}

fn one_was_killed_and_none_was_large(seen: &Seen) -> Result<()> {
    for (worker, pod) in &seen.pods {
        ensure!(pod.reason != "OOMKilled", "the kernel ended {worker}, which exceeded 128 MiB");
        let peak = pod.peak_kibibytes.with_context(|| format!("no process of {worker} was found here"))?;
        println!("{worker}: {} ({}), {peak} KiB at most", pod.phase, pod.reason);
        is_small(peak).with_context(|| worker.clone())?;
    }
    let killed = seen.pods.values().filter(|pod| pod.phase == "Failed").count();
    let finished = seen.pods.values().filter(|pod| pod.phase == "Succeeded").count();
    ensure!(killed == 1 && finished == seen.pods.len() - 1, "more than one worker failed: {seen:?}");
    ensure!(finished > 0, "the killed worker has no successor: {seen:?}");
    Ok(())
}
