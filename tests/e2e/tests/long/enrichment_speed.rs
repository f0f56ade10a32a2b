//! How fast a worker of an enrichment is, held against a bare loop that asks the same model for the same documents.
//!
//! Both come to the model by the same proxy. A worker's speed is told twice: from its first call of the model to its
//! end, and with its start, in which it reads what there is and prepares the target.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::faults::{Action, Answer, Rule};
use e2e::rig::enrichment::model::Model;
use e2e::rig::enrichment::{self, BATCH, DONE, Enrichable, EnrichmentRig, IN_FLIGHT};
use e2e::rig::{REACHED, is_small};
use serde_json::{Value, json};

const ARTICLES: usize = 2000;
/// In percent: times on a machine that does other things too are no good for a narrower bound.
const LEAST_RATIO: u128 = 50;

/// The best of so many is taken, of both, as others use the machine too.
const ROUNDS: usize = 3;

/// How often the first call is looked for.
const CLOSELY: Duration = Duration::from_millis(5);

/// What it took.
#[derive(Clone, Copy)]
struct Took {
    alone: Duration,
    from_first_call: Duration,
    in_all: Duration,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_is_nearly_as_fast_as_a_bare_loop_of_calls() -> Result<()> {
    enrichment::run("speed", ARTICLES, 0, async |rig| {
        let calls = rig.models_proxy.count(rig.calls());
        best_of(rig, &calls).await?.is_fast()?;
        rig.judge().await
    })
    .await
}

/// The real model shares this machine with the worker and the clusters; this one takes time and no processor.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_waits_for_nothing_but_the_model() -> Result<()> {
    with_replies_after(Duration::from_millis(100)).await?.is_fast()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn with_a_model_that_answers_at_once_the_rest_is_the_bound() -> Result<()> {
    with_replies_after(Duration::ZERO).await.map(drop)
}

/// With something in the model's place that answers after this time.
async fn with_replies_after(time: Duration) -> Result<Took> {
    let mut best = None;
    enrichment::run(&format!("after{}", time.as_millis()), ARTICLES, 0, async |rig| {
        let calls = rig.models_proxy.count(rig.calls());
        rig.models_proxy.rule(rig.calls(), Action::Reply(time, sized));
        best = Some(best_of(rig, &calls).await?);
        let stored = rig.target.count(&rig.copies_pattern()).await?;
        ensure!(stored == ARTICLES as u64, "{stored} copies of {ARTICLES} articles");
        Ok(())
    })
    .await?;
    best.context("nothing was measured")
}

/// In turn the bare loop and a worker, each of which has everything to do. `calls` counts those of both.
async fn best_of(rig: &EnrichmentRig, calls: &Rule) -> Result<Took> {
    let mut best: Option<Took> = None;
    for _ in 0..ROUNDS {
        rig.forget().await?;
        let alone = bare(rig).await?;
        let took = measured(rig, calls, alone).await?;
        let least = best.unwrap_or(took);
        best = Some(Took {
            alone: took.alone.min(least.alone),
            from_first_call: took.from_first_call.min(least.from_first_call),
            in_all: took.in_all.min(least.in_all),
        });
    }
    let best = best.context("no round")?;
    println!("the best of {ROUNDS} rounds:");
    best.tell();
    Ok(best)
}

impl Took {
    fn is_fast(&self) -> Result<()> {
        let ratio = self.alone.as_millis() * 100 / self.from_first_call.as_millis();
        println!("a worker has {ratio} % of the speed of a bare loop");
        ensure!(ratio >= LEAST_RATIO, "a worker has only {ratio} % of the speed of a bare loop");
        Ok(())
    }

    fn tell(&self) {
        for (who, took) in [
            ("the model alone", self.alone),
            ("a worker, from its first call", self.from_first_call),
            ("a worker, with its start", self.in_all),
        ] {
            let speed = ARTICLES as u128 * 1000 / took.as_millis().max(1);
            println!("  {who}: {speed} documents a second ({:.2} s)", took.as_secs_f64());
        }
    }
}

/// The bare loop.
async fn bare(rig: &EnrichmentRig) -> Result<Duration> {
    let model = Model::new(&rig.models_proxy.url(), "sentiment");
    let texts: Vec<String> = rig.articles.iter().map(Enrichable::text).collect();
    let began = Instant::now();
    model.ask_all(&texts, BATCH, IN_FLIGHT).await?;
    Ok(began.elapsed())
}

/// A worker that has no proxy before its clusters.
async fn measured(rig: &EnrichmentRig, calls: &Rule, alone: Duration) -> Result<Took> {
    let (from, to) = (&rig.env.es_raw.outside, &rig.env.es_enriched.outside);
    let (began, before) = (Instant::now(), calls.hits());
    let mut worker = rig.worker_for("worker", &rig.order_by(from, to, &rig.models_proxy.url()))?;
    let first_call = async {
        while calls.hits() == before {
            tokio::time::sleep(CLOSELY).await;
        }
    };
    tokio::time::timeout(REACHED, first_call).await.context("the worker calls no model")?;
    let called = Instant::now();
    let (peak_kibibytes, status) = worker.watched_until_its_end(DONE).await?;
    ensure!(status.success(), "the worker ended with {status}");
    is_small(peak_kibibytes)?;
    let took = Took { alone, from_first_call: called.elapsed(), in_all: began.elapsed() };
    took.tell();
    println!("  {peak_kibibytes} KiB at most");
    Ok(took)
}

/// The answer of the model to as many texts as there are in a request, without a look at them.
fn sized(request: &[u8]) -> Answer {
    let request: Value = serde_json::from_slice(request).unwrap_or_default();
    let rows = request.pointer("/inputs/0/data").and_then(Value::as_array).map_or(0, Vec::len);
    let tensor = |name: &str, datatype: &str, value: Value| json!({"name": name, "shape": [rows, 1], "datatype": datatype, "data": vec![value; rows]});
    Answer::json(
        200,
        &json!({
            "model_name": "sentiment", "model_version": "v1", "id": request["id"],
            "outputs": [tensor("compound", "FP32", json!(0.5)), tensor("lang", "BYTES", json!("en"))],
        }),
    )
}
