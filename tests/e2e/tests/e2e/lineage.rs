//! Daily manifests: one is written, holds, and does not hold any more once a record is altered.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::command::{self, Finished};
use e2e::corpus::Corpus;
use e2e::elastic::Stored;
use e2e::ingest_runs::{self, Ended};
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use reqwest::Method;
use serde_json::{Value, json};

const COUNT: usize = 60;

#[tokio::test]
async fn a_manifest_holds_until_a_record_is_altered() -> Result<()> {
    world::run("lineage", async |world| {
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, COUNT, 10);
        world.put(&corpus).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        let records = world.articles.all(&ledger(world)).await?;
        let day = day(&records)?;
        let day = day.as_str();

        let first = manifest(world, "first", day).await?;
        let statement = statement(world, &first).await?;
        ensure!(first.status["selected"] == COUNT && statement["count"] == COUNT, "{statement}");
        ensure!(statement["states"]["Failed"] == corpus.faulty(), "{statement}");
        ensure!(statement["generation"] == 1 && statement["day"] == day, "{statement}");
        let holds = verify(world, &[day, SOURCE, "--content", "-o", "json"]).await?;
        let found = json_of(&holds)?;
        ensure!(holds.code == Some(0) && found["holds"] == true && found["same"] == COUNT, "{found}");
        ensure!(found["rootOfRecords"] == statement["root"], "{found}");
        ensure!(found["content"]["read"] == 2 * corpus.sound(), "{found}");

        let again = manifest(world, "again", day).await?;
        ensure!(again.status["report"] == first.status["report"], "{}", again.status);

        let altered = records.iter().find(|record| record.source["state"] == "Indexed").context("no unit")?;
        let key = altered.source["unit"]["key"].as_str().context("no key")?;
        alter(world, altered).await?;
        let broken = verify(world, &[day, SOURCE, "-o", "json"]).await?;
        let found = json_of(&broken)?;
        ensure!(broken.code == Some(3) && found["holds"] == false, "{broken:?}");
        ensure!(
            (&found["changed"], &found["missing"], &found["extra"]) == (&json!(1), &json!(0), &json!(0)),
            "{found}"
        );
        let difference = &found["differences"][0];
        ensure!(difference["key"] == key && difference["what"] == json!(["rawDigest"]), "{difference}");
        ensure!(difference["isLater"] == false, "it was not processed again: {difference}");

        let second = manifest(world, "second", day).await?;
        let statement = self::statement(world, &second).await?;
        ensure!(statement["generation"] == 2 && statement["replaces"]["generation"] == 1, "{statement}");
        ensure!(verify(world, &[day, SOURCE]).await?.code == Some(0), "the newest one does not hold");
        let former = verify(world, &[day, SOURCE, "--generation", "1"]).await?;
        ensure!(former.code == Some(3) && former.stdout.contains(key), "{former:?}");
        let none = verify(world, &["2000-01-01", SOURCE]).await?;
        ensure!(none.code == Some(1) && none.stderr.contains("next: "), "{none:?}");
        Ok(())
    })
    .await
}

fn ledger(world: &World) -> String {
    format!("docmill-units-{}.{SOURCE}", world.name)
}

/// The day on which the objects landed, by the clock of the object store.
fn day(records: &[Stored]) -> Result<String> {
    let landed = records.iter().filter_map(|record| record.source["lastModified"].as_str()?.get(..10));
    Ok(landed.max().context("no record has a time")?.to_owned())
}

async fn manifest(world: &World, name: &str, day: &str) -> Result<Ended> {
    ingest_runs::complete(world, name, json!({"mode": "Manifest", "day": day})).await
}

/// The statement that a run has written.
async fn statement(world: &World, run: &Ended) -> Result<Value> {
    let report = run.status["report"].as_str().context("no report")?;
    let bucket = format!("s3://{}/", world.snapshots_bucket());
    let key = report.strip_prefix(&bucket).with_context(|| format!("{report} is not in {bucket}"))?;
    Ok(serde_json::from_slice(&world.s3.get(&world.snapshots_bucket(), key).await?)?)
}

/// Changes a digest in the ledger, and nothing that would say so.
async fn alter(world: &World, record: &Stored) -> Result<()> {
    let path = format!("{}/_update/{}?refresh=true", record.index, record.id);
    let change = json!({"doc": {"rawDigest": "00"}});
    world.articles.expect(Method::POST, &path, Some(change)).await.map(drop)
}

/// `kubectl docmill verify` in the namespace of the world.
async fn verify(world: &World, arguments: &[&str]) -> Result<Finished> {
    let context = world.env.context.iter().flat_map(|context| ["--context", context]);
    let all = ["docmill", "verify"].into_iter().chain(arguments.iter().copied());
    let all: Vec<String> = all.chain(["-n", &world.name]).chain(context).map(str::to_owned).collect();
    command::run("kubectl", &all, None).await
}

fn json_of(finished: &Finished) -> Result<Value> {
    serde_json::from_str(&finished.stdout).with_context(|| format!("{finished:?}"))
}
