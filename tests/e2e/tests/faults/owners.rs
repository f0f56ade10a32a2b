//! Whose the records are: sources whose names used to make one name, a source of another cluster, one that was created
//! again, and indices that are deleted under a worker.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cases::{case, side_by_side};
use e2e::corpus::Corpus;
use e2e::env::Env;
use e2e::opensearch::OpenSearch;
use e2e::resources::SOURCE;
use e2e::rig::{self, ENDED, Layout, RECOVERED, Rig, run_laid_out};
use reqwest::Method;
use serde_json::{Value, json};

const OBJECTS: usize = 40;
/// How many of them come when the first owner has stopped.
const LATER: usize = 3;
/// Exit status of a worker whose order cannot be worked, however often it starts.
const PERMANENT: i32 = 78;

#[tokio::test]
async fn records_are_their_owners_and_nobody_elses() -> Result<()> {
    let opensearch = OpenSearch::start().await?;
    let env = Env::read()?;
    let mut cases = vec![
        case("alike", rig::run("alike", Form::Nitf, names_that_join_alike)),
        case("remade", rig::run("remade", Form::Nitf, deleted_under_a_worker)),
        case("made-by-hand", rig::run("made-by-hand", Form::Nitf, made_by_somebody)),
        case("taken", run_laid_out("taken", Form::Nitf, env.clone(), Layout::Together, taken_over)),
    ];
    if let Some(server) = &opensearch {
        let env = server.in_place_of(&env);
        cases.push(case(
            "opensearch-taken",
            run_laid_out("o-taken", Form::Nitf, env, Layout::Together, taken_over),
        ));
    }
    side_by_side(cases).await
}

/// `a` and `b-c`, and `a-b` and `c`, work on the same objects: each has all of them in a ledger of its own.
async fn names_that_join_alike(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, 20);
    let objects = rig.put(&corpus).await?;
    for (namespace, source) in [(rig.name.clone(), "prod-wire"), (format!("{}-prod", rig.name), "wire")] {
        let mut order = rig.ingest_order(&rig.spec());
        order["namespace"] = namespace.clone().into();
        order["source"] = source.into();
        rig.tell(&objects).await?;
        let worker = rig.worker_by(source, &order)?;
        rig.settled(RECOVERED).await?;
        worker.end(ENDED).await?;
        let records = rig.records.all(&format!("docmill-units-{namespace}.{source}")).await?;
        let whose = format!("{namespace}/{source}");
        let own = records.iter().filter(|record| record.source["source"] == whose.as_str()).count();
        ensure!((own, records.len()) == (OBJECTS, OBJECTS), "{whose} has {own} of {} records", records.len());
    }
    Ok(())
}

/// A source of another cluster, and one that was created again, are refused with words and touch nothing; with `adopt`
/// one takes over, and the first is refused.
async fn taken_over(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, 20);
    let mut first = corpus.clone();
    let from = first.objects.keys().nth(OBJECTS - LATER).cloned().context("there are fewer objects")?;
    let later = Corpus { objects: first.objects.split_off(&from), ..Corpus::default() };
    rig.land(&first).await?;
    rig.drain().await?;
    let first = rig.ingest_order(&rig.spec());
    ensure!(owner(rig, &rig.ledger()).await? == identity(&first), "the first is not the owner");
    let told = rig.land(&later).await?;
    let mut other = first.clone();
    other["cluster"] = "another-cluster".into();
    refused(rig, "other", &other, "of the Kubernetes cluster rigs").await?;
    let mut again = first.clone();
    again["uid"] = "uid-of-a-later-one".into();
    refused(rig, "again", &again, "an earlier IngestSource of this name").await?;
    let audit = rig.audit_order("foreign-audit", &other).await?;
    ensure!(audit.code() == Some(PERMANENT), "a run of another owner ended with {audit}");
    other["spec"]["ledger"]["adopt"] = true.into();
    let worker = rig.worker_by("adopting", &other)?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    for kind in ["units", "heads"] {
        let index = format!("docmill-{kind}-{}.{SOURCE}", rig.name);
        ensure!(owner(rig, &index).await? == identity(&other), "{index} was not taken over");
    }
    rig.tell(&told[..1]).await?;
    refused(rig, "first", &first, "of the Kubernetes cluster another-cluster").await?;
    rig.judge(&corpus).await
}

