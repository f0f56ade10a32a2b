//! Notifications of all kinds: in every form and envelope, broken ones among sound ones, of no interest, and of somebody
//! else. Whatever comes has its own end, and nothing of it is deleted in silence.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::auditor::Audit;
use e2e::cases::{case, side_by_side};
use e2e::corpus::Corpus;
use e2e::rig::{self, ENDED, REACHED, RECOVERED, Rig};
use reqwest::Method;
use serde_json::{Value, json};

/// Longer than anything but a message of somebody else takes.
const AT_ONCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn every_record_of_every_message_has_its_own_end() -> Result<()> {
    side_by_side(vec![
        case("one-bad", rig::run("one-bad", Form::Nitf, one_bad_record)),
        case("forms", rig::run("forms", Form::Nitf, all_forms_and_envelopes)),
        case("other-version", rig::run("other-version", Form::Nitf, another_version_than_is_there)),
        case("expired", rig::run("expired", Form::Nitf, expired_by_a_lifecycle_rule)),
        case("unheard", rig::run("unheard", Form::Nitf, events_of_all_kinds)),
        case("foreign", rig::run("foreign", Form::Nitf, records_of_another_bucket)),
        case("shared", rig::run("shared", Form::Nitf, two_buckets_through_one_queue)),
        case("restored", rig::run("restored", Form::Nitf, restored_from_an_archive)),
        case("folders", rig::run("folders", Form::Nitf, markers_of_folders)),
    ])
    .await
}

fn record(bucket: &str, event: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1",
        "eventTime": "2026-01-02T03:04:05.000Z", "eventName": event,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 5}},
    })
}

fn created(rig: &Rig, key: &str) -> Value {
    record(&rig.raw_bucket(), "ObjectCreated:Put", key)
}

fn sns(message: &Value) -> Value {
    let attributes = json!({"Records": {"Type": "String", "Value": "[]"}});
    json!({"Type": "Notification", "MessageAttributes": attributes, "Message": message.to_string()})
}

/// Messages as they are sent.
fn texts(messages: &[Value]) -> Vec<String> {
    messages.iter().map(Value::to_string).collect()
}

/// Sound articles of these keys.
fn articles(rig: &Rig, keys: &[&str]) -> Corpus {
    let mut corpus = Corpus::default();
    for (number, key) in keys.iter().enumerate() {
        corpus.add(*key, &Article::generated(&rig.name, number), Form::Nitf);
    }
    corpus
}

/// The reasons for which something was set aside, in their order.
fn reasons(audit: &Audit) -> Vec<&str> {
    let mut reasons: Vec<_> = audit.set_aside.values().map(String::as_str).collect();
    reasons.sort_unstable();
    reasons
}

async fn one_bad_record(rig: &Rig) -> Result<()> {
    let corpus = articles(rig, &["wire/good-1.xml", "wire/good-2.xml"]);
    rig.put(&corpus).await?;
    let bad = created(rig, "wire/bad-%FF.xml");
    let records = [created(rig, "wire/good-1.xml"), bad.clone(), created(rig, "wire/good-2.xml")];
    rig.send(texts(&[json!({"Records": records})])).await?;
    rig.drain().await?;
    rig.judge(&corpus).await?;
    let audit = rig.audit().await?;
    ensure!(reasons(&audit) == ["MalformedNotification"], "{:?}", audit.set_aside);
    ensure!(
        audit.set_aside.keys().all(|key| key.ends_with(".1")),
        "the record's number is not told: {audit:?}"
    );
    let errors = rig.s3.get_all(&rig.errors_bucket()).await?;
    let kept = errors.values().any(|body| serde_json::from_slice::<Value>(body).is_ok_and(|it| it == bad));
    ensure!(kept, "the bad record itself is not among {:?}", errors.keys());
    Ok(())
}

