//! How long `kubectl docmill trace` takes among 20,000 units, for a user who has the role `view` alone: by id and by key, from
//! the start of the program to its end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cluster::Kind;
use e2e::corpus::{Corpus, Outcome};
use e2e::resources::{self, SOURCE};
use e2e::s3::Listed;
use e2e::viewer::Viewer;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use e2e::{ingest_runs, notices};
use serde_json::{Value, json};

const OBJECTS: usize = 20_000;
const FAULTY_EVERY: usize = 100;
/// Documents that are enriched, objects that land a second time, and objects that nobody tells of.
const SOME: usize = 20;
/// Within how long all of it is ingested.
const INGESTED: Duration = Duration::from_mins(20);
/// What 95 of 100 traces of each kind may take.
const BOUND: Duration = Duration::from_secs(2);

/// Things to look up that have something in common.
struct Sample {
    name: &'static str,
    targets: Vec<String>,
    /// The states that each may be in; an empty word for what nothing knows.
    states: &'static [&'static str],
}

#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_viewer_waits_less_than_two_seconds_for_a_trace() -> Result<()> {
    world::run_alone("trace-latency", async |world| {
        let corpus = Corpus::generated(&world.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["onDelete"] = "Delete".into();
        world.apply(&source).await?;
        world.put(&corpus).await?;
        counted(world, &json!({"indexed": corpus.sound(), "failed": corpus.faulty()})).await?;
        let viewer = Viewer::create(world, "viewer", &["view"]).await?;
        let samples = samples(world, &viewer, &corpus).await?;
        let mut slow = Vec::new();
        for sample in &samples {
            let seconds = measured(&viewer, sample).await?;
            let p95 = percentile(&seconds, 95);
            println!(
                "{}: median {:.2} s, p95 {p95:.2} s, at most {:.2} s, of {}",
                sample.name,
                percentile(&seconds, 50),
                percentile(&seconds, 100),
                seconds.len()
            );
            if p95 >= BOUND.as_secs_f64() {
                slow.push(sample.name);
            }
        }
        ensure!(slow.is_empty(), "p95 is {} s or more: {slow:?}", BOUND.as_secs());
        Ok(())
    })
    .await
}

/// Waits until the status has these counts or more, and nothing is pending.
async fn counted(world: &World, expected: &Value) -> Result<()> {
    until(&format!("{expected} in the status"), INGESTED, async || {
        let source = world.cluster.get(Kind::IngestSource, &world.name, SOURCE).await?;
        let units = &source["status"]["units"];
        let mut counts = expected.as_object().into_iter().flatten();
        let is_there = counts.all(|(name, count)| units[name].as_i64() >= count.as_i64());
        Ok(Look::holds(is_there && units["pending"] == 0, units.to_string()))
    })
    .await
}

/// Some of each state.
async fn samples(world: &World, viewer: &Viewer, corpus: &Corpus) -> Result<Vec<Sample>> {
    let sample = |name, states: &'static [&'static str], targets| Sample { name, targets, states };
    let step = OBJECTS / SOME;
    let (mut ids, mut keys, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (key, outcome) in &corpus.outcomes {
        match outcome {
            Outcome::Indexed(id) => {
                ids.push(id.clone());
                keys.push(key.clone());
            }
            _ => failed.push(key.clone()),
        }
    }
    let some = |all: &[String], from: usize| -> Vec<String> {
        all.iter().skip(from).step_by(step).take(SOME).cloned().collect()
    };
    failed.truncate(SOME);
    let (removed, twice) = (some(&keys, 1), some(&keys, 2));
    let superseded = changed(world, viewer, &removed, &twice).await?;
    let removed_ids = some(&ids, 1);
    let skipped = gone(world, superseded.len() + removed.len()).await?;
    let enriched = enriched(world).await?;
    // A document whose object is forgotten is no longer an enriched one.
    let others =
        keys.iter().zip(&ids).skip(4).step_by(step).take(SOME).filter(|(_, id)| !enriched.contains(id));
    let forgotten: Vec<String> = others.map(|(key, _)| key.clone()).collect();
    let forget = json!({"mode": "Forget", "forget": {"keys": forgotten}});
    ingest_runs::complete(world, "forget", forget).await?;
    let pending = untold(world).await?;
    let unknown = (0..SOME).map(|number| format!("urn:nobody:knows:{number}")).collect();
    Ok(vec![
        sample("indexed, by id", &["Indexed", "Enriched"], some(&ids, 3)),
        sample("indexed, by key", &["Indexed"], some(&keys, 3)),
        sample("failed, by key", &["Failed"], failed),
        sample("superseded, by digest", &["Superseded"], superseded),
        sample("removed, by id", &["Removed"], removed_ids),
        sample("enriched, by id", &["Enriched"], enriched),
        sample("skipped, by key", &["Skipped"], skipped),
        sample("forgotten, by key", &["Forgotten"], forgotten),
        sample("pending, by key", &["Pending"], pending),
        sample("unknown", &[""], unknown),
    ])
}

