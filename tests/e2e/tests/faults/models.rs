//! A real model and its clusters that are busy, slow, gone or in doubt: no article fails by it, no result is wrong or
//! another article's, and the model is asked for no more than the fault explains.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::cases::{Case, case, side_by_side};
use e2e::faults::{Action, Answer, Point, Rule, Throttled};
use e2e::rig::RECOVERED;
use e2e::rig::enrichment::{self, BATCH, Enrichable, EnrichmentRig, finished};
use reqwest::Method;
use serde_json::{Value, json};

/// Eight full requests.
const ARTICLES: usize = 8 * BATCH;
/// How long an outage lasts.
const OUTAGE: Duration = Duration::from_secs(10);
/// How long a slow model takes, which is longer than [`PATIENCE_SECONDS`].
const SLOW: Duration = Duration::from_secs(20);
const PATIENCE_SECONDS: u64 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_in_any_way_fails_no_article() -> Result<()> {
    side_by_side(vec![
        during("busy", the_model_is_busy),
        during("error", the_model_fails),
        during("broken-off", answers_break_off),
        during("garbage", answers_are_garbage),
        during("number", answers_have_another_number_of_results),
        during("astray", the_answer_to_another_request_comes),
        during("slow", the_model_is_slow),
        during("gone", the_model_is_gone),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_that_push_back_or_forget_fail_no_article() -> Result<()> {
    side_by_side(vec![
        during("throttled", half_of_the_copies_are_throttled),
        during("lost", answers_are_lost_after_copies_were_stored),
        during("view", the_view_of_the_source_is_lost),
        during("scroll", the_source_knows_no_points_in_time),
    ])
    .await
}

/// The fault does what it does, and in the end every article has its copy.
fn during(name: &'static str, fault: impl AsyncFn(&EnrichmentRig) -> Result<()> + 'static) -> Case<'static> {
    case(name, async move {
        enrichment::run(name, ARTICLES, 0, async |rig| {
            fault(rig).await?;
            rig.judge().await
        })
        .await
    })
}

/// Some of the first calls meet each fault, all others the model; each call in vain is made once more, and no other.
async fn calls_meet(rig: &EnrichmentRig, faults: Vec<Action>, times: usize) -> Result<()> {
    calls_meet_for(rig, faults, times, &rig.order()).await
}

async fn calls_meet_for(rig: &EnrichmentRig, faults: Vec<Action>, times: usize, order: &Value) -> Result<()> {
    let calls = rig.models_proxy.count(rig.calls());
    let rules: Vec<Rule> =
        faults.into_iter().map(|fault| rig.models_proxy.rule_for(times, rig.calls(), fault)).collect();
    rig.finish_for(order).await?;
    ensure!(rules.iter().all(|rule| rule.hits() == times), "not every fault was met");
    is(calls.hits(), rig.batches() + rules.len() * times)
}

fn is(calls: usize, expected: usize) -> Result<()> {
    ensure!(calls == expected, "{calls} calls of the model where {expected} were to be");
    Ok(())
}

async fn the_model_is_busy(rig: &EnrichmentRig) -> Result<()> {
    let busy = |status| Action::Answer(Answer::json(status, &json!({"error": "said by the test's proxy"})));
    let began = std::time::Instant::now();
    calls_meet(rig, vec![busy(429), busy(503)], 3).await?;
    ensure!(began.elapsed() > Duration::from_secs(1), "Retry-After was not heeded");
    Ok(())
}

async fn the_model_fails(rig: &EnrichmentRig) -> Result<()> {
    let error = Answer::json(500, &json!({"error": "said by the test's proxy"}));
    calls_meet(rig, vec![Action::Answer(error)], 4).await
}

async fn answers_break_off(rig: &EnrichmentRig) -> Result<()> {
    calls_meet(rig, vec![Action::Cut(0), Action::Cut(300), Action::Close, Action::LoseAnswer], 2).await
}

/// Two a fault, and no more than are on their way at once: a document is blamed for its second one.
async fn answers_are_garbage(rig: &EnrichmentRig) -> Result<()> {
    let half = r#"{"model_name": "sentiment", "model_version": "v1", "outputs": [{"name": "comp"#;
    let page = "<html><body>All is well</body></html>";
    calls_meet(rig, [half, page].map(|text| Action::Answer(Answer::text(200, text))).into(), 2).await
}

async fn answers_have_another_number_of_results(rig: &EnrichmentRig) -> Result<()> {
    calls_meet(rig, vec![Action::Edit(one_row_less), Action::Edit(one_row_more)], 2).await
}

fn one_row_less(answer: &mut Value) {
    for_each_tensor(answer, |rows| drop(rows.pop()));
}

fn one_row_more(answer: &mut Value) {
    for_each_tensor(answer, |rows| rows.extend(rows.last().cloned()));
}

/// Shape and data are changed together, so that an answer is sound by itself.
fn for_each_tensor(answer: &mut Value, change: impl Fn(&mut Vec<Value>)) {
    for tensor in answer["outputs"].as_array_mut().into_iter().flatten() {
        let rows = tensor["data"].as_array_mut().map_or(0, |rows| {
            change(rows);
            rows.len()
        });
        tensor["shape"] = json!([rows, 1]);
    }
}

/// As many results as were asked for, and sound ones, but for other texts.
async fn the_answer_to_another_request_comes(rig: &EnrichmentRig) -> Result<()> {
    let texts: Vec<String> = rig.articles.iter().rev().take(BATCH).map(Enrichable::text).collect();
    let other = rig.model.ask(&texts).await?;
    calls_meet(rig, vec![Action::Answer(Answer::json(200, &other))], 3).await
}

async fn the_model_is_slow(rig: &EnrichmentRig) -> Result<()> {
    let mut order = rig.order();
    order["enrichers"][0]["timeoutSeconds"] = PATIENCE_SECONDS.into();
    calls_meet_for(rig, vec![Action::Delay(SLOW)], 2, &order).await
}

async fn the_model_is_gone(rig: &EnrichmentRig) -> Result<()> {
    let calls = rig.models_proxy.count(rig.calls());
    let third = rig.models_proxy.hold(3, rig.calls(), Point::Before);
    let worker = rig.worker("worker")?;
    for _ in 0..2 {
        third.next(RECOVERED).await?.go();
    }
    third.next(RECOVERED).await?.drop_it();
    rig.models_proxy.shut();
    // What the proxy had read by then it still takes for a call.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = calls.hits();
    tokio::time::sleep(OUTAGE).await;
    ensure!(calls.hits() == before, "the proxy let calls through");
    rig.models_proxy.open();
    finished(worker).await?;
    // Those that were on their way when it went are made again.
    ensure!(calls.hits() <= rig.batches() + enrichment::IN_FLIGHT, "{} calls", calls.hits());
    Ok(())
}

async fn half_of_the_copies_are_throttled(rig: &EnrichmentRig) -> Result<()> {
    let seen = Throttled::default();
    let calls = rig.models_proxy.count(rig.calls());
    rig.target_proxy.rule(rig.copy_bulks(), Action::ThrottleItems(seen.clone()));
    rig.finish().await?;
    ensure!(seen.count() >= ARTICLES / 2, "only {} items were throttled", seen.count());
    ensure!(seen.sent_in_vain() == 0, "{} items were sent again that had been taken", seen.sent_in_vain());
    is(calls.hits(), rig.batches())
}

async fn answers_are_lost_after_copies_were_stored(rig: &EnrichmentRig) -> Result<()> {
    let calls = rig.models_proxy.count(rig.calls());
    let copies = rig.target_proxy.rule_for(1, rig.copy_bulks(), Action::LoseAnswer);
    let record = rig.target_proxy.rule_for(1, rig.slice_writes(), Action::LoseAnswer);
    rig.finish().await?;
    ensure!((copies.hits(), record.hits()) == (1, 1), "no answer was lost");
    is(calls.hits(), rig.batches())
}

/// Between the first page and the second the cluster forgets what was looked at, as it does when an index moves.
async fn the_view_of_the_source_is_lost(rig: &EnrichmentRig) -> Result<()> {
    let calls = rig.models_proxy.count(rig.calls());
    let views = rig.source_proxy.count(rig.views());
    let pages = rig.source_proxy.hold(2, rig.pages(), Point::Before);
    let worker = rig.worker("worker")?;
    pages.next(RECOVERED).await?.go();
    let second = pages.next(RECOVERED).await.context("there is one page only")?;
    for change in ["_close", "_open?wait_for_active_shards=1"] {
        let path = format!("{}/{change}", rig.source_index());
        rig.source.expect(Method::POST, &path, None).await?;
    }
    second.go();
    finished(worker).await?;
    ensure!(views.hits() == 2, "{} views were opened", views.hits());
    // The first page ends within a request, which then is not full.
    ensure!(calls.hits() <= rig.batches() + 1, "{} calls", calls.hits());
    Ok(())
}

/// As OpenSearch before 2.4 says it.
async fn the_source_knows_no_points_in_time(rig: &EnrichmentRig) -> Result<()> {
    let calls = rig.models_proxy.count(rig.calls());
    let unknown = json!({"error": "no handler found for uri [/articles/_pit] and method [POST]"});
    let views = rig.source_proxy.rule(rig.views(), Action::Answer(Answer::json(400, &unknown)));
    rig.finish().await?;
    ensure!(views.hits() == 1, "{} views were asked for", views.hits());
    is(calls.hits(), rig.batches())
}
