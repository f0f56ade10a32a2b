//! Objects that are removed, where documents go with their objects: whatever is told in which order, and whatever is under
//! way meanwhile, nothing that was removed can be found, and everything else can.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::api::storage::Packing;
use e2e::articles::{Article, Fault, Form};
use e2e::cases::{Case, case, side_by_side};
use e2e::corpus::Corpus;
use e2e::faults::{Action, Answer, Match, Point, Proxy};
use e2e::notices;
use e2e::rig::removals::removing;
use e2e::rig::{self, ENDED, REACHED, RECOVERED, Rig};
use e2e::s3::Listed;
use serde_json::{Value, json};

#[tokio::test]
async fn what_was_removed_cannot_be_found_whatever_was_told_when() -> Result<()> {
    side_by_side(vec![
        case("removed", rig::run("removed", Form::Nitf, removed_with_evidence)),
        case("rm-shuffled", rig::run("rm-shuffled", Form::Nitf, told_often_and_in_any_order)),
        case("rm-corrected", rig::run("rm-corrected", Form::Nitf, removed_after_a_correction_that_failed)),
        case("rm-again", rig::run("rm-again", Form::Nitf, put_again_after_its_removal)),
        case("rm-versions", rig::run("rm-versions", Form::Nitf, versions_and_their_markers)),
        case("rm-untold", rig::run("rm-untold", Form::Nitf, an_audit_finds_what_nobody_told_of)),
    ])
    .await
}

#[tokio::test]
async fn a_removal_overtakes_nothing_that_is_under_way() -> Result<()> {
    side_by_side(vec![
        overtaking("rm-read", |rig| &rig.s3_proxy, Rig::reads, Point::After),
        overtaking("rm-claimed", |rig| &rig.es_proxy, Rig::head_bulks, Point::After),
        overtaking("rm-indexing", |rig| &rig.es_proxy, Rig::article_bulks, Point::Before),
        overtaking("rm-indexed", |rig| &rig.es_proxy, Rig::article_bulks, Point::After),
        overtaking("rm-recording", |rig| &rig.es_proxy, Rig::ledger_bulks, Point::Before),
    ])
    .await
}

#[tokio::test]
async fn all_documents_of_an_object_go_however_many_there_are() -> Result<()> {
    let mut cases = Vec::new();
    for packing in [Packing::PerUnit, Packing::Packed] {
        for end in [End::Removed, End::Shorter, End::SnapshotLost] {
            cases.push(many_documents(packing, end));
        }
    }
    side_by_side(cases).await
}

#[tokio::test]
async fn a_head_that_is_refused_for_good_is_told_and_tried_with_pauses() -> Result<()> {
    side_by_side(vec![
        case("heads-refused", rig::run("heads-refused", Form::Nitf, heads_are_refused)),
        case("rm-refused", rig::run("rm-refused", Form::Nitf, tombstones_are_refused)),
    ])
    .await
}

/// Keys of a corpus, as they are ordered there.
fn keys(corpus: &Corpus) -> Vec<String> {
    corpus.objects.keys().cloned().collect()
}

async fn removed_with_evidence(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 24, 4);
    rig.land(&corpus).await?;
    rig.drain_removing().await?;
    rig.judge(&corpus).await?;
    let keys = keys(&corpus);
    let gone: Vec<&str> = keys.iter().take(12).map(String::as_str).collect();
    corpus.remove_all(&gone);
    rig.take_away(&gone).await?;
    // Also one that nobody has told of before.
    rig.tell_removed(&[gone.as_slice(), &["wire/unknown.xml"]].concat()).await?;
    rig.drain_removing().await?;
    let removed = rig.recorded_for("ObjectRemoved").await?;
    ensure!(removed == 12, "{removed} of 12 records say that their object was removed");
    rig.judge(&corpus).await
}

