//! The model server itself is gone for a minute in the middle of a run.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::enrichments::{Outcome, answered};
use e2e::resources;
use e2e::testbed::keep_down;
use e2e::wait::{Look, until};
use e2e::world::{self, World, find_condition, number};
use serde_json::{Value, json};

const ARTICLES: usize = 640;
const BATCH: usize = 16;
/// Requests that are on their way at the most.
const IN_FLIGHT: i64 = 4;
/// So that the run is at work for a while.
const CALLS_A_SECOND: u32 = 3;
/// How long a run may take to get its first articles done.
const BEGUN: Duration = Duration::from_mins(1);

/// It is killed as soon as it starts again, for a minute.
#[tokio::test]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_minute_without_the_model_server_is_told_and_fails_no_article() -> Result<()> {
    world::run_alone("no-model", async |world| {
        world.ingest(Form::Nitf, ARTICLES).await?;
        let mut run = resources::enrichment_run(&world.env, &world.name, "outage");
        run["spec"]["parallelism"] = 2.into();
        run["spec"]["enrichers"] = json!([resources::tone(&world.env, "v1")]);
        run["spec"]["enrichers"][0]["batchSize"] = BATCH.into();
        run["spec"]["enrichers"][0]["maxInFlight"] = IN_FLIGHT.into();
        run["spec"]["enrichers"][0]["requestsPerSecond"] = CALLS_A_SECOND.into();
        world.apply(&run).await?;
        let done_before = under_way(world).await?;

        let (told, gone) = tokio::join!(
            world.run_says("outage", "Throttled", "Model"),
            keep_down("models", Duration::from_mins(1)),
        );
        gone?;
        println!("{}", find_condition(&told?, "Throttled")["message"]);

        let ended = world.enriched_by("outage").await?;
        let all = i64::try_from(ARTICLES)?;
        let outcome = Outcome::of(&ended)?;
        println!("{outcome:?}, {done_before} of them before");
        ensure!((outcome.selected, outcome.done, outcome.failed) == (all, all, 0), "{outcome:?}");
        ensure!(find_condition(&ended, "Throttled") == Value::Null, "{}", ended["status"]);
        let copies = world.enriched.all(&world.enriched_pattern()).await?;
        let whole = copies.iter().filter(|copy| copy.source["tone"].is_number()).count();
        ensure!(
            (copies.len(), whole) == (ARTICLES, ARTICLES),
            "{whole} of {} copies are whole",
            copies.len()
        );
        // A server that starts counts from nothing: what was done before it was killed was not asked for again.
        let calls = i64::try_from(answered(&world.env, "tone", "v1").await?)?;
        let batches = i64::try_from(ARTICLES.div_ceil(BATCH))?;
        let least = batches - i64::try_from(done_before / BATCH)?;
        // The last request of each slice may not be full.
        let slices = number(&ended, "/status/slices")?;
        ensure!(calls <= least + slices, "{calls} calls of the new server, {least} and one a slice would do");
        // A request that nobody took is none.
        let most = batches + slices + IN_FLIGHT;
        ensure!(outcome.calls <= most, "{} calls where {most} would do", outcome.calls);
        Ok(())
    })
    .await
}

/// How many articles are done, as soon as any is.
async fn under_way(world: &World) -> Result<usize> {
    let done = until("articles that are enriched", BEGUN, async || {
        let run = world.cluster.get(Kind::EnrichmentRun, &world.name, "outage").await?;
        let done = number(&run, "/status/done").unwrap_or(0);
        Ok(if done > 0 { Look::Done(done) } else { Look::NotYet(run["status"].to_string()) })
    })
    .await?;
    let done = usize::try_from(done)?;
    ensure!(done < ARTICLES, "all were done before the outage");
    Ok(done)
}
