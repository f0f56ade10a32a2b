//! Objects that cannot be read, copied or kept, among others that can: each has an end of its own, and nothing else
//! waits for it. Where nothing can be read, everything waits and nothing fails.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Fault, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::evidence::error_record;
use e2e::faults::{Action, Answer, Match, Rule};
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use serde_json::json;

/// Sound articles beside those that cannot be had.
const SOUND: usize = 60;
/// How long the sound ones take at most, whatever becomes of the others.
const UNDISTURBED: Duration = Duration::from_secs(40);

/// Names of objects that the store does not give, how it says so, and what becomes of them.
const UNREADABLE: [(&str, u16, &str, &str); 4] = [
    ("archived", 403, "InvalidObjectState", "ObjectArchived"),
    ("customer-key", 400, "InvalidRequest", "ObjectUnreadable"),
    ("disabled-key", 400, "KMS.DisabledException", "ObjectUnreadable"),
    ("denied", 403, "AccessDenied", "ObjectUnreadable"),
];

#[tokio::test]
async fn what_cannot_be_read_copied_or_kept_has_an_end_of_its_own() -> Result<()> {
    side_by_side(vec![
        case("unreadable", rig::run("unreadable", Form::Nitf, unreadable_objects_fail_and_are_replayed)),
        case("unreadable-run", rig::run("unreadable-run", Form::Nitf, a_run_passes_unreadable_objects)),
        case("lonely", rig::run("lonely", Form::Nitf, one_that_is_denied_while_nothing_else_comes)),
        case("all-denied", rig::run("all-denied", Form::Nitf, where_nothing_can_be_read_everything_waits)),
        case("no-copy", rig::run("no-copy", Form::Nitf, what_cannot_be_copied_has_its_record)),
        case("odd-key", rig::run("odd-key", Form::Nitf, one_snapshot_is_refused)),
        case("same-keys", rig::run("same-keys", Form::Nitf, evidence_of_similar_keys_is_kept_apart)),
    ])
    .await
}

fn key(name: &str) -> String {
    format!("wire/{name}.xml")
}

/// Sound articles, and the objects of [`UNREADABLE`].
fn corpus(rig: &Rig) -> Corpus {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, SOUND, 0);
    for (number, (name, .., reason)) in UNREADABLE.into_iter().enumerate() {
        corpus.add(key(name), &Article::generated(&rig.name, 1000 + number), Form::Nitf);
        corpus.outcomes.insert(key(name), Outcome::Failed(reason));
    }
    corpus
}

/// The store gives neither the bytes of an object nor, except for archived ones, what it knows of it.
fn make_unreadable(rig: &Rig) -> Vec<Rule> {
    let rules = UNREADABLE.into_iter().flat_map(|(name, status, code, _)| {
        let of = |method| Match::any().method(method).path(format!("/{}/{}", rig.raw_bucket(), key(name)));
        let refuse = |when| rig.s3_proxy.rule(when, Action::Answer(Answer::s3(status, code)));
        let get = refuse(of("GET"));
        let head = (name != "archived").then(|| refuse(of("HEAD")));
        std::iter::once(get).chain(head)
    });
    rules.collect()
}

async fn unreadable_objects_fail_and_are_replayed(rig: &Rig) -> Result<()> {
    let mut corpus = corpus(rig);
    let rules = make_unreadable(rig);
    rig.land(&corpus).await?;
    let worker = rig.worker("worker")?;
    rig.until_recorded("Indexed", SOUND, UNDISTURBED).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await?;
    for (name, _, code, reason) in UNREADABLE {
        let (_, record) = error_record(&rig.s3, &rig.errors_bucket(), &key(name)).await?;
        let message = record["message"].as_str().unwrap_or_default();
        ensure!(record["reason"] == reason && message.contains(code), "{name}: {record}");
        ensure!(record["copied"] == false && message.contains("Replay"), "{name}: {record}");
    }
    for rule in rules {
        rule.remove();
    }
    let reasons = json!(["ObjectArchived", "ObjectUnreadable"]);
    let replayed = rig
        .run_to_end("replay", &json!({"mode": "Replay", "select": {"failed": {"reasons": reasons}}}))
        .await?;
    ensure!(replayed["done"] == UNREADABLE.len(), "{replayed}");
    for (number, (name, ..)) in UNREADABLE.into_iter().enumerate() {
        let guid = Article::generated(&rig.name, 1000 + number).guid;
        corpus.outcomes.insert(key(name), Outcome::Indexed(guid));
    }
    rig.judge(&corpus).await
}

async fn a_run_passes_unreadable_objects(rig: &Rig) -> Result<()> {
    let corpus = corpus(rig);
    make_unreadable(rig);
    rig.put(&corpus).await?;
    let record = rig.run_to_end("process", &json!({"mode": "Process"})).await?;
    ensure!(record["done"] == SOUND && record["failed"] == UNREADABLE.len(), "{record}");
    rig.judge(&corpus).await
}