/// A third stays, a third is removed, a third is removed and put again with another text; everything is told three times.
async fn told_often_and_in_any_order(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 60, 10);
    let bucket = rig.raw_bucket();
    let mut messages = told(&bucket, &rig.put(&corpus).await?);
    let mut again = Corpus::default();
    for (number, key) in keys(&corpus).iter().enumerate().filter(|(number, _)| number % 3 > 0) {
        rig.take_away(&[key]).await?;
        messages.extend(rig.removals(&[key]));
        corpus.remove(key);
        if number % 3 == 2 {
            let article = Article { headline: "Again".into(), ..Article::generated(&rig.name, number) };
            again.add(key.clone(), &article, Form::Nitf);
        }
    }
    messages.extend(told(&bucket, &rig.put(&again).await?));
    corpus.objects.extend(again.objects);
    corpus.outcomes.extend(again.outcomes);
    let mut messages = [messages.clone(), messages.clone(), messages].concat();
    notices::shuffle(&mut messages, 29);
    rig.send(messages).await?;
    let spec = rig.removing_spec();
    let workers = [rig.worker_for("first", &spec)?, rig.worker_for("second", &spec)?];
    rig.settled(RECOVERED).await?;
    for worker in workers {
        worker.end(ENDED).await?;
    }
    rig.judge(&corpus).await
}

fn told(bucket: &str, objects: &[Listed]) -> Vec<String> {
    objects.iter().map(|object| notices::message(bucket, std::slice::from_ref(object))).collect()
}

/// The last good version is found as long as its object has a version; then it goes too.
async fn removed_after_a_correction_that_failed(rig: &Rig) -> Result<()> {
    let article = Article::generated(&rig.name, 0);
    let key = "wire/article.xml";
    let mut corpus = Corpus::default();
    corpus.add(key, &article, Form::Nitf);
    rig.land(&corpus).await?;
    rig.drain_removing().await?;
    let mut broken = Corpus::default();
    broken.add_broken(key, &article, Form::Nitf, Fault::Malformed);
    rig.land(&broken).await?;
    rig.drain_removing().await?;
    ensure!(rig.elastic.count(&rig.articles()).await? == 1, "the last good version is not found any more");
    rig.take_away(&[key]).await?;
    rig.tell_removed(&[key]).await?;
    rig.drain_removing().await?;
    corpus.remove(key);
    rig.judge(&corpus).await
}

/// The same bytes too, which without versions are the same unit as before.
async fn put_again_after_its_removal(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 6, 3);
    rig.land(&corpus).await?;
    rig.drain_removing().await?;
    let keys = keys(&corpus);
    let gone: Vec<&str> = keys.iter().map(String::as_str).collect();
    rig.take_away(&gone).await?;
    rig.tell_removed(&gone).await?;
    rig.drain_removing().await?;
    ensure!(rig.elastic.count(&rig.articles()).await? == 0, "documents of removed objects can be found");
    let other = Article { headline: "Another".into(), ..Article::generated(&rig.name, 0) };
    corpus.add(keys[0].clone(), &other, Form::Nitf);
    rig.land(&corpus).await?;
    // Late news of the removal.
    rig.tell_removed(&gone).await?;
    rig.drain_removing().await?;
    rig.judge(&corpus).await
}

/// One key after the other: put and marked as removed, told in the wrong order; an old version removed for good; the present
/// one removed for good, so that the one before it is back; and a marker removed.
async fn versions_and_their_markers(rig: &Rig) -> Result<()> {
    let (bucket, s3) = (rig.raw_bucket(), &rig.s3);
    s3.keep_versions(&bucket).await?;
    let text = |number: usize, headline: &str| {
        Article { headline: headline.into(), ..Article::generated(&rig.name, number) }.write(Form::Nitf)
    };
    let removed = |key: &str, version: &str| notices::removal(&bucket, key, Some(version));
    let worker = rig.worker_for("worker", &rig.removing_spec())?;
    let tell = async |message: String| {
        rig.send(vec![message]).await?;
        rig.settled(RECOVERED).await
    };

    let late = "wire/late.xml";
    let (object, version) = s3.put_version(&bucket, late, text(0, "Late")).await?;
    let marker = s3.mark_removed(&bucket, late).await?;
    tell(removed(late, &marker)).await?;
    tell(notices::version(&bucket, &object, &version)).await?;
    is_found(rig, late, None).await?;

    let kept = "wire/kept.xml";
    let (first, first_version) = s3.put_version(&bucket, kept, text(1, "First")).await?;
    tell(notices::version(&bucket, &first, &first_version)).await?;
    let (second, second_version) = s3.put_version(&bucket, kept, text(1, "Second")).await?;
    tell(notices::version(&bucket, &second, &second_version)).await?;
    let (third, third_version) = s3.put_version(&bucket, kept, text(1, "Third")).await?;
    tell(notices::version(&bucket, &third, &third_version)).await?;
    s3.remove_version(&bucket, kept, &first_version).await?;
    tell(removed(kept, &first_version)).await?;
    is_found(rig, kept, Some("Third")).await?;
    s3.remove_version(&bucket, kept, &third_version).await?;
    tell(removed(kept, &third_version)).await?;
    is_found(rig, kept, Some("Second")).await?;

    let marker = s3.mark_removed(&bucket, kept).await?;
    tell(removed(kept, &marker)).await?;
    is_found(rig, kept, None).await?;
    s3.remove_version(&bucket, kept, &marker).await?;
    tell(removed(kept, &marker)).await?;
    is_found(rig, kept, Some("Second")).await?;
    worker.end(ENDED).await
}

