//! Work on demand: what the queue did not tell of, what failed, what lies in a bucket without a queue.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::{Kind, is_live};
use e2e::corpus::Corpus;
use e2e::resources::SOURCE;
use e2e::s3::Listed;
use e2e::wait::{Look, throughout, until};
use e2e::watch::WORKERS;
use e2e::world::{self, World};
use e2e::{ingest_runs, notices};
use reqwest::Method;
use serde_json::{Value, json};

/// The source of a world, by poll alone.
fn polled(world: &World, form: Form) -> Value {
    let mut source = world.ingest_source(form);
    source["spec"]["trigger"] = json!({"poll": {"intervalSeconds": 10}});
    source
}

#[tokio::test]
async fn a_backfill_finds_what_notifications_got_lost_of() -> Result<()> {
    world::run("backfill", async |world| {
        let corpus = Corpus::generated(&world.name, Form::Nitf, 120, 20);
        world.put(&corpus).await?;
        lose_all_notifications(world, 120).await?;
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), Duration::from_secs(30)).await?;

        let dry = ingest_runs::complete(world, "count", json!({"mode": "Process", "dryRun": true})).await?;
        ensure!(dry.status["selected"] == 120 && dry.status["done"] == 0, "{}", dry.status);
        ensure!(world.articles.count(&world.articles_pattern()).await? == 0, "a dry run wrote documents");

        let spec = json!({"mode": "Process", "parallelism": 2});
        let run = ingest_runs::complete(world, "backfill", spec).await?;
        ensure!(
            run.status["done"] == corpus.sound() && run.status["failed"] == corpus.faulty(),
            "{}",
            run.status
        );
        ensure!(
            run.status["changed"] == corpus.sound() && run.status["progress"] == "100%",
            "{}",
            run.status
        );
        let wait = ["wait", "--for=condition=Complete", "irun/backfill", "-n", &world.name, "--timeout=5s"];
        world.cluster.kubectl(&wait).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await?;

        let again = ingest_runs::complete(world, "again", json!({"mode": "Process"})).await?;
        ensure!(again.status["selected"] == 0, "{}", again.status);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_deleted_run_leaves_goes_with_it_and_another_run_keeps_what_it_has() -> Result<()> {
    world::run("swept", async |world| {
        let corpus = Corpus::generated(&world.name, Form::Nitf, 20, 10);
        world.put(&corpus).await?;
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        for name in ["kept", "deleted"] {
            ingest_runs::complete(world, name, json!({"mode": "Reconvert"})).await?;
        }
        let (kept, deleted) = (uid_of(world, "kept").await?, uid_of(world, "deleted").await?);
        let before = left_of(world, &kept).await?;
        ensure!(before.0 > 0 && before.1 > 0, "a run without records or files: {before:?}");
        world.cluster.kubectl(&["delete", "ingestrun", "deleted", "-n", &world.name]).await?;
        until("nothing that the deleted run left", Duration::from_mins(1), async || {
            let left = left_of(world, &deleted).await?;
            Ok(Look::holds(left == (0, 0), format!("{left:?} records and files")))
        })
        .await?;
        ensure!(left_of(world, &kept).await? == before, "something of a run that exists is gone");
        world.audit_all(&corpus).await
    })
    .await
}

async fn uid_of(world: &World, run: &str) -> Result<String> {
    let get = ["get", "ingestrun", run, "-n", &world.name, "-o", "jsonpath={.metadata.uid}"];
    world.cluster.kubectl(&get).await
}

/// How many records and files there are of a run.
async fn left_of(world: &World, uid: &str) -> Result<(usize, usize)> {
    let records = world.articles.all(&format!("docmill-runs-{}.{SOURCE}", world.name)).await?;
    let files = world.s3.list(&world.snapshots_bucket()).await?;
    let own = files.iter().filter(|file| file.key.contains(&format!("/runs/{uid}/"))).count();
    Ok((records.iter().filter(|record| record.source["run"] == uid).count(), own))
}

/// One notification in so many is lost.
const LOST_EVERY: usize = 20;

#[tokio::test]
async fn what_the_queue_is_not_told_of_is_found_by_the_poll_beside_it() -> Result<()> {
    world::run("lossy", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["trigger"]["poll"] = json!({"intervalSeconds": 10});
        world.apply(&source).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), Duration::from_secs(30)).await?;
        world.lose_notifications().await?;
        let corpus = Corpus::generated(&world.name, Form::Nitf, 200, 25);
        tell_of_most(world, world.s3.put_all(&world.raw_bucket(), corpus.objects.clone()).await?).await?;
        world.counted(corpus.sound(), corpus.faulty()).await?;
        let counted = records(world).await?;
        another_listing(world).await?;
        ensure!(counted == records(world).await?, "a later poll wrote records again");
        source["spec"]["suspend"] = true.into();
        world.apply(&source).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await
    })
    .await
}