/// The ledger and the heads are deleted while a worker is at work: it goes on, and the next one has them for its own.
async fn deleted_under_a_worker(rig: &Rig) -> Result<()> {
    let first = Corpus::generated(&rig.name, Form::Nitf, OBJECTS, 20);
    let worker = rig.worker("first")?;
    rig.land(&first).await?;
    rig.settled(RECOVERED).await?;
    let own = format!("docmill-*-{}.{SOURCE}", rig.name);
    rig.records.remove(&own).await?;
    let second = Corpus::generated("second", Form::Nitf, OBJECTS, 20);
    rig.land(&second).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    let mark = rig.records.mark(&rig.ledger()).await?;
    ensure!(mark == json!({"format": 2}), "the template left another mark: {mark}");
    ensure!(rig.records.count(&rig.ledger()).await? == OBJECTS as u64, "not all later ones are recorded");
    rig.drain().await?;
    let order = rig.ingest_order(&rig.spec());
    ensure!(owner(rig, &rig.ledger()).await? == identity(&order), "the next worker has not claimed it");
    let mut other = order;
    other["cluster"] = "another-cluster".into();
    rig.tell(&rig.put(&Corpus::generated("third", Form::Nitf, 1, 0)).await?).await?;
    refused(rig, "other", &other, "of the Kubernetes cluster rigs").await
}

/// An index that has no mark of Docmill is refused too, and so is one in another form, whatever the source says.
async fn made_by_somebody(rig: &Rig) -> Result<()> {
    rig.land(&Corpus::generated(&rig.name, Form::Nitf, 3, 0)).await?;
    let order = rig.ingest_order(&rig.spec());
    let make = async |mappings: Value| {
        rig.records.remove(&format!("{}*", rig.ledger())).await?;
        // A template of an earlier test would put its mark there.
        let body = json!({"mappings": mappings});
        rig.records.expect(Method::PUT, &rig.ledger(), Some(body)).await.map(drop)
    };
    make(json!({"_meta": {"docmill": {"owner": "somebody"}}})).await?;
    refused(rig, "unmarked", &order, "in the _meta of its mapping").await?;
    let mut adopting = order;
    adopting["spec"]["ledger"]["adopt"] = true.into();
    make(json!({"_meta": {"docmill": {"format": 1}}})).await?;
    refused(rig, "earlier-form", &adopting, "delete the three indices of this ledger").await?;
    make(json!({"_meta": {"docmill": {"format": 99}}})).await?;
    refused(rig, "later-form", &adopting, "in a form that this version of Docmill").await
}

/// A worker with this order ends for good, says why, and leaves every message in the queue.
async fn refused(rig: &Rig, name: &str, order: &Value, words: &str) -> Result<()> {
    let before = rig.messages().await?;
    let mut worker = rig.worker_by(name, order)?;
    let status = worker.ended(RECOVERED).await?;
    ensure!(status.code() == Some(PERMANENT), "{name} ended with {status}");
    let said = rig.said(name)?;
    ensure!(said.contains("LedgerOwnedByAnother") && said.contains(words), "{name} said: {said}");
    let after = rig.messages().await?;
    ensure!(before > 0 && before == after, "of {before} messages {after} are left");
    Ok(())
}

async fn owner(rig: &Rig, index: &str) -> Result<Value> {
    let owner = rig.records.mark(index).await?.get("owner").cloned();
    owner.with_context(|| format!("{index} has no owner"))
}

/// The owner that an order stands for.
fn identity(order: &Value) -> Value {
    json!({"cluster": order["cluster"], "namespace": order["namespace"], "name": order["source"],
           "uid": order["uid"]})
}