/// The headline by which the object of a key is found.
async fn is_found(rig: &Rig, key: &str, expected: Option<&str>) -> Result<()> {
    let documents = rig.elastic.all(&rig.articles()).await?;
    let of_key: Vec<_> = documents
        .iter()
        .filter(|document| document.source["_docmill"]["unit"]["key"] == key)
        .filter_map(|document| document.source["headline"].as_str())
        .collect();
    ensure!(
        of_key == expected.into_iter().collect::<Vec<_>>(),
        "{key} is found as {of_key:?}, not {expected:?}"
    );
    Ok(())
}

async fn an_audit_finds_what_nobody_told_of(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 12, 4);
    rig.land(&corpus).await?;
    rig.drain_removing().await?;
    let keys = keys(&corpus);
    let gone: Vec<&str> = keys.iter().take(6).map(String::as_str).collect();
    corpus.remove_all(&gone);
    rig.take_away(&gone).await?;
    let spec = rig.removing_spec();
    let found = rig.run_for("audit", &json!({"mode": "Audit", "repair": true}), &spec).await?;
    ensure!(found["differences"] == found["repaired"] && found["differences"] != 0, "{found}");
    rig.judge(&corpus).await?;
    let found = rig.run_for("again", &json!({"mode": "Audit"}), &spec).await?;
    ensure!(found["differences"] == 0, "{found}");
    Ok(())
}

/// A worker is stopped on its way with an object, which is removed, and another worker is told of that. Then the first one
/// goes on.
fn overtaking(
    name: &'static str,
    proxy: fn(&Rig) -> &Proxy,
    request: fn(&Rig) -> Match,
    point: Point,
) -> Case<'static> {
    case(name, async move {
        rig::run(name, Form::Nitf, async |rig| {
            let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 1, 0);
            let key = keys(&corpus).remove(0);
            let spec = rig.removing_spec();
            let slow = rig.worker_for("slow", &spec)?;
            let gate = proxy(rig).hold(1, request(rig), point);
            rig.land(&corpus).await?;
            let held = gate.next(REACHED).await?;
            rig.take_away(&[&key]).await?;
            corpus.remove(&key);
            let tombstones = rig.es_proxy.count(rig.head_bulks().body("\"gone\":true"));
            rig.tell_removed(&[&key]).await?;
            let fast = rig.worker_for("fast", &spec)?;
            // The message of the put is in the hands of the first one.
            e2e::wait::until("the removal's end", RECOVERED, async || {
                let messages = rig.messages().await?;
                Ok(e2e::wait::Look::holds(messages == 1, format!("{messages} messages")))
            })
            .await?;
            ensure!(tombstones.hits() > 0, "no tombstone was written");
            held.go();
            rig.settled(RECOVERED).await?;
            slow.end(ENDED).await?;
            fast.end(ENDED).await?;
            rig.judge(&corpus).await
        })
        .await
    })
}

/// What becomes of an object with many documents.
#[derive(Clone, Copy, Debug)]
enum End {
    Removed,
    /// Another version has only some of them.
    Shorter,
    /// It is removed when its snapshot is not there any more.
    SnapshotLost,
}

/// More than a record names.
const MANY: usize = 1203;
const FEW: usize = 3;

