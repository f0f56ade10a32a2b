//! Schedules make runs at their times, by their policy, and have them with them when they go.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use e2e::{resources, table};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

const ARTICLES: usize = 10;
/// How long a time of the schedule and the pass for it may take to come.
const MINUTE: Duration = Duration::from_secs(80);
/// How long a run may take to be made, in seconds.
const LATE: i64 = 15;
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn runs_are_made_at_their_times_and_as_the_policy_says() -> Result<()> {
    world::run("schedule", async |world| {
        let corpus = Corpus::generated(&world.name, Form::NewsMlG2, ARTICLES, 0);
        world.apply(&world.ingest_source(Form::NewsMlG2)).await?;
        world.put(&corpus).await?;
        for (name, changes) in [
            ("minutely", json!({"successfulRunsHistoryLimit": 5})),
            ("stuck", nowhere("Forbid")),
            ("replaced", nowhere("Replace")),
            ("suspended", json!({"suspend": true})),
        ] {
            world.apply(&schedule(world, name, &changes)).await?;
        }
        world.apply(&resources::ingest_schedule("audit")).await?;
        world.counted(ARTICLES, 0).await?;

        let first = made(world, "minutely", 1).await?;
        is_of_its_time(&first[0], ("EnrichmentSchedule", "minutely"))?;
        is_soon_after_it(&first[0])?;
        let stuck = names(&made(world, "stuck", 1).await?);
        let replaced = names(&made(world, "replaced", 1).await?);
        shows_what_a_user_looks_for(world).await?;

        // Another minute.
        let runs = made(world, "minutely", 2).await?;
        is_of_its_time(&runs[1], ("EnrichmentSchedule", "minutely"))?;
        until("every article enriched, by both runs together", MINUTE, async || {
            let enriched = world.enriched.count(&world.enriched_pattern()).await?;
            Ok(Look::holds(enriched == ARTICLES as u64, format!("{enriched} are enriched")))
        })
        .await?;
        another_takes_the_place_of(world, &replaced[0]).await?;
        waits(world, &stuck).await?;
        ensure!(runs_of(world, "suspended").await?.is_empty(), "a suspended schedule made a run");
        audits(world).await?;

        stops_when_suspended(world).await?;
        takes_its_runs_with_it(world).await
    })
    .await
}

/// A policy for runs that never come to an end, since their source is missing.
fn nowhere(policy: &str) -> Value {
    json!({"concurrencyPolicy": policy, "source": "nowhere"})
}

fn schedule(world: &World, name: &str, changes: &Value) -> Value {
    let mut schedule = resources::enrichment_schedule(&world.env, &world.name, name);
    for (field, value) in changes.as_object().into_iter().flatten() {
        match field.as_str() {
            "source" => schedule["spec"]["runTemplate"]["spec"]["from"]["sourceRef"]["name"] = value.clone(),
            _ => schedule["spec"][field] = value.clone(),
        }
    }
    schedule
}

/// The runs of a schedule, oldest first.
async fn runs_of(world: &World, schedule: &str) -> Result<Vec<Value>> {
    let label = format!("docmill.io/schedule={schedule}");
    let get = ["get", "irun,erun", "--namespace", &world.name, "--selector", &label, "--output", "json"];
    let list: Value = serde_json::from_str(&world.cluster.kubectl(&get).await?)?;
    let mut runs = list["items"].as_array().cloned().context("no list")?;
    runs.sort_by_key(|run| time(&run["metadata"]["annotations"]["docmill.io/scheduled-time"]).ok());
    Ok(runs)
}

/// Waits until a schedule has made so many runs.
async fn made(world: &World, schedule: &str, count: usize) -> Result<Vec<Value>> {
    until(&format!("{count} runs of {schedule}"), MINUTE, async || {
        let runs = runs_of(world, schedule).await?;
        let seen = format!("{:?}", names(&runs));
        Ok(if runs.len() >= count { Look::Done(runs) } else { Look::NotYet(seen) })
    })
    .await
}

