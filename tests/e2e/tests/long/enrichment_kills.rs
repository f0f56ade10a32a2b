//! A worker of an enrichment is killed with SIGKILL around each of its side effects; another one finishes, and the judge
//! finds nothing that is lost, doubled or wrong. What had to be asked of the model again is no more than was on its way.

use anyhow::{Context as _, Result, ensure};
use e2e::cases::{Case, case, side_by_side};
use e2e::faults::{Held, Match, Proxy, Rule};
use e2e::rig::REACHED;
use e2e::rig::enrichment::{self, BATCH, EnrichmentRig, IN_FLIGHT, finished};

use crate::kill_matrix::Moment;

const ARTICLES: usize = 600;
/// Every so many articles the target refuses one, so that records of failures take part.
const REFUSED_EVERY: usize = 50;
/// Documents that are stored together at the most.
const BULK: usize = 256;
/// Requests that are answered and wait while such a bulk is on its way.
const WAITING: usize = 8;

/// One request of a worker, by which something changes or is learned.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    /// Which of these requests it is, from 1: the first of some would be before anything has happened.
    number: usize,
    proxy: fn(&EnrichmentRig) -> &Proxy,
    request: fn(&EnrichmentRig) -> Match,
}

const STEPS: [Step; 8] = [
    Step { name: "view", number: 1, proxy: |rig| &rig.source_proxy, request: EnrichmentRig::views },
    Step { name: "page", number: 3, proxy: |rig| &rig.source_proxy, request: EnrichmentRig::pages },
    Step { name: "lookup", number: 3, proxy: |rig| &rig.target_proxy, request: EnrichmentRig::lookups },
    Step { name: "call", number: 20, proxy: |rig| &rig.models_proxy, request: EnrichmentRig::calls },
    Step { name: "copies", number: 2, proxy: |rig| &rig.target_proxy, request: EnrichmentRig::copy_bulks },
    Step {
        name: "failures",
        number: 2,
        proxy: |rig| &rig.target_proxy,
        request: EnrichmentRig::failure_bulks,
    },
    Step { name: "slice", number: 1, proxy: |rig| &rig.target_proxy, request: EnrichmentRig::slice_writes },
    Step {
        name: "end",
        number: 1,
        proxy: |rig| &rig.target_proxy,
        request: |rig| rig.slice_writes().body("\"finished\":true"),
    },
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_that_is_killed_around_any_side_effect_loses_nothing_and_asks_little_again() -> Result<()> {
    // The model answers one request after the other: with more cases at a time it would not be ready for any.
    for step in STEPS {
        side_by_side(Moment::ALL.map(|moment| killed_at(step, moment)).into()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn two_workers_on_the_same_slice_do_no_harm() -> Result<()> {
    enrichment::run("twice", ARTICLES, REFUSED_EVERY, async |rig| {
        let calls = rig.models_proxy.count(rig.calls());
        let (one, other) = (rig.worker("one")?, rig.worker("other")?);
        tokio::try_join!(finished(one), finished(other))?;
        rig.judge().await?;
        ensure!(calls.hits() <= 2 * rig.batches() + 2, "{} calls by two workers", calls.hits());
        println!("two workers on a slice of {ARTICLES}: {} calls, {} would do", calls.hits(), rig.batches());
        Ok(())
    })
    .await
}

fn killed_at(step: Step, moment: Moment) -> Case<'static> {
    let name = format!("{}-{}", step.name, moment.name());
    case(name.clone(), async move {
        enrichment::run(&name, ARTICLES, REFUSED_EVERY, async |rig| {
            let calls = rig.models_proxy.count(rig.calls());
            let held = kill_at(rig, step, moment).await?;
            let asked_before = calls.hits();
            let late = match moment {
                Moment::Late => Some(held),
                Moment::Before | Moment::After => {
                    held.drop_it();
                    None
                }
            };
            rig.finish().await?;
            if let Some(late) = late {
                late.go();
                rig.settle().await;
            }
            println!("{name}: {asked_before} calls before the kill, {} in all", calls.hits());
            is_little_more_than_once(rig, &calls)?;
            rig.judge().await
        })
        .await
    })
}

/// Starts a worker, lets it get to the step, and kills it there.
async fn kill_at(rig: &EnrichmentRig, step: Step, moment: Moment) -> Result<Held> {
    let gate = (step.proxy)(rig).hold(step.number, (step.request)(rig), moment.point());
    let victim = rig.worker("victim")?;
    let never = || format!("the worker never came to: {} {}", step.name, step.number);
    for _ in 1..step.number {
        gate.next(REACHED).await.with_context(never)?.go();
    }
    let held = gate.next(REACHED).await.with_context(never)?;
    victim.kill()?;
    Ok(held)
}

/// What is asked again: what was on its way to the model or into the target, what waited for that, and what the target
/// refuses, of which no result is kept. The last request of a worker may not be full.
fn is_little_more_than_once(rig: &EnrichmentRig, calls: &Rule) -> Result<()> {
    let refused = (ARTICLES / REFUSED_EVERY).div_ceil(BATCH);
    let most = rig.batches() + IN_FLIGHT + BULK / BATCH + WAITING + refused + 1;
    ensure!(calls.hits() <= most, "{} calls where {most} would do", calls.hits());
    Ok(())
}