async fn all_forms_and_envelopes(rig: &Rig) -> Result<()> {
    let (key, encoded) = (
        "wire/year=2026/2026-01-02T03:04:05+00:00 a%.xml",
        "wire/year%3D2026/2026-01-02T03%3A04%3A05%2B00%3A00+a%25.xml",
    );
    let keys: Vec<String> = (0..10).map(|number| key.replace("/year", &format!("/{number}/year"))).collect();
    let corpus = articles(rig, &keys.iter().map(String::as_str).collect::<Vec<_>>());
    rig.put(&corpus).await?;
    let encoded = |number: usize| encoded.replace("/year", &format!("/{number}/year"));
    let records = |number| json!({"Records": [created(rig, &encoded(number))]});
    let detail = |number: usize| json!({"bucket": {"name": rig.raw_bucket()}, "object": {"key": keys[number], "size": 5}});
    let event =
        |number| json!({"detail-type": "Object Created", "source": "aws.s3", "detail": detail(number)});
    let call = json!({
        "eventName": "PutObject", "requestParameters": {"bucketName": rig.raw_bucket(), "key": keys[4]},
    });
    rig.send(texts(&[
        records(0),
        event(1),
        sns(&records(2)),
        json!({"source": "aws.s3", "time": "2026-01-02T03:04:05Z", "detail": detail(3)}),
        json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "detail": call}),
        sns(&sns(&event(5))),
        json!({"detail-type": "of a rule of one's own", "detail": records(6)}),
        json!([event(7), json!({"Records": [{"EventSource": "aws:sns", "Sns": sns(&records(8))}]})]),
        json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": records(9).to_string()}]}),
    ]))
    .await?;
    rig.drain().await?;
    rig.judge(&corpus).await
}

/// What the key has is taken, once, however often the version is told of that it does not have.
async fn another_version_than_is_there(rig: &Rig) -> Result<()> {
    let corpus = articles(rig, &["wire/a.xml"]);
    rig.put(&corpus).await?;
    let mut told = created(rig, "wire/a.xml");
    told["s3"]["object"]["eTag"] = "0123456789abcdef0123456789abcdef".into();
    for _ in 0..2 {
        rig.send(texts(&[json!({"Records": [told]})])).await?;
        rig.drain().await?;
    }
    rig.judge(&corpus).await?;
    ensure!(rig.recorded("Indexed").await? == 1 && rig.recorded("Skipped").await? == 1, "other records");
    told["s3"]["object"]["key"] = "wire/gone.xml".into();
    rig.send(texts(&[json!({"Records": [told]})])).await?;
    rig.drain().await?;
    rig.judge(&corpus).await
}

async fn expired_by_a_lifecycle_rule(rig: &Rig) -> Result<()> {
    let corpus = articles(rig, &["wire/a.xml", "wire/b.xml", "wire/stays.xml"]);
    rig.land(&corpus).await?;
    let mut spec = rig.spec();
    spec["raw"]["onDelete"] = "Delete".into();
    let worker = rig.worker_for("worker", &spec)?;
    rig.until_recorded("Indexed", 3, RECOVERED).await?;
    rig.settled(RECOVERED).await?;
    for (key, event) in [
        ("wire/a.xml", "LifecycleExpiration:Delete"),
        ("wire/b.xml", "s3:LifecycleExpiration:DeleteMarkerCreated"),
    ] {
        rig.s3.remove(&rig.raw_bucket(), key).await?;
        rig.send(texts(&[json!({"Records": [record(&rig.raw_bucket(), event, key)]})])).await?;
    }
    rig.until_recorded("Skipped", 2, RECOVERED).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    let documents = rig.elastic.count(&rig.articles()).await?;
    ensure!(documents == 1, "{documents} documents are left of one object");
    Ok(())
}

