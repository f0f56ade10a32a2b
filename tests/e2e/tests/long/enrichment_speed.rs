//! How fast a worker of an enrichment is, held against a bare loop that asks the same model for the same documents.
//!
//! Both come to the model by the same proxy. A worker's speed is told twice: from its first call of the model to its
//! end, and with its start, in which it reads what there is and prepares the target.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::faults::{Action, Answer, Point};
use e2e::rig::enrichment::model::Model;
use e2e::rig::enrichment::{self, BATCH, DONE, Enrichable, EnrichmentRig, IN_FLIGHT};
use e2e::rig::{REACHED, is_small};
use serde_json::{Value, json};

const ARTICLES: usize = 2000;
/// In percent: times on a machine that does other things too are no good for a narrower bound.
const LEAST_RATIO: u128 = 50;

/// What it took.
struct Took {
    from_first_call: Duration,
    in_all: Duration,
    peak_kibibytes: u64,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_is_nearly_as_fast_as_a_bare_loop_of_calls() -> Result<()> {
    enrichment::run("speed", ARTICLES, 0, async |rig| {
        let before = bare(rig).await?;
        let worker = measured(rig).await?;
        let after = bare(rig).await?;
        told("the model alone, before", before);
        told("the model alone, after", after);
        let alone = before.min(after);
        told("a worker, from its first call", worker.from_first_call);
        told("a worker, with its start", worker.in_all);
        let ratio = alone.as_millis() * 100 / worker.from_first_call.as_millis();
        println!("ratio {ratio} %, {} KiB at most", worker.peak_kibibytes);
        is_small(worker.peak_kibibytes)?;
        ensure!(ratio >= LEAST_RATIO, "a worker has {ratio} % of the speed of a bare loop");
        rig.judge().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn with_a_model_that_answers_at_once_the_stores_are_the_bound() -> Result<()> {
    enrichment::run("ceiling", ARTICLES, 0, async |rig| {
        rig.models_proxy.rule(rig.calls(), Action::Reply(at_once));
        let alone = bare(rig).await?;
        let worker = measured(rig).await?;
        told("a model that answers at once, alone", alone);
        told("a worker, from its first call", worker.from_first_call);
        told("a worker, with its start", worker.in_all);
        println!("{} KiB at most", worker.peak_kibibytes);
        is_small(worker.peak_kibibytes)?;
        let stored = rig.target.count(&rig.copies_pattern()).await?;
        ensure!(stored == ARTICLES as u64, "{stored} copies of {ARTICLES} articles");
        Ok(())
    })
    .await
}

fn told(who: &str, took: Duration) {
    let speed = ARTICLES as u128 * 1000 / took.as_millis().max(1);
    println!("{who}: {speed} documents a second ({:.2} s)", took.as_secs_f64());
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
async fn measured(rig: &EnrichmentRig) -> Result<Took> {
    let first = rig.models_proxy.hold(1, rig.calls(), Point::Before);
    let (from, to) = (&rig.env.es_raw.outside, &rig.env.es_enriched.outside);
    let began = Instant::now();
    let mut worker = rig.worker_for("worker", &rig.order_by(from, to, &rig.models_proxy.url()))?;
    let held = first.next(REACHED).await?;
    let called = Instant::now();
    held.go();
    let (peak_kibibytes, status) = worker.watched_until_its_end(DONE).await?;
    ensure!(status.success(), "the worker ended with {status}");
    Ok(Took { from_first_call: called.elapsed(), in_all: began.elapsed(), peak_kibibytes })
}

/// The answer of the model to as many texts as there are in a request, without a look at them.
fn at_once(request: &[u8]) -> Answer {
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
