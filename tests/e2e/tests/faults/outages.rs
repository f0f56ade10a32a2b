//! Stores that are gone, slow, full or in doubt: no unit fails by it, nothing is lost, and nobody has to lend a hand.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cases::{Case, case, side_by_side};
use e2e::corpus::Corpus;
use e2e::elastic::Stored;
use e2e::faults::{Action, Answer, Match, Point, Rule, Throttled};
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use serde_json::json;

const OBJECTS: usize = 60;
const FAULTY_EVERY: usize = 20;
/// How long an outage lasts.
const OUTAGE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn outages_of_the_index_fail_no_unit_and_end_by_themselves() -> Result<()> {
    side_by_side(vec![
        during("es-gone", elasticsearch_is_gone),
        during("es-unavailable", elasticsearch_answers_503),
        during("es-throttles", half_of_the_items_are_throttled),
        during("es-lost", answers_are_lost_after_the_bulk_was_applied),
        during("es-read-only", an_index_is_read_only),
    ])
    .await
}

#[tokio::test]
async fn outages_of_the_object_store_and_the_queue_fail_no_unit_and_end_by_themselves() -> Result<()> {
    side_by_side(vec![
        during("s3-errors", the_object_store_answers_errors),
        during("s3-bodies", bodies_are_cut_and_slow),
        during("sqs-gone", the_queue_is_gone),
    ])
    .await
}

/// A corpus lands, the fault does what it does, and in the end all is as if nothing had been.
fn during(name: &'static str, fault: impl AsyncFn(&Rig) -> Result<()> + 'static) -> Case<'static> {
    case(name, async move {
        rig::run(name, Form::Nitf, async |rig| {
            let corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, FAULTY_EVERY);
            rig.land(&corpus).await?;
            fault(rig).await?;
            rig.judge(&corpus).await
        })
        .await
    })
}

/// What an outage lets through must not be more than patience explains.
fn is_bounded(requests: usize, limit: usize) -> Result<()> {
    ensure!(requests <= limit, "{requests} requests during the outage, where {limit} would do");
    Ok(())
}

async fn elasticsearch_is_gone(rig: &Rig) -> Result<()> {
    let worker = rig.worker("worker")?;
    let first = rig.es_proxy.hold(1, rig.article_bulks(), Point::Before);
    first.next(RECOVERED).await?.drop_it();
    rig.es_proxy.shut();
    tokio::time::sleep(OUTAGE).await;
    ensure!(rig.messages().await? > 0, "messages were acknowledged during the outage");
    rig.es_proxy.open();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await
}

async fn elasticsearch_answers_503(rig: &Rig) -> Result<()> {
    let busy = Action::Answer(Answer::elastic(503, "unavailable_shards_exception"));
    let refusals = rig.es_proxy.rule(Match::any().path("_bulk"), busy);
    let worker = rig.worker("worker")?;
    tokio::time::sleep(OUTAGE).await;
    ensure!(rig.elastic.all(&rig.ledger()).await?.is_empty(), "units are final without their documents");
    // Two batches at a time, each with pauses that double from 0.2 s.
    is_bounded(refusals.hits(), 40)?;
    refusals.remove();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await
}

async fn half_of_the_items_are_throttled(rig: &Rig) -> Result<()> {
    let seen = Throttled::default();
    rig.es_proxy.rule(Match::any().path("_bulk"), Action::ThrottleItems(seen.clone()));
    rig.drain().await?;
    ensure!(seen.count() >= OBJECTS / 2, "only {} items were throttled", seen.count());
    ensure!(seen.sent_in_vain() == 0, "{} items were sent again that had been taken", seen.sent_in_vain());
    Ok(())
}

async fn answers_are_lost_after_the_bulk_was_applied(rig: &Rig) -> Result<()> {
    let articles = rig.es_proxy.rule_for(2, rig.article_bulks(), Action::LoseAnswer);
    let records = rig.es_proxy.rule_for(2, rig.ledger_bulks(), Action::LoseAnswer);
    rig.drain().await?;
    ensure!((articles.hits(), records.hits()) == (2, 2), "no answer was lost");
    Ok(())
}

