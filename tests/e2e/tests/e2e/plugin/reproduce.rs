//! `kubectl docmill reproduce` of every object that a source refused: the refusals here are those of its error record, byte by
//! byte.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::evidence::error_record;
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::refused_objects::{self, RefusedObject};
use super::{docmill, json_of};

/// Objects that are reproduced at a time: fewer than the requests of a namespace that the Records API answers at a time.
const CONCURRENCY: usize = 4;

#[tokio::test]
async fn every_refused_object_is_refused_here_as_in_the_cluster() -> Result<()> {
    world::run("reproduce", async |world| {
        let mut source = world.ingest_source(Form::NewsMlG2);
        source["spec"]["raw"]["suffixes"] = json!([".xml", ".zip", ".gz"]);
        source["spec"]["conversion"] = refused_objects::conversion();
        world.apply(&source).await?;
        let refused = refused_objects::all(&world.name)?;
        let mut objects: Vec<(String, Vec<u8>)> =
            refused.iter().map(|object| (object.key.clone(), object.bytes.clone())).collect();
        let sound = Article::generated(&world.name, 0);
        objects.push(("wire/sound.xml".to_owned(), sound.write(Form::NewsMlG2)));
        world.s3.put_all(&world.raw_bucket(), objects).await?;
        world.counted(1, refused.len()).await?;

        let units = failed_units(world).await?;
        ensure!(units.len() == refused.len(), "{} of {} are told: {units:#?}", units.len(), refused.len());
        stream::iter(&refused)
            .map(anyhow::Ok)
            .try_for_each_concurrent(CONCURRENCY, |object| is_refused_alike(world, &units, object))
            .await?;
        is_shown(world).await
    })
    .await
}

/// The units that `failures` names, by their keys.
async fn failed_units(world: &World) -> Result<BTreeMap<String, String>> {
    let failures = docmill(world, &["failures", SOURCE, "--examples", "100", "-o", "json"]).await?;
    ensure!(failures.code == Some(3), "{failures:?}");
    let found = json_of(&failures)?;
    let groups = found["groups"].as_array().into_iter().flatten();
    let examples = groups.filter_map(|group| group["examples"].as_array()).flatten();
    examples
        .map(|example| {
            let text = |name: &str| {
                example[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {example}"))
            };
            Ok((text("key")?, text("unit")?))
        })
        .collect()
}

async fn is_refused_alike(
    world: &World,
    units: &BTreeMap<String, String>,
    object: &RefusedObject,
) -> Result<()> {
    let RefusedObject { key, reason, .. } = object;
    let unit = units.get(key).with_context(|| format!("{key} is not among {units:#?}"))?;
    let run = docmill(world, &["reproduce", unit, "--source", SOURCE, "-o", "json"]).await?;
    ensure!(run.code == Some(3), "{key}: {run:?}");
    let here = json_of(&run)?;
    let (_, record) = error_record(&world.s3, &world.errors_bucket(), key).await?;
    ensure!(record["refusals"][0]["reason"] == *reason, "{key} is not refused for {reason}: {record:#}");
    let (refusals, expected) = (here["refusals"].to_string(), record["refusals"].to_string());
    ensure!(refusals == expected, "{key}: here\n{refusals}\nand in the cluster\n{expected}");
    ensure!(here["key"] == *key && here["agreement"] == "Same", "{key}: {here:#}");
    Ok(())
}

/// What a person sees of objects of several articles.
async fn is_shown(world: &World) -> Result<()> {
    let several = ["1 documents, 2 refused", "MissingField in headline", "WrongType in publishedAt"];
    let archive = [
        "1 documents, 2 refused",
        "MalformedXml in member b/bad.xml",
        "DateOutOfWindow in member c.xml in document 0: the date 1700-01-01",
    ];
    for (key, all) in [("wire/several.xml", several), ("wire/archive.zip", archive)] {
        let shown = docmill(world, &["reproduce", key, "--source", SOURCE]).await?;
        ensure!(shown.code == Some(3), "{shown:?}");
        for words in all.into_iter().chain(["The cluster came to the same."]) {
            ensure!(shown.stdout.contains(words), "no {words:?} in\n{}", shown.stdout);
        }
    }
    Ok(())
}