async fn tell_of_most(world: &World, landed: Vec<Listed>) -> Result<()> {
    let told = landed.chunks(LOST_EVERY).flat_map(|objects| objects.iter().skip(1));
    let messages: Vec<_> =
        told.map(|object| notices::message(&world.raw_bucket(), std::slice::from_ref(object))).collect();
    ensure!(messages.len() == 190, "{} notifications are left", messages.len());
    world.sqs.send_all(&world.queue_url, messages).await
}

/// All records, by id.
async fn records(world: &World) -> Result<BTreeMap<String, Value>> {
    let records = world.articles.all(&format!("docmill-units-{}.{SOURCE}", world.name)).await?;
    Ok(records.into_iter().map(|record| (record.id, record.source)).collect())
}

/// There is no source yet. Once the queue has them all it is emptied, and nobody will ever tell of these objects.
async fn lose_all_notifications(world: &World, count: u64) -> Result<()> {
    until("all notifications in the queue", Duration::from_mins(1), async || {
        let backlog = world.sqs.backlog(&world.queue_url).await?;
        Ok(Look::holds(backlog.waiting == count, format!("{backlog:?}")))
    })
    .await?;
    world.sqs.purge(&world.queue_url).await
}

#[tokio::test]
async fn a_replay_after_a_mended_model_empties_failures_and_the_errors_bucket() -> Result<()> {
    world::run("replay", async |world| {
        let mut source = world.ingest_source(Form::Nitf);
        source["spec"]["raw"]["suffixes"] = json!([".json"]);
        let fields = |required: bool| {
            json!({"format": "Json", "record": "$", "fields": [
                {"name": "guid", "path": ["id"], "required": true},
                {"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true},
                {"name": "desk", "path": ["desk"], "required": required}]})
        };
        source["spec"]["conversion"] = fields(true);
        world.apply(&source).await?;
        for number in 0..10 {
            let desk = if number < 6 { "" } else { r#", "desk": "front""# };
            let line = format!(r#"{{"id": "a{number}", "sent": "2026-01-03T00:00:00Z"{desk}}}"#);
            world.s3.put(&world.raw_bucket(), &format!("wire/{number}.json"), line.into()).await?;
        }
        world.counted(4, 6).await?;
        world.no_workers().await?;
        let before = ingest_runs::complete(world, "before", json!({"mode": "Replay"})).await?;
        ensure!(
            before.status["failed"] == 6 && before.details["reasons"] == json!({"MissingField": 6}),
            "{before:?}"
        );

        source["spec"]["conversion"] = fields(false);
        world.apply(&source).await?;
        let select = json!({"failed": {"reasons": ["MissingField"]}});
        let after =
            ingest_runs::complete(world, "after", json!({"mode": "Replay", "select": select})).await?;
        ensure!(after.status["done"] == 6 && after.status["failed"] == 0, "{}", after.status);
        world.counted(10, 0).await?;
        let left = world.s3.list(&world.errors_bucket()).await?;
        ensure!(left.is_empty(), "left in the errors bucket: {left:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_source_without_a_queue_is_listed_again_and_again() -> Result<()> {
    world::run("poll", async |world| {
        let first = Corpus::generated(&world.name, Form::Nitf, 40, 0);
        world.put(&first).await?;
        world.apply(&polled(world, Form::Nitf)).await?;
        world.counted(40, 0).await?;
        let all = Corpus::generated(&world.name, Form::Nitf, 60, 0);
        let later = all.objects.iter().filter(|(key, _)| !first.objects.contains_key(*key));
        let later: Vec<_> = later.map(|(key, bytes)| (key.clone(), bytes.clone())).collect();
        world.s3.put_all(&world.raw_bucket(), later).await?;
        world.counted(60, 0).await?;
        world.audit_all(&all).await?;
        one_run_at_a_time_and_a_short_history(world).await
    })
    .await
}

/// Waits until a listing is over that begins from now on.
async fn another_listing(world: &World) -> Result<()> {
    let known = names(&runs(world).await?);
    until("another listing", SOON, async || {
        let runs = runs(world).await?;
        let complete = names(runs.iter().filter(|run| run["status"]["phase"] == "Complete"));
        Ok(Look::holds(!complete.is_subset(&known), format!("{complete:?}")))
    })
    .await
}

/// Over two more listings, so that there are more than the history keeps.
async fn one_run_at_a_time_and_a_short_history(world: &World) -> Result<()> {
    let mut seen = names(&runs(world).await?);
    let enough = (seen.len() + 2).max(4);
    let open = until("two more listings", SOON, async || {
        let runs = runs(world).await?;
        seen.extend(names(&runs));
        let open = runs.iter().filter(|run| run["status"]["completionTime"].is_null()).count();
        let is_over = open > 1 || open == 0 && seen.len() >= enough;
        Ok(if is_over { Look::Done(open) } else { Look::NotYet(format!("{open} open of {seen:?}")) })
    })
    .await?;
    ensure!(open <= 1, "{open} runs at a time");
    let patch = r#"{"spec":{"suspend":true}}"#;
    let patched = ["patch", "isrc", SOURCE, "-n", &world.name, "--type=merge", "--patch", patch];
    world.cluster.kubectl(&patched).await?;
    until("three complete runs in the history", Duration::from_mins(1), async || {
        let runs = runs(world).await?;
        let complete = runs.iter().filter(|run| run["status"]["phase"] == "Complete").count();
        Ok(Look::holds(runs.len() == 3 && complete == 3, format!("{complete} of {} complete", runs.len())))
    })
    .await
}

async fn runs(world: &World) -> Result<Vec<Value>> {
    let get = ["get", "irun", "-n", &world.name, "-l", "docmill.io/trigger=poll", "-o", "json"];
    let list: Value = serde_json::from_str(&world.cluster.kubectl(&get).await?)?;
    Ok(list["items"].as_array().context("a list of runs")?.clone())
}

fn names<'a>(runs: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    runs.into_iter().filter_map(|run| run["metadata"]["name"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_run_of_a_missing_source_says_so_and_begins_when_there_is_one() -> Result<()> {
    world::run("early", async |world| {
        let run = json!({"apiVersion": "docmill.io/v1beta1", "kind": "IngestRun", "metadata": {"name": "early"},
            "spec": {"sourceRef": {"name": SOURCE}, "mode": "Process"}});
        world.apply(&run).await?;
        let condition = "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=SourceNotFound";
        world.cluster.kubectl(&["wait", condition, "irun/early", "-n", &world.name, "--timeout=30s"]).await?;
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        let wait = ["wait", "--for=condition=Complete", "irun/early", "-n", &world.name, "--timeout=120s"];
        world.cluster.kubectl(&wait).await.map(drop)
    })
    .await
}

/// The run that is suspended.
const RUN: &str = "rests";
/// Within how long a change of a run has its effect.
const SOON: Duration = Duration::from_mins(1);
/// How long nothing may happen.
const REST: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_run_rests_while_it_is_suspended_and_is_given_more_pods_while_it_works() -> Result<()> {
    world::run("rests", async |world| {
        // Units wait for the index, so that the run works for as long as it has to here.
        let index = format!("articles-{}-2026.01", world.name);
        world.articles.expect(Method::PUT, &index, None).await?;
        block_writes(world, &index, true).await?;
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("True", ""), SOON).await?;
        world.lose_notifications().await?;
        // Two files, for two pods.
        let corpus = Corpus::generated(&world.name, Form::Nitf, 1020, 0);
        world.put(&corpus).await?;

        ingest_runs::create(world, RUN, json!({"mode": "Process", "suspend": true})).await?;
        rests(world).await?;
        let jobs = ["get", "jobs", "--namespace", &world.name, "--output", "name"];
        let jobs = world.cluster.kubectl(&jobs).await?;
        ensure!(jobs.is_empty(), "a run that is suspended from the start has {jobs}");

        ingest_runs::patch(world, RUN, &json!({"suspend": false})).await?;
        works_with(world, 1).await?;
        ingest_runs::patch(world, RUN, &json!({"parallelism": 2})).await?;
        works_with(world, 2).await?;
        ingest_runs::patch(world, RUN, &json!({"suspend": true})).await?;
        rests(world).await?;

        ingest_runs::patch(world, RUN, &json!({"suspend": false, "parallelism": 1})).await?;
        world.condition((Kind::IngestRun, RUN), "Suspended", ("False", "Resumed"), SOON).await?;
        works_with(world, 1).await?;
        block_writes(world, &index, false).await?;
        let run = ingest_runs::ended(world, RUN).await?;
        ensure!(run.status["done"] == corpus.sound() && run.status["failed"] == 0, "{}", run.status);
        world.no_workers().await?;
        world.audit_all(&corpus).await?;

        ingest_runs::patch(world, RUN, &json!({"ttlSecondsAfterFinished": 0})).await?;
        let gone = ["wait", "--for=delete", "irun/rests", "--namespace", &world.name, "--timeout=60s"];
        world.cluster.kubectl(&gone).await.map(drop)
    })
    .await
}

/// As an operator of Elasticsearch does it before maintenance.
async fn block_writes(world: &World, index: &str, blocked: bool) -> Result<()> {
    let settings = json!({"index.blocks.write": blocked});
    world.articles.expect(Method::PUT, &format!("{index}/_settings"), Some(settings)).await.map(drop)
}

/// The run says that it is suspended, its pods go, and none come.
async fn rests(world: &World) -> Result<()> {
    let run = (Kind::IngestRun, RUN);
    world.condition(run, "Suspended", ("True", "Suspended"), SOON).await?;
    world.condition(run, "Progressing", ("False", "Suspended"), SOON).await?;
    let run = world.cluster.get(Kind::IngestRun, &world.name, RUN).await?;
    ensure!(run["status"]["phase"] == "Suspended", "{}", run["status"]);
    world.no_workers().await?;
    throughout(REST, async || {
        let pods = live_pods(world, WORKERS).await?;
        ensure!(pods == 0, "{pods} pods of a suspended run");
        Ok(())
    })
    .await
}

/// So many pods work on the selected units.
async fn works_with(world: &World, pods: usize) -> Result<()> {
    let selector = format!("batch.kubernetes.io/job-name={RUN}-work");
    until(&format!("{pods} pods at work"), SOON, async || {
        let run = world.cluster.get(Kind::IngestRun, &world.name, RUN).await?;
        let (phase, live) = (&run["status"]["phase"], live_pods(world, &selector).await?);
        Ok(Look::holds(phase == "Running" && live == pods, format!("{live} pods, and {}", run["status"])))
    })
    .await
}

async fn live_pods(world: &World, selector: &str) -> Result<usize> {
    Ok(world.cluster.pods(&world.name, selector).await?.iter().filter(|pod| is_live(pod)).count())
}