/// As Elasticsearch does it to all indices of a node whose disk is full.
async fn an_index_is_read_only(rig: &Rig) -> Result<()> {
    let index = format!("articles-{}-2026.01", rig.name);
    let block =
        |on: bool| json!({"index.blocks.read_only_allow_delete": if on { json!(true) } else { json!(null) }});
    rig.elastic.expect(reqwest::Method::PUT, &index, None).await?;
    rig.elastic.expect(reqwest::Method::PUT, &format!("{index}/_settings"), Some(block(true))).await?;
    let refused = rig.es_proxy.count(rig.article_bulks());
    let worker = rig.worker("worker")?;
    tokio::time::sleep(OUTAGE).await;
    // A faulty article has no document that would wait: where it makes a batch by itself, it is final already.
    let records = rig.elastic.all(&rig.ledger()).await?;
    let own_fault =
        |record: &Stored| record.source["state"] == "Failed" && record.source["reason"] != "IndexRejected";
    ensure!(records.iter().all(own_fault), "a block of the index became a fault of units: {records:?}");
    ensure!(refused.hits() > 0, "nothing was tried");
    is_bounded(refused.hits(), 40)?;
    rig.elastic.expect(reqwest::Method::PUT, &format!("{index}/_settings"), Some(block(false))).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await
}

async fn the_object_store_answers_errors(rig: &Rig) -> Result<()> {
    let internal = || Action::Answer(Answer::s3(500, "InternalError"));
    let slow_down = || Action::Answer(Answer::s3(503, "SlowDown"));
    let rules = [
        rig.s3_proxy.rule_for(20, rig.reads(), internal()),
        rig.s3_proxy.rule_for(20, rig.reads(), slow_down()),
        rig.s3_proxy.rule_for(10, rig.reads(), Action::Close),
        rig.s3_proxy.rule_for(10, rig.snapshot_writes(), internal()),
        rig.s3_proxy.rule_for(10, rig.snapshot_writes(), slow_down()),
        rig.s3_proxy.rule_for(5, rig.snapshot_writes(), Action::LoseAnswer),
        rig.s3_proxy.rule_for(2, rig.error_writes(), slow_down()),
    ];
    rig.drain().await?;
    let hits: Vec<_> = rules.iter().map(Rule::hits).collect();
    ensure!(hits == [20, 20, 10, 10, 10, 5, 2], "not every fault was met: {hits:?}");
    Ok(())
}

async fn bodies_are_cut_and_slow(rig: &Rig) -> Result<()> {
    let rules = [
        rig.s3_proxy.rule_for(10, rig.reads(), Action::Cut(100)),
        rig.s3_proxy.rule_for(10, rig.reads(), Action::Cut(0)),
        rig.s3_proxy.rule_for(10, rig.reads(), Action::Trickle(8, Duration::from_millis(500))),
        rig.s3_proxy.rule_for(10, rig.reads(), Action::Delay(Duration::from_secs(3))),
    ];
    rig.drain().await?;
    ensure!(rules.iter().all(|rule| rule.hits() == 10), "not every fault was met");
    Ok(())
}

async fn the_queue_is_gone(rig: &Rig) -> Result<()> {
    let receives = rig.sqs_proxy.count(Match::any().target("ReceiveMessage"));
    let deletes = rig.sqs_proxy.hold(1, Match::any().target("DeleteMessageBatch"), Point::Before);
    let worker = rig.worker("worker")?;
    // It goes at the worst of times: everything is done, and nothing is acknowledged.
    deletes.next(RECOVERED).await?.drop_it();
    rig.sqs_proxy.shut();
    let before = receives.hits();
    tokio::time::sleep(OUTAGE).await;
    ensure!(receives.hits() == before, "the proxy let requests through");
    rig.sqs_proxy.open();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await
}