/// No other object is on its way that could tell whose fault it is; the worker looks at one by itself.
async fn one_that_is_denied_while_nothing_else_comes(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 1, 0);
    rig.land(&corpus).await?;
    rig.drain().await?;
    let mut later = Corpus::default();
    later.add(key("denied"), &Article::generated(&rig.name, 1000), Form::Nitf);
    let denied = rig.reads().path(format!("/{}", key("denied")));
    rig.s3_proxy.rule(denied, Action::Answer(Answer::s3(403, "AccessDenied")));
    rig.land(&later).await?;
    rig.drain().await?;
    corpus.objects.extend(later.objects);
    corpus.outcomes.insert(key("denied"), Outcome::Failed("ObjectUnreadable"));
    rig.judge(&corpus).await
}

async fn where_nothing_can_be_read_everything_waits(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 10, 0);
    let denied = rig.s3_proxy.rule(rig.reads(), Action::Answer(Answer::s3(403, "AccessDenied")));
    rig.land(&corpus).await?;
    let worker = rig.worker("worker")?;
    tokio::time::sleep(Duration::from_secs(45)).await;
    ensure!(denied.hits() > 0, "nothing was tried");
    ensure!(rig.recorded("Failed").await? == 0, "what everybody is denied became a fault of units");
    denied.remove();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}

/// The store refuses to copy one object as AWS refuses what has more than 5 GiB, and another one for its rights.
async fn what_cannot_be_copied_has_its_record(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 5, 0);
    corpus.objects.insert(key("large"), vec![b' '; 256 * 1024]);
    corpus.outcomes.insert(key("large"), Outcome::Failed("LimitExceeded"));
    let faulty = Article::generated(&rig.name, 1000);
    corpus.add_broken(key("tagged"), &faulty, Form::Nitf, Fault::ALL[0]);
    for (name, status, code) in [("large", 400, "InvalidRequest"), ("tagged", 403, "AccessDenied")] {
        let copies = rig.error_writes().header("x-amz-copy-source").path(key(name));
        rig.s3_proxy.rule(copies, Action::Answer(Answer::s3(status, code)));
    }
    rig.land(&corpus).await?;
    let mut spec = rig.spec();
    spec["conversion"]["limits"] = json!({"maxObjectBytes": 128 * 1024});
    rig.drain_for(&spec).await?;
    for (name, code) in [("large", "InvalidRequest"), ("tagged", "AccessDenied")] {
        let (_, record) = error_record(&rig.s3, &rig.errors_bucket(), &key(name)).await?;
        let because = record["notCopiedBecause"].as_str().unwrap_or_default();
        ensure!(record["copied"] == false && because.contains(code), "{name}: {record}");
    }
    rig.judge(&corpus).await?;
    // An audit takes the record's word for it.
    let record = rig.run_for("audit", &json!({"mode": "Audit"}), &spec).await?;
    ensure!(record["differences"] == 0, "{record}");
    Ok(())
}

async fn one_snapshot_is_refused(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, SOUND, 0);
    corpus.add(key("odd"), &Article::generated(&rig.name, 1000), Form::Nitf);
    corpus.outcomes.insert(key("odd"), Outcome::Failed("SnapshotRefused"));
    let odd = rig.snapshot_writes().path(key("odd"));
    rig.s3_proxy.rule(odd, Action::Answer(Answer::s3(400, "InvalidArgument")));
    rig.land(&corpus).await?;
    let worker = rig.worker("worker")?;
    rig.until_recorded("Indexed", SOUND, UNDISTURBED).await?;
    // Another one tells that it is not the bucket's fault.
    let mut later = Corpus::default();
    later.add(key("later"), &Article::generated(&rig.name, 2000), Form::Nitf);
    rig.land(&later).await?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    corpus.objects.extend(later.objects);
    corpus.outcomes.extend(later.outcomes);
    rig.judge(&corpus).await
}

/// Keys that begin or end as others' evidence does. What becomes of one leaves the evidence of the others alone.
async fn evidence_of_similar_keys_is_kept_apart(rig: &Rig) -> Result<()> {
    let keys =
        ["wire/a", "wire/a.error.json", "wire/a.error.json.error.json", "wire/messages/a", "wire/objects/a"];
    let mut corpus = Corpus::default();
    for (number, key) in keys.into_iter().enumerate() {
        corpus.add_broken(key, &Article::generated(&rig.name, number), Form::Nitf, Fault::ALL[0]);
    }
    let mut spec = rig.spec();
    spec["raw"]["suffixes"] = json!([]);
    rig.land(&corpus).await?;
    rig.drain_for(&spec).await?;
    rig.judge(&corpus).await?;
    let mut mended = Corpus::default();
    mended.add("wire/a", &Article::generated(&rig.name, 0), Form::Nitf);
    rig.land(&mended).await?;
    rig.drain_for(&spec).await?;
    corpus.objects.extend(mended.objects);
    corpus.outcomes.extend(mended.outcomes);
    rig.judge(&corpus).await
}
