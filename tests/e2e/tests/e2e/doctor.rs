//! `kubectl docmill doctor` finds three planted faults at once, and names what mends each: the workers may not write to the
//! errors bucket, the queue gives messages up after a few receives, and the server of a model does not answer.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::command;
use e2e::faults::{Action, Answer, Match, Proxy};
use e2e::resources::{self, SOURCE};
use e2e::world::{self, World};
use serde_json::{Value, json};

/// The queue of the testbed that has a dead-letter queue, and receives of a message before that one gets it.
const IMPATIENT_QUEUE: (&str, i64) = ("docmill", 5);
/// A port at which nobody listens.
const NOBODY: u16 = 9;
/// Within how long the operator has seen a resource.
const SEEN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn planted_faults_are_found_with_what_mends_them() -> Result<()> {
    world::run("doctor", async |world| {
        let proxy = Proxy::start(&world.env.host_address, &world.env.s3.outside).await?;
        let errors = Match::any().method("PUT").path(format!("/{}/", world.errors_bucket()));
        proxy.rule(errors, Action::Answer(Answer::s3(403, "AccessDenied")));
        plant(world, &proxy).await?;
        let diagnosis = examine(world).await?;
        proxy.clear();
        judge(&diagnosis).with_context(|| format!("{diagnosis:#}"))?;
        let left = world.s3.list(&world.snapshots_bucket()).await?;
        ensure!(left.is_empty(), "the probe left {left:?}");
        Ok(())
    })
    .await
}

async fn plant(world: &World, proxy: &Proxy) -> Result<()> {
    let mut source = world.ingest_source(Form::Nitf);
    source["spec"]["storage"]["endpoint"] = proxy.url().into();
    let (service, _) = world.queue_url.rsplit_once('/').context("the URL of the queue has no name")?;
    source["spec"]["trigger"]["sqs"]["queueURL"] = format!("{service}/{}", IMPATIENT_QUEUE.0).into();
    world.apply(&source).await?;
    let mut enrichment = resources::enrichment_run(&world.env, &world.name, "tones");
    let mut tone = resources::tone(&world.env, "v1");
    tone["openInference"]["url"] = format!("http://{}:{NOBODY}", world.env.host_address).into();
    enrichment["spec"]["enrichers"] = json!([tone]);
    world.apply(&enrichment).await?;
    let reachable = ("True", "Reachable");
    world.condition((Kind::IngestSource, SOURCE), "Ready", reachable, SEEN).await?;
    let unreachable = ("False", "ModelUnreachable");
    world.condition((Kind::EnrichmentRun, "tones"), "Ready", unreachable, SEEN).await.map(drop)
}

async fn examine(world: &World) -> Result<Value> {
    let context = world.env.context.iter().flat_map(|context| ["--context", context.as_str()]);
    let all =
        ["docmill", "doctor", SOURCE, "-n", world.name.as_str(), "-o", "json"].into_iter().chain(context);
    let all: Vec<String> = all.map(str::to_owned).collect();
    let ended = command::run("kubectl", &all, None).await?;
    ensure!(ended.code == Some(3), "{ended:?}");
    serde_json::from_str(&ended.stdout).with_context(|| format!("{ended:?}"))
}

/// These faults are found, and none that is not there.
fn judge(diagnosis: &Value) -> Result<()> {
    let checks = diagnosis["checks"].as_array().context("no checks")?;
    let failed: Vec<&Value> =
        checks.iter().filter(|check| check["verdict"] == "Failed" && check["subject"] != "cluster").collect();
    let names: Vec<&str> = failed.iter().filter_map(|check| check["name"].as_str()).collect();
    ensure!(names == ["Ready", "WriteErrors", "TagErrors", "Redrive"], "found: {names:?}");
    for (check, (detail, remedy)) in failed.iter().zip([
        ("ModelUnreachable: ".to_owned(), "Start the server of the model"),
        ("AccessDenied".to_owned(), "\"Action\":\"s3:PutObject\""),
        ("AccessDenied".to_owned(), "\"Action\":\"s3:PutObjectTagging\""),
        (format!("maxReceiveCount is {}", IMPATIENT_QUEUE.1), "aws sqs set-queue-attributes"),
    ]) {
        let text = |field: &str| check[field].as_str().unwrap_or_default();
        ensure!(text("detail").starts_with(&detail), "{check}");
        ensure!(text("remedy").contains(remedy), "{check}");
    }
    let passed =
        |name: &str| checks.iter().any(|check| check["name"] == name && check["verdict"] == "Passed");
    for name in ["Operator", "WorkerStart", "ListRaw", "WriteSnapshots", "DeleteMessages", "IndexCluster"] {
        ensure!(passed(name), "{name} has not passed");
    }
    Ok(())
}
