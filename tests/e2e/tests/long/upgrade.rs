//! An upgrade to the next release, and the way back, while thousands of units are under way.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::install::{NAMESPACE, RELEASE, checkout, main_settings, upgrade_to};
use e2e::resources::SOURCE;
use e2e::testbed::testbed;
use e2e::wait::{Look, until};
use e2e::watch::{Seen, Watch};
use e2e::world::{self, World};
use tokio::{join, try_join};

const OBJECTS: usize = 20_000;
const FAULTY_EVERY: usize = 100;
/// How much is done when the upgrade begins.
const BEGUN: u64 = 500;
/// How many objects land at a time while a worker of the next release is awaited.
const STEP: usize = 250;
const LIMIT: Duration = Duration::from_mins(10);
/// A column that only the next release's definition has.
const COLUMN: &str =
    "    - jsonPath: .status.revision\n      name: Revision\n      priority: 1\n      type: string\n";

/// Chart, definitions and image differ; the API version is the same.
#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn an_upgrade_and_a_rollback_under_load_lose_double_and_kill_nothing() -> Result<()> {
    world::run_alone("upgrade", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["workers"]["maxLifetimeSeconds"] = 30.into();
        world.apply(&source).await?;
        let ready = ("True", "");
        world.condition((Kind::IngestSource, SOURCE), "Ready", ready, Duration::from_mins(2)).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
        let mut landing = corpus.objects.clone().into_iter();
        let chart = next_chart(world)?;
        let image = testbed(&["image", "--next"]).await?.trim().to_owned();
        let watch = Watch::begin(&world.cluster, &world.name);
        let back_and_forth = async {
            try_join!(land(world, landing.by_ref().take(OBJECTS / 2)), upgrade(world, &chart, &image))?;
            until("a worker of the next release", LIMIT, async || {
                // So that there is work for one, however fast the workers of this release are.
                land(world, landing.by_ref().take(STEP)).await?;
                let seen = watch.seen();
                let new = seen.pods.values().filter(|pod| pod.image == image).count();
                let text = format!("{new} of {} workers, {} objects to land", seen.pods.len(), landing.len());
                ensure!(new > 0 || landing.len() > 0, "everything landed before a worker began: {text}");
                Ok(Look::holds(new > 0, text))
            })
            .await
        };
        let result = back_and_forth.await;
        let to_land = landing.len();
        println!("{to_land} objects land while the release is rolled back");
        let rollback = ["rollback", RELEASE, "--namespace", NAMESPACE, "--wait", "--timeout=180s"];
        let (landed, rolled_back) = join!(land(world, landing), world.cluster.helm(&rollback));
        std::fs::remove_dir_all(&chart)?;
        result.and(landed).and(rolled_back.map(drop))?;
        ensure!(to_land > 0, "everything had landed before the release was rolled back");

        until("every object in the ledger", LIMIT, async || {
            let done = recorded(world).await?;
            Ok(Look::holds(done >= OBJECTS as u64, format!("{done} of {OBJECTS}")))
        })
        .await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        // One more look, since the last workers have only just ended.
        tokio::time::sleep(Duration::from_secs(1)).await;
        none_was_killed(&watch.seen())?;
        world.audit_all(&corpus).await
    })
    .await
}

/// Puts objects into the raw bucket.
async fn land(world: &World, objects: impl Iterator<Item = (String, Vec<u8>)>) -> Result<()> {
    world.s3.put_all(&world.raw_bucket(), objects).await.map(drop)
}

/// Upgrades once work is under way.
async fn upgrade(world: &World, chart: &Path, image: &str) -> Result<()> {
    until("work that is under way", LIMIT, async || {
        let done = recorded(world).await?;
        Ok(Look::holds(done >= BEGUN, format!("{done} records")))
    })
    .await?;
    upgrade_to(&world.cluster, (chart, image), NAMESPACE, &main_settings()).await?;
    println!("upgraded after {} of {OBJECTS} units", recorded(world).await?);
    Ok(())
}

fn none_was_killed(seen: &Seen) -> Result<()> {
    println!("{} workers", seen.pods.len());
    let killed: Vec<_> = seen.pods.iter().filter(|(_, pod)| pod.phase != "Succeeded").collect();
    ensure!(killed.is_empty(), "workers that did not end by themselves: {killed:?}");
    Ok(())
}

async fn recorded(world: &World) -> Result<u64> {
    world.articles.count(&format!("docmill-units-{}.{SOURCE}", world.name)).await
}

/// A copy of the chart with another version, and with one more column in a definition.
fn next_chart(world: &World) -> Result<PathBuf> {
    let copy = std::env::temp_dir().join(format!("docmill-next-{}", world.name));
    copy_folder(&checkout("charts/docmill"), &copy)?;
    edit(&copy.join("Chart.yaml"), "\nversion: ", "\nversion: 9")?;
    let columns = "  - additionalPrinterColumns:\n";
    edit(&copy.join("files/crds/ingestsources.yaml"), columns, &format!("{columns}{COLUMN}"))?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn edit(file: &Path, old: &str, new: &str) -> Result<()> {
    let text = std::fs::read_to_string(file)?;
    ensure!(text.contains(old), "{} has no {old:?}", file.display());
    std::fs::write(file, text.replacen(old, new, 1))
        .with_context(|| format!("failed to write {}", file.display()))
}
