//! One index that takes no writes, or takes its time: its documents wait or fail, by themselves, and the others go on.
//!
//! This month's articles and some late ones land together; the late ones belong into an index with trouble of its own.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cases::{Case, case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::faults::{Action, Match, Point};
use e2e::rig::index_trouble::{answer_late, at_the_limit, late_article};
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use reqwest::Method;
use serde_json::{Value, json};

/// Articles of this month.
const OBJECTS: usize = 60;
/// Late articles.
const LATE: usize = 3;
const FIRST_LATE: usize = 5000;
/// Within how long the articles of this month are indexed, a worker's start included, while the late ones wait.
const SOON: Duration = Duration::from_mins(1);
/// How long the slow index takes for each bulk: others do not wait for it.
const SLOW: Duration = Duration::from_mins(2);

#[tokio::test]
async fn an_index_that_takes_no_writes_holds_up_no_other_and_its_units_wait() -> Result<()> {
    side_by_side(vec![
        late("block", blocked_for_a_while),
        late("moved", an_article_leaves_a_blocked_index),
        late("retired", a_replaced_article_is_in_a_blocked_index),
        late("full", on_a_full_disk),
        late("template", the_template_is_refused),
        late("no-create", indices_are_not_created),
    ])
    .await
}

#[tokio::test]
async fn after_its_patience_a_unit_fails_and_is_replayed() -> Result<()> {
    side_by_side(vec![
        late("writes", async |rig| fails_by(rig, json!({"index.blocks.write": true})).await),
        late("read-only", async |rig| fails_by(rig, json!({"index.blocks.read_only": true})).await),
        late("closed", fails_by_a_closed_index),
        late("limit", fails_by_the_limit_of_shards),
        late("run", a_run_goes_on_beside_it),
    ])
    .await
}

#[tokio::test]
async fn a_slow_index_and_one_without_rights_hold_up_no_other() -> Result<()> {
    side_by_side(vec![late("slow", it_is_slow), late("denied", rights_do_not_suffice)]).await
}

fn late(name: &'static str, test: impl AsyncFn(&Rig) -> Result<()> + 'static) -> Case<'static> {
    case(name, async move { rig::run(&format!("it-{name}"), Form::Nitf, async |rig| test(rig).await).await })
}

fn late_key(number: usize) -> String {
    format!("wire/late{number}.xml")
}

/// This month's articles, and the late ones, which become this.
fn corpus(rig: &Rig, outcome: Option<&'static str>) -> Corpus {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, 0);
    for number in 0..LATE {
        corpus.add(late_key(number), &late_article(&rig.name, FIRST_LATE + number), Form::Nitf);
        if let Some(reason) = outcome {
            corpus.outcomes.insert(late_key(number), Outcome::Failed(reason));
        }
    }
    corpus
}

fn with_patience(rig: &Rig, seconds: u64) -> Value {
    let mut spec = rig.spec();
    spec["index"]["blockedPatienceSeconds"] = seconds.into();
    spec
}

async fn settings(rig: &Rig, settings: Value) -> Result<()> {
    rig.elastic.expect(Method::PUT, &format!("{}/_settings", rig.old_index()), Some(settings)).await.map(drop)
}

async fn create_blocked(rig: &Rig, block: Value) -> Result<()> {
    rig.elastic.expect(Method::PUT, &rig.old_index(), None).await?;
    settings(rig, block).await
}

/// The others are indexed while the late ones wait, and nothing has failed.
async fn others_go_on(rig: &Rig) -> Result<()> {
    rig.until_recorded("Indexed", OBJECTS, SOON).await?;
    ensure!(rig.recorded("Failed").await? == 0, "a unit failed that has to wait");
    ensure!(rig.messages().await? > 0, "the messages of units that wait were acknowledged");
    Ok(())
}

/// Everything lands, waits until `mend`, and is as if nothing had been.
async fn waits(rig: &Rig, spec: &Value, mend: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    let corpus = corpus(rig, None);
    rig.land(&corpus).await?;
    let worker = rig.worker_for("worker", spec)?;
    others_go_on(rig).await?;
    mend().await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}