fn many_documents(packing: Packing, end: End) -> Case<'static> {
    let name = format!("rm-many-{packing:?}-{end:?}").to_lowercase();
    case(name.clone(), async move {
        rig::run(&name, Form::Nitf, async |rig| {
            let spec = if packing == Packing::Packed { rig.packed_spec() } else { rig.spec() };
            let spec = feed_spec(removing(spec));
            let key = "wire/feed.xml";
            let bucket = rig.raw_bucket();
            let object = rig.s3.put(&bucket, key, feed(&rig.name, MANY)).await?;
            rig.tell(&[object]).await?;
            rig.drain_for(&spec).await?;
            counted(rig, MANY).await?;
            if matches!(end, End::SnapshotLost) {
                for snapshot in rig.s3.list(&rig.snapshots_bucket()).await? {
                    rig.s3.remove(&rig.snapshots_bucket(), &snapshot.key).await?;
                }
            }
            if matches!(end, End::Shorter) {
                let object = rig.s3.put(&bucket, key, feed(&rig.name, FEW)).await?;
                rig.tell(&[object]).await?;
                rig.drain_for(&spec).await?;
                return counted(rig, FEW).await;
            }
            rig.take_away(&[key]).await?;
            rig.tell_removed(&[key]).await?;
            rig.drain_for(&spec).await?;
            counted(rig, 0).await
        })
        .await
    })
}

async fn counted(rig: &Rig, expected: usize) -> Result<()> {
    let documents = rig.elastic.count(&rig.articles()).await?;
    ensure!(documents == expected as u64, "{documents} documents can be found, not {expected}");
    Ok(())
}

fn feed_spec(mut spec: Value) -> Value {
    spec["conversion"] = json!({
        "record": "/feed/item",
        "fields": [
            {"name": "guid", "path": ["@id"], "required": true},
            {"name": "publishedAt", "path": ["@at"], "type": "dateTime", "required": true},
        ],
    });
    spec
}

fn feed(series: &str, count: usize) -> Vec<u8> {
    let mut text = String::from("<feed>");
    for number in 0..count {
        // Writing to a String cannot fail.
        let _ = write!(text, "<item id=\"{series}-{number}\" at=\"2026-01-02T03:04:05Z\"/>");
    }
    text.push_str("</feed>");
    text.into_bytes()
}

/// How long the heads index refuses.
const REFUSING: Duration = Duration::from_secs(8);

/// Every item is refused as one that does not fit the mapping is.
fn refused(body: &[u8]) -> Answer {
    let lines = std::str::from_utf8(body).unwrap_or_default().lines();
    let actions = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let actions = actions
        .filter_map(|line| line.as_object()?.iter().next().map(|(name, meta)| (name.clone(), meta.clone())));
    let items: Vec<Value> = actions
        .filter(|(_, meta)| meta.get("_index").is_some())
        .map(|(name, meta)| {
            let error = json!({"type": "document_parsing_exception", "reason": "said by the test's proxy"});
            json!({name: {"_index": meta["_index"], "_id": meta["_id"], "status": 400, "error": error}})
        })
        .collect();
    Answer::json(200, &json!({"took": 1, "errors": true, "items": items}))
}

async fn heads_are_refused(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 20, 5);
    rig.land(&corpus).await?;
    during_refusals(rig, "worker", &rig.spec()).await?;
    rig.judge(&corpus).await
}

async fn tombstones_are_refused(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 4, 0);
    rig.land(&corpus).await?;
    rig.drain_removing().await?;
    let keys = keys(&corpus);
    let gone: Vec<&str> = keys.iter().take(2).map(String::as_str).collect();
    rig.take_away(&gone).await?;
    rig.tell_removed(&gone).await?;
    corpus.remove_all(&gone);
    during_refusals(rig, "refused", &rig.removing_spec()).await?;
    rig.judge(&corpus).await
}

/// Lets a worker meet a heads index that refuses, and checks that it says so and does not hammer. Then lets it finish.
async fn during_refusals(rig: &Rig, name: &str, spec: &Value) -> Result<()> {
    let refusals = rig.es_proxy.rule(rig.head_bulks(), Action::Reply(Duration::ZERO, refused));
    let worker = rig.worker_for(name, spec)?;
    tokio::time::sleep(REFUSING).await;
    ensure!(refusals.hits() > 0, "nothing was tried");
    ensure!(refusals.hits() <= 60, "{} requests in {REFUSING:?}", refusals.hits());
    let said = rig.said(name)?;
    said.lines()
        .find(|line| line.contains("refuses") && line.contains("said by the test's proxy"))
        .context("nobody is told")?;
    refusals.remove();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await
}