/// What is listed leaves nothing but a count, and what is not is kept.
async fn events_of_all_kinds(rig: &Rig) -> Result<()> {
    let corpus = articles(rig, &["wire/sound.xml"]);
    rig.put(&corpus).await?;
    let event = |name: &str| json!({"Records": [record(&rig.raw_bucket(), name, "wire/sound.xml")]});
    let detail = json!({"bucket": {"name": rig.raw_bucket()}, "object": {"key": "wire/sound.xml"}});
    rig.send(texts(&[
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": rig.raw_bucket()}),
        event("ObjectTagging:Put"),
        event("s3:ObjectAcl:Put"),
        event("ObjectRestore:Post"),
        json!({"detail-type": "Object Tags Added", "source": "aws.s3", "detail": detail}),
        json!({"Records": [record(&rig.raw_bucket(), "ObjectCreated:Put", "of-no-prefix-of-ours.xml")]}),
        event("ObjectCreated:Put"),
    ]))
    .await?;
    rig.drain().await?;
    rig.judge(&corpus).await?;
    ensure!(reasons(&rig.audit().await?).is_empty(), "something was set aside");
    rig.send(texts(&[
        event("ObjectInvented:Put"),
        json!({"detail-type": "Object Invented", "source": "aws.s3", "detail": detail}),
        json!({"Records": []}),
        json!("no notification at all"),
        json!({"hello": "world"}),
    ]))
    .await?;
    rig.drain().await?;
    rig.judge(&corpus).await?;
    let audit = rig.audit().await?;
    ensure!(reasons(&audit) == ["MalformedNotification"; 5], "{:?}", audit.set_aside);
    Ok(())
}

/// The own record is processed at once, the foreign one is left to others for a while, and the broken one is set aside
/// once however often the message comes.
async fn records_of_another_bucket(rig: &Rig) -> Result<()> {
    let corpus = articles(rig, &["wire/own.xml"]);
    rig.put(&corpus).await?;
    let foreign = record("an-access-points-s3alias", "ObjectCreated:Put", "wire/foreign.xml");
    rig.send(texts(&[json!({"Records": [foreign, created(rig, "wire/own.xml"), json!({"broken": true})]})]))
        .await?;
    let worker = rig.worker("worker")?;
    rig.until_recorded("Indexed", 1, REACHED).await?;
    rig.until_recorded("Failed", 1, AT_ONCE).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure!(rig.messages().await? == 1, "the message of somebody else is gone");
    ensure!(reasons(&rig.audit().await?) == ["MalformedNotification"], "it was set aside at once");
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await?;
    let audit = rig.audit().await?;
    ensure!(reasons(&audit) == ["ForeignNotification", "MalformedNotification"], "{:?}", audit.set_aside);
    Ok(())
}

/// Workers of two sources take from one queue. Of what the wrong one gets, most reaches the right one after all, and the
/// rest is kept.
async fn two_buckets_through_one_queue(rig: &Rig) -> Result<()> {
    let other = format!("{}-other", rig.name);
    rig.s3.create_bucket(&other).await?;
    let shared = share_the_queue(rig, &other).await;
    rig.s3.remove_bucket(&other).await.and(shared)
}

async fn share_the_queue(rig: &Rig, other: &str) -> Result<()> {
    let mut told = Vec::new();
    let buckets = [rig.raw_bucket(), other.to_owned()];
    for (bucket, first) in buckets.iter().zip([0, 100]) {
        for number in first..first + 20 {
            let key = format!("wire/{number}.xml");
            let article = Article::generated(&rig.name, number).write(Form::Nitf);
            rig.s3.put(bucket, &key, article).await?;
            told.push(json!({"Records": [record(bucket, "ObjectCreated:Put", &key)]}));
        }
    }
    let mut spec = rig.spec();
    let own = rig.worker_for("own", &spec)?;
    spec["raw"]["bucket"] = other.into();
    let others = rig.worker_for("other", &spec)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.send(texts(&told)).await?;
    rig.settled(RECOVERED).await?;
    own.end(ENDED).await?;
    others.end(ENDED).await?;
    let ledger = rig.records.all(&rig.ledger()).await?;
    let keys = |of: &dyn Fn(&Value) -> bool| -> BTreeSet<String> {
        let records = ledger.iter().map(|record| &record.source).filter(|record| of(record));
        records.filter_map(|record| record["unit"]["key"].as_str()).map(str::to_owned).collect()
    };
    let indexed = keys(&|record| record["state"] == "Indexed").len();
    let kept = keys(&|record| record["reason"] == "ForeignNotification").len();
    ensure!(indexed + kept == 40, "{indexed} of 40 are indexed, and {kept} are kept");
    ensure!(indexed >= 20, "only {indexed} of 40 have reached their source");
    Ok(())
}