async fn blocked_for_a_while(rig: &Rig) -> Result<()> {
    create_blocked(rig, json!({"index.blocks.write": true})).await?;
    waits(rig, &rig.spec(), async || settings(rig, json!({"index.blocks.write": null})).await).await
}

/// Elasticsearch sets this block when a disk is full. It is never a reason to fail.
async fn on_a_full_disk(rig: &Rig) -> Result<()> {
    create_blocked(rig, json!({"index.blocks.read_only_allow_delete": true})).await?;
    let off = json!({"index.blocks.read_only_allow_delete": null});
    waits(rig, &with_patience(rig, 0), async || settings(rig, off).await).await
}

/// The whole cluster but for the name of the old index creates indices by itself.
async fn indices_are_not_created(rig: &Rig) -> Result<()> {
    let setting = |value: Value| json!({"persistent": {"action.auto_create_index": value}});
    let set = async |value| rig.elastic.expect(Method::PUT, "_cluster/settings", Some(setting(value))).await;
    set(format!("-{},+*", rig.old_index()).into()).await?;
    let waited = waits(rig, &rig.spec(), async || set(Value::Null).await.map(drop)).await;
    set(Value::Null).await?;
    waited
}

/// Somebody else's template of the same rank has the pattern already.
async fn the_template_is_refused(rig: &Rig) -> Result<()> {
    let first = Corpus::generated(&rig.name, Form::Nitf, 1, 0);
    rig.land(&first).await?;
    rig.drain().await?;
    let foreign = rig.take_the_pattern().await?;
    let waited = waits(rig, &rig.spec(), async || rig.elastic.remove_templates(&foreign).await).await;
    rig.elastic.remove_templates(&foreign).await?;
    waited
}

/// Lands an article that is in the old index, which is blocked then, and what comes after it; takes the block off as soon
/// as that is seen.
async fn after_a_block(
    rig: &Rig,
    spec: &Value,
    change: impl AsyncFnOnce() -> Result<()>,
    seen: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    let mut before = Corpus::default();
    before.add(late_key(0), &late_article(&rig.name, FIRST_LATE), Form::Nitf);
    rig.land(&before).await?;
    rig.drain_for(spec).await?;
    settings(rig, json!({"index.blocks.write": true})).await?;
    change().await?;
    let held = rig.es_proxy.hold(1, Match::any().path("_bulk").body(rig.old_index()), Point::After);
    let worker = rig.worker_for("worker", spec)?;
    held.next(RECOVERED).await?.go();
    seen().await?;
    ensure!(rig.messages().await? > 0, "the message of a unit that waits was acknowledged");
    ensure!(rig.elastic.count(&rig.old_index()).await? == 1, "the old copy is gone in spite of the block");
    settings(rig, json!({"index.blocks.write": null})).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await
}

async fn an_article_leaves_a_blocked_index(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, 0);
    let corrected =
        Article { published: "2026-01-15T12:00:00Z".into(), ..late_article(&rig.name, FIRST_LATE) };
    corpus.add(late_key(0), &corrected, Form::Nitf);
    let land = async || rig.land(&corpus).await.map(drop);
    after_a_block(rig, &rig.spec(), land, async || rig.until_recorded("Indexed", OBJECTS + 1, SOON).await)
        .await?;
    rig.judge(&corpus).await
}

fn with_deletions(rig: &Rig) -> Value {
    let mut spec = rig.spec();
    spec["raw"]["onDelete"] = "Delete".into();
    spec
}

async fn a_replaced_article_is_in_a_blocked_index(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, 0);
    corpus.add(late_key(0), &Article::generated(&rig.name, 6000), Form::Nitf);
    let land = async || rig.land(&corpus).await.map(drop);
    let seen = async || rig.until_recorded("Indexed", OBJECTS + 1, SOON).await;
    after_a_block(rig, &with_deletions(rig), land, seen).await?;
    rig.judge(&corpus).await
}

