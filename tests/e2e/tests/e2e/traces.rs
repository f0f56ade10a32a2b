//! `kubectl docmill trace`, by a user who has the role `view` alone: what it shows of a document or an object in each state that
//! takes some doing. The files in `traces/` have the output, with placeholders for what differs each time; with
//! `UPDATE_GOLDEN=1` they are written anew.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::command::Finished;
use e2e::corpus::Corpus;
use e2e::install::checkout;
use e2e::notices;
use e2e::resources;
use e2e::s3::Listed;
use e2e::viewer::Viewer;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use regex::Regex;
use serde_json::{Value, json};

const ENRICHED: &str = "wire/enriched.xml";
const TWICE: &str = "wire/twice.xml";
const REMOVED: &str = "wire/removed.xml";
const PENDING: &str = "wire/pending.xml";
/// An object that was gone before it was read.
const GONE: &str = "wire/gone.xml";
/// Within how long workers have seen a change.
const SEEN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_viewer_sees_what_became_of_documents_in_every_state() -> Result<()> {
    world::run("traces", async |world| {
        let viewer = Viewer::create(world, "viewer", &["view"]).await?;
        let [enriched, twice, removed, pending] = [0, 1, 2, 3].map(|n| Article::generated(&world.name, n));
        let first = lands(world, &viewer, [&enriched, &twice, &removed]).await?;
        changes(world, &viewer, &twice, &removed, &first).await?;
        enriches(world).await?;
        world.lose_notifications().await?;
        world.s3.put(&world.raw_bucket(), PENDING, pending.write(Form::Nitf)).await?;

        for (state, target, code) in [
            ("enriched", enriched.guid.as_str(), 0),
            ("superseded", first.as_str(), 0),
            ("removed", removed.guid.as_str(), 0),
            ("skipped", GONE, 0),
            ("pending", PENDING, 0),
            ("unknown", "urn:nobody:knows:it", 3),
        ] {
            let shown = viewer.docmill(&["trace", target]).await?;
            ensure!(shown.code == Some(code), "{state}: {shown:?}");
            is_as_kept(world, state, &shown)?;
        }
        Ok(())
    })
    .await
}

/// Three articles, and word of an object that is not there. Gives the digest of the first version of what lands twice.
async fn lands(world: &World, viewer: &Viewer, [enriched, twice, removed]: [&Article; 3]) -> Result<String> {
    let mut source = world.ingest_source(Form::Nitf);
    source["spec"]["raw"]["onDelete"] = "Delete".into();
    world.apply(&source).await?;
    let mut corpus = Corpus::default();
    for (key, article) in [(ENRICHED, enriched), (TWICE, twice), (REMOVED, removed)] {
        corpus.add(key, article, Form::Nitf);
    }
    world.put(&corpus).await?;
    let gone = Listed { key: GONE.to_owned(), etag: "0123456789abcdef0123456789abcdef".to_owned() };
    let message = notices::message(&world.raw_bucket(), &[gone]);
    world.sqs.send_all(&world.queue_url, vec![message]).await?;
    world.counted(3, 0).await?;
    let digest = traced(viewer, TWICE).await?["units"][0]["metadata"]["name"].clone();
    digest.as_str().map(str::to_owned).context("no unit of what has landed")
}

/// A second version takes the place of the first, and an object goes with its document.
async fn changes(
    world: &World,
    viewer: &Viewer,
    twice: &Article,
    removed: &Article,
    first: &str,
) -> Result<()> {
    let corrected = Article { headline: "Corrected".to_owned(), ..twice.clone() };
    let raw = world.raw_bucket();
    world.s3.put(&raw, TWICE, corrected.write(Form::Nitf)).await?;
    world.s3.remove(&raw, REMOVED).await?;
    world.sqs.send_all(&world.queue_url, vec![notices::removal(&raw, REMOVED, None)]).await?;
    until("the first version is superseded and the object removed", SEEN, async || {
        let unit = traced(viewer, first).await?["units"][0]["state"].clone();
        let document = traced(viewer, &removed.guid).await?["documents"][0]["state"].clone();
        Ok(Look::holds(unit == "Superseded" && document == "Removed", format!("{unit} and {document}")))
    })
    .await
}

async fn enriches(world: &World) -> Result<()> {
    let mut run = resources::enrichment_run(&world.env, &world.name, "tones");
    run["spec"]["enrichers"] = json!([resources::tone(&world.env, "v1")]);
    world.enrich(&run).await.map(drop)
}

async fn traced(viewer: &Viewer, target: &str) -> Result<Value> {
    let found = viewer.docmill(&["trace", target, "-o", "json"]).await?;
    serde_json::from_str(&found.stdout).with_context(|| format!("{found:?}"))
}

/// Compares an output with the file that keeps it.
fn is_as_kept(world: &World, name: &str, shown: &Finished) -> Result<()> {
    let file = checkout(&format!("tests/e2e/tests/e2e/traces/{name}.txt"));
    let now = with_placeholders(&shown.stdout, &world.name)?;
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &now)?;
    }
    let kept =
        std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    ensure!(now == kept, "{name} is shown as\n{now}\nand {} has\n{kept}", file.display());
    Ok(())
}

/// What differs each time is replaced, and with it the widths of columns.
fn with_placeholders(text: &str, namespace: &str) -> Result<String> {
    let mut text = text.replace(namespace, "NAMESPACE");
    for (pattern, placeholder) in [
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z( \([0-9a-z]+ ago\))?", "TIME"),
        (r"\b[0-9a-f]{12,64}\b", "DIGEST"),
        (r"\bpod [0-9a-z-]+", "pod POD"),
        (r", [0-9.]+ (B|KiB)\b", ", SIZE"),
        (" {2,}", "  "),
    ] {
        text = Regex::new(pattern)?.replace_all(&text, placeholder).into_owned();
    }
    Ok(text)
}

#[test]
fn what_differs_each_time_has_a_placeholder() {
    let line = "raw   present   2026-01-03T00:00:00.123Z (1m30s ago)   s3://e2e-1-raw/a.xml, 1.2 KiB, version 0123456789abcdef";
    let shown = with_placeholders(line, "e2e-1").expect("patterns");
    assert_eq!(shown, "raw  present  TIME  s3://NAMESPACE-raw/a.xml, SIZE, version DIGEST");
}