/// Removes objects, and replaces others; the digests of the versions before.
async fn changed(
    world: &World,
    viewer: &Viewer,
    removed: &[String],
    twice: &[String],
) -> Result<Vec<String>> {
    let raw = world.raw_bucket();
    let mut digests = Vec::new();
    for key in twice {
        let unit = traced(viewer, key).await?["units"][0]["metadata"]["name"].clone();
        digests.push(unit.as_str().unwrap_or_default().to_owned());
        let mut object = world.s3.get(&raw, key).await?;
        object.extend_from_slice(b"<!-- again -->");
        world.s3.put(&raw, key, object).await?;
    }
    for key in removed {
        world.s3.remove(&raw, key).await?;
        let told = notices::removal(&raw, key, None);
        world.sqs.send_all(&world.queue_url, vec![told]).await?;
    }
    counted(world, &json!({"skipped": digests.len() + removed.len()})).await?;
    Ok(digests)
}

/// Objects that were gone before they were read, beside so many other skipped units.
async fn gone(world: &World, others: usize) -> Result<Vec<String>> {
    let raw = world.raw_bucket();
    let like = world.s3.list(&raw).await?.into_iter().next().context("the raw bucket is empty")?;
    let keys: Vec<String> = (0..SOME).map(|number| format!("wire/gone/{number}.xml")).collect();
    let objects: Vec<_> = keys.iter().map(|key| Listed { key: key.clone(), ..like.clone() }).collect();
    world.sqs.send_all(&world.queue_url, vec![notices::message(&raw, &objects)]).await?;
    counted(world, &json!({"skipped": others + keys.len()})).await?;
    Ok(keys)
}

/// Enriches some documents, and gives their ids.
async fn enriched(world: &World) -> Result<Vec<String>> {
    let mut run = resources::enrichment_run(&world.env, &world.name, "tones");
    run["spec"]["enrichers"] = json!([resources::tone(&world.env, "v1")]);
    run["spec"]["maxDocuments"] = SOME.into();
    world.enrich(&run).await?;
    let copies = world.enriched.all(&world.enriched_pattern()).await?;
    let ids = copies.iter().filter_map(|copy| copy.source["guid"].as_str().map(str::to_owned));
    Ok(ids.take(SOME).collect())
}

/// Objects of which nobody has told.
async fn untold(world: &World) -> Result<Vec<String>> {
    world.lose_notifications().await?;
    let mut keys = Vec::new();
    for number in 0..SOME {
        let key = format!("wire/untold/{number}.xml");
        let object = Article::generated(&world.name, OBJECTS + number).write(Form::Nitf);
        world.s3.put(&world.raw_bucket(), &key, object).await?;
        keys.push(key);
    }
    Ok(keys)
}

async fn traced(viewer: &Viewer, target: &str) -> Result<Value> {
    let found = viewer.docmill(&["trace", target, "-o", "json"]).await?;
    Ok(serde_json::from_str(&found.stdout)?)
}

/// How many seconds each trace took, the least first.
async fn measured(viewer: &Viewer, sample: &Sample) -> Result<Vec<f64>> {
    ensure!(!sample.targets.is_empty(), "{}: there is none", sample.name);
    let mut seconds = Vec::new();
    for target in &sample.targets {
        let started = Instant::now();
        let found = traced(viewer, target).await?;
        seconds.push(started.elapsed().as_secs_f64());
        let of_document = &found["documents"][0]["state"];
        let state = if of_document.is_null() { &found["units"][0]["state"] } else { of_document };
        let is_known = sample.states.contains(&state.as_str().unwrap_or_default());
        ensure!(is_known, "{}: {target} is {state}: {found}", sample.name);
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds)
}

/// The least of these, in order, that so many of 100 do not exceed.
fn percentile(seconds: &[f64], of_hundred: usize) -> f64 {
    let place = (seconds.len() * of_hundred).div_ceil(100);
    seconds.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

#[test]
fn a_percentile_is_one_of_the_values() {
    let seconds: Vec<f64> = (1..=20).map(f64::from).collect();
    let close = |of_hundred, expected: f64| (percentile(&seconds, of_hundred) - expected).abs() < 0.01;
    assert!(close(50, 10.0) && close(95, 19.0) && close(100, 20.0));
    assert!(percentile(&[], 95).abs() < 0.01);
}