/// Everything lands; the late units fail by `IndexBlocked`, and are indexed by a replay after `mend`.
async fn fails(rig: &Rig, mend: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    let spec = with_patience(rig, 5);
    let failed = corpus(rig, Some("IndexBlocked"));
    rig.land(&failed).await?;
    let worker = rig.worker_for("worker", &spec)?;
    rig.until_recorded("Indexed", OBJECTS, SOON).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&failed).await?;
    mend().await?;
    replayed(rig, &spec).await
}

async fn replayed(rig: &Rig, spec: &Value) -> Result<()> {
    let replay = json!({"mode": "Replay", "select": {"failed": {"reasons": ["IndexBlocked"]}}});
    let part = rig.run_for("replay", &replay, spec).await?;
    ensure!(part["done"] == LATE, "the replay ended with {part}");
    rig.judge(&corpus(rig, None)).await
}

async fn fails_by(rig: &Rig, block: Value) -> Result<()> {
    create_blocked(rig, block.clone()).await?;
    let name = block.as_object().and_then(|block| block.keys().next()).cloned().unwrap_or_default();
    fails(rig, async || settings(rig, json!({name: null})).await).await
}

async fn fails_by_a_closed_index(rig: &Rig) -> Result<()> {
    let index = rig.old_index();
    rig.elastic.expect(Method::PUT, &index, None).await?;
    rig.elastic.expect(Method::POST, &format!("{index}/_close"), None).await?;
    fails(rig, async || rig.elastic.expect(Method::POST, &format!("{index}/_open"), None).await.map(drop))
        .await
}

async fn fails_by_the_limit_of_shards(rig: &Rig) -> Result<()> {
    let limit = rig.es_proxy.rule(rig.article_bulks(), Action::Edit(at_the_limit));
    // What the proxy says was not created must not be there either.
    let clean = async || rig.elastic.remove(&rig.old_index()).await;
    let spec = with_patience(rig, 5);
    let failed = corpus(rig, Some("IndexBlocked"));
    rig.land(&failed).await?;
    let worker = rig.worker_for("worker", &spec)?;
    rig.until_recorded("Indexed", OBJECTS, SOON).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    clean().await?;
    rig.judge(&failed).await?;
    limit.remove();
    replayed(rig, &spec).await
}

async fn a_run_goes_on_beside_it(rig: &Rig) -> Result<()> {
    create_blocked(rig, json!({"index.blocks.write": true})).await?;
    let spec = with_patience(rig, 5);
    rig.put(&corpus(rig, None)).await?;
    let part = rig.run_for("backfill", &json!({"mode": "Process"}), &spec).await?;
    ensure!(
        part["finished"] == true && part["done"] == OBJECTS && part["failed"] == LATE,
        "it ended with {part}"
    );
    rig.judge(&corpus(rig, Some("IndexBlocked"))).await?;
    settings(rig, json!({"index.blocks.write": null})).await?;
    replayed(rig, &spec).await
}

async fn it_is_slow(rig: &Rig) -> Result<()> {
    let bulks = Match::any().path("_bulk").body(format!("\"_index\":\"{}", rig.old_index()));
    let slow = rig.es_proxy.rule(bulks, Action::Delay(SLOW));
    let corpus = corpus(rig, None);
    rig.land(&corpus).await?;
    let worker = rig.worker("worker")?;
    others_go_on(rig).await?;
    slow.remove();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}

fn without_rights(answer: &mut Value) {
    let reason = "action [indices:data/write/bulk[s]] is unauthorized for user [docmill]";
    answer_late(answer, 403, "security_exception", reason);
}

/// Missing rights are waited for without an end.
async fn rights_do_not_suffice(rig: &Rig) -> Result<()> {
    let denied = rig.es_proxy.rule(rig.article_bulks(), Action::Edit(without_rights));
    waits(rig, &with_patience(rig, 0), async || {
        denied.remove();
        Ok(())
    })
    .await
}