/// A unit that failed is tried once more when its object is restored, and not when it is only told of again.
async fn restored_from_an_archive(rig: &Rig) -> Result<()> {
    let index = format!("articles-{}-2026.01", rig.name);
    let narrow = json!({"mappings": {"properties": {"urgency": {"type": "byte"}}}});
    rig.elastic.expect(Method::PUT, &index, Some(narrow)).await?;
    let large = Article { urgency: "300".into(), ..Article::generated(&rig.name, 0) };
    let mut corpus = Corpus::default();
    corpus.add("wire/a.xml", &large, Form::Nitf);
    let objects = rig.land(&corpus).await?;
    let worker = rig.worker("worker")?;
    rig.until_recorded("Failed", 1, RECOVERED).await?;
    rig.elastic.remove(&index).await?;
    rig.tell(&objects).await?;
    rig.settled(RECOVERED).await?;
    ensure!(rig.recorded("Failed").await? == 1, "it was tried again because it was told of again");
    let mut restored = record(&rig.raw_bucket(), "s3:ObjectRestore:Completed", "wire/a.xml");
    restored["s3"]["object"]["eTag"] = objects[0].etag.as_str().into();
    rig.send(texts(&[json!({"Records": [restored]})])).await?;
    rig.until_recorded("Indexed", 1, RECOVERED).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}

async fn markers_of_folders(rig: &Rig) -> Result<()> {
    let corpus = articles(rig, &["wire/2026/a.xml"]);
    rig.land(&corpus).await?;
    let mut spec = rig.spec();
    spec["raw"]["suffixes"] = json!([]);
    let told = rig.s3.put(&rig.raw_bucket(), "wire/2026/", Vec::new()).await?;
    rig.tell(&[told]).await?;
    rig.s3.put(&rig.raw_bucket(), "wire/told-of-without-version/", Vec::new()).await?;
    rig.send(texts(&[json!({"Records": [created(rig, "wire/told-of-without-version/")]})])).await?;
    rig.drain_for(&spec).await?;
    rig.s3.put(&rig.raw_bucket(), "wire/told-of-by-nobody/", Vec::new()).await?;
    let process = rig.run_for("process", &json!({"mode": "Process"}), &spec).await?;
    ensure!(process["failed"] == 0 && process["skipped"] == 1, "{process}");
    let again = rig.run_for("again", &json!({"mode": "Process"}), &spec).await?;
    ensure!(again["files"] == 0, "the markers are looked at again and again: {again}");
    let found = rig.run_for("audit", &json!({"mode": "Audit"}), &spec).await?;
    ensure!(found["differences"] == 0, "an audit does not agree: {found}");
    rig.judge(&corpus).await?;
    let audit = rig.audit().await?;
    let reasons: BTreeSet<_> = audit.skipped.values().map(String::as_str).collect();
    ensure!(audit.skipped.len() == 3 && reasons == BTreeSet::from(["FolderMarker"]), "{:?}", audit.skipped);
    let errors = rig.s3.list(&rig.errors_bucket()).await?;
    ensure!(errors.is_empty(), "a marker left evidence: {errors:?}");
    Ok(())
}