fn names(runs: &[Value]) -> Vec<String> {
    runs.iter().map(|run| run["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

fn time(value: &Value) -> Result<Timestamp> {
    Ok(value.as_str().context("no time")?.parse()?)
}

/// For a full minute that is in its name, and owned.
fn is_of_its_time(run: &Value, (kind, schedule): (&str, &str)) -> Result<()> {
    let metadata = &run["metadata"];
    let scheduled = scheduled(run)?;
    ensure!(scheduled % 60 == 0, "for {scheduled}");
    ensure!(metadata["name"] == format!("{schedule}-{}", scheduled / 60), "{metadata}");
    let owner = &metadata["ownerReferences"][0];
    ensure!(owner["kind"] == kind && owner["name"] == schedule, "{owner}");
    Ok(())
}

/// Nothing was in the way of the first one.
fn is_soon_after_it(run: &Value) -> Result<()> {
    let late = time(&run["metadata"]["creationTimestamp"])?.as_second() - scheduled(run)?;
    ensure!((0..=LATE).contains(&late), "made {late} s after its time");
    Ok(())
}

/// The time that a run was made for, in seconds since 1970.
fn scheduled(run: &Value) -> Result<i64> {
    Ok(time(&run["metadata"]["annotations"]["docmill.io/scheduled-time"])?.as_second())
}

async fn shows_what_a_user_looks_for(world: &World) -> Result<()> {
    until("a row for each schedule with its columns", SOON, async || {
        let text = world.cluster.kubectl(&["get", "esched", "--namespace", &world.name]).await?;
        let rows = table::rows(&text)?;
        let cell = |name: &str, column: &str| {
            let row = rows.iter().find(|row| row.get("NAME").is_some_and(|found| found == name));
            row.and_then(|row| row.get(column)).cloned().unwrap_or_default()
        };
        let works = cell("minutely", "SCHEDULE") == "* * * * *"
            && cell("minutely", "TIMEZONE") == "UTC"
            && cell("minutely", "SUSPEND") == "false"
            && !cell("minutely", "LAST-SCHEDULE").is_empty()
            && cell("minutely", "NEXT").ends_with(":00Z")
            && cell("stuck", "ACTIVE") == "1";
        let rests = cell("suspended", "SUSPEND") == "true"
            && cell("suspended", "ACTIVE") == "0"
            && cell("suspended", "NEXT").is_empty()
            && cell("suspended", "LAST-SCHEDULE").is_empty();
        Ok(Look::holds(works && rests, text.clone()))
    })
    .await
}

async fn another_takes_the_place_of(world: &World, old: &str) -> Result<()> {
    until("another run in place of the one that was at work", MINUTE, async || {
        let names = names(&runs_of(world, "replaced").await?);
        let holds = names.len() == 1 && names[0] != old;
        Ok(Look::holds(holds, format!("{names:?}")))
    })
    .await
}

/// The one run stays alone, and the schedule says what it waits for.
async fn waits(world: &World, runs: &[String]) -> Result<()> {
    world.condition((Kind::EnrichmentSchedule, "stuck"), "Ready", ("True", "AlreadyActive"), MINUTE).await?;
    let now = names(&runs_of(world, "stuck").await?);
    ensure!(now == runs, "{now:?} in place of {runs:?}");
    until("an Event that says so", SOON, async || {
        let events =
            world.cluster.kubectl(&["events", "--namespace", &world.name, "--for", "esched/stuck"]).await?;
        Ok(Look::holds(events.contains("AlreadyActive"), events))
    })
    .await
}

/// A schedule of ingest runs makes audits, and knows when one was complete.
async fn audits(world: &World) -> Result<()> {
    let runs = made(world, "audit", 1).await?;
    is_of_its_time(&runs[0], ("IngestSchedule", "audit"))?;
    ensure!(runs[0]["kind"] == "IngestRun" && runs[0]["spec"]["mode"] == "Audit", "{}", runs[0]);
    until("a complete audit in the status of its schedule", MINUTE, async || {
        let schedule = world.cluster.get(Kind::IngestSchedule, &world.name, "audit").await?;
        let status = &schedule["status"];
        Ok(Look::holds(status["lastSuccessfulTime"].is_string(), status.to_string()))
    })
    .await
}

async fn stops_when_suspended(world: &World) -> Result<()> {
    let patch = ["patch", "esched", "minutely", "--namespace", &world.name, "--type=merge", "--patch"];
    world.cluster.kubectl(&[&patch[..], &[r#"{"spec":{"suspend":true}}"#]].concat()).await?;
    world.condition((Kind::EnrichmentSchedule, "minutely"), "Ready", ("True", "Suspended"), SOON).await?;
    let schedule = world.cluster.get(Kind::EnrichmentSchedule, &world.name, "minutely").await?;
    ensure!(schedule["status"]["nextScheduleTime"].is_null(), "a next time: {}", schedule["status"]);
    ensure!(schedule["status"]["lastScheduleTime"].is_string(), "no last time: {}", schedule["status"]);
    Ok(())
}

async fn takes_its_runs_with_it(world: &World) -> Result<()> {
    let delete =
        ["delete", "esched", "stuck", "--namespace", &world.name, "--cascade=foreground", "--timeout=60s"];
    world.cluster.kubectl(&delete).await?;
    ensure!(runs_of(world, "stuck").await?.is_empty(), "runs of a schedule that is gone");
    Ok(())
}
