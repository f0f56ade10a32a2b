//! Where documents go whose dates, ids and numbers are odd: an index is not made by a wrong date, or by too many values; of
//! documents with one id the last one stands; and what is converted is indexed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::records::units::MAX_OVERWRITTEN_IDS;
use e2e::articles::Form;
use e2e::cases::{case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

/// New indices that the hostile source may make within an hour.
const MOST: usize = 10;
const DAYS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn odd_dates_ids_and_numbers_harm_nobody_else_and_lose_nothing() -> Result<()> {
    side_by_side(vec![
        case("window", rig::run("window", Form::Nitf, dates_outside_of_the_window)),
        case("new-indices", rig::run("new-indices", Form::Nitf, an_index_for_each_day)),
        case("large-days", rig::run("large-days", Form::Nitf, an_index_for_each_day_in_one_object)),
        case("same-id", rig::run("same-id", Form::Nitf, one_id_three_times)),
        case("same-ids", rig::run("same-ids", Form::Nitf, ids_again_and_again_in_a_large_object)),
        case("numbers", rig::run("numbers", Form::Nitf, what_is_converted_is_indexed)),
    ])
    .await
}

/// A source of JSON lines, with an index for each day.
fn spec(rig: &Rig) -> Value {
    let mut spec = rig.spec();
    spec["raw"]["suffixes"] = json!([".json"]);
    spec["conversion"] = json!({"format": "Json", "record": "$", "fields": [
        {"name": "guid", "path": ["guid"], "required": true},
        {"name": "publishedAt", "path": ["at"], "type": "dateTime", "required": true},
        {"name": "text", "path": ["text"], "type": "text"},
        {"name": "n", "path": ["n"], "type": "integer"},
        {"name": "small", "path": ["small"], "type": "integer", "minimum": 0, "maximum": 9},
    ]});
    spec["index"]["name"] = format!("articles-{}-{{publishedAt:%Y.%m.%d}}", rig.name).into();
    spec
}

fn add(corpus: &mut Corpus, key: &str, document: &Value, outcome: Outcome) {
    let key = format!("wire/{key}.json");
    corpus.objects.insert(key.clone(), document.to_string().into_bytes());
    corpus.outcomes.insert(key, outcome);
}

fn failed(corpus: &Corpus, reason: &str) -> usize {
    corpus
        .outcomes
        .values()
        .filter(|outcome| matches!(outcome, Outcome::Failed(why) if *why == reason))
        .count()
}

/// What has to become of all of them once nothing is in their way.
fn sound(corpus: &Corpus) -> Result<Corpus> {
    let mut corpus = corpus.clone();
    for (key, bytes) in &corpus.objects {
        let document: Value = serde_json::from_slice(bytes)?;
        let guid = document["guid"].as_str().context("no guid")?.to_owned();
        corpus.outcomes.insert(key.clone(), Outcome::Indexed(guid));
    }
    Ok(corpus)
}

async fn dates_outside_of_the_window(rig: &Rig) -> Result<()> {
    let day = |days: i64| Timestamp::now().saturating_add(SignedDuration::from_hours(24 * days));
    let [today, soon, late] = [day(0)?, day(6)?, day(9)?].map(|day| day.to_string());
    let mut corpus = Corpus::default();
    for (name, at) in [("first", "1900-01-01T00:00:00Z"), ("today", &today), ("soon", &soon)] {
        add(&mut corpus, name, &json!({"guid": name, "at": at}), Outcome::Indexed(name.into()));
    }
    for (name, at) in [
        ("year-1", "0001-01-01T00:00:00Z"),
        ("1899", "1899-12-31T23:59:59.999Z"),
        ("late", &late),
        ("never", "9999-12-31T23:59:59Z"),
    ] {
        add(&mut corpus, name, &json!({"guid": name, "at": at}), Outcome::Failed("DateOutOfWindow"));
    }
    rig.land(&corpus).await?;
    rig.drain_for(&spec(rig)).await?;
    rig.judge(&corpus).await?;
    let evidence = rig.s3.get_all(&rig.errors_bucket()).await?;
    let of_never = |key: &String| key.contains("/wire/never.json/") && key.ends_with(".error.json");
    let (_, told) = evidence.into_iter().find(|(key, _)| of_never(key)).context("no error record")?;
    let told = String::from_utf8(told)?;
    ensure!(told.contains("9999-12-31") && told.contains("spec.index.window.aheadDays"), "{told}");
    let outside = failed(&corpus, "DateOutOfWindow");
    let shadow = rig.run_for("shadow", &json!({"mode": "Shadow"}), &spec(rig)).await?;
    ensure!((&shadow["failed"], &shadow["changed"]) == (&json!(outside), &json!(0)), "{shadow}");

    let mut all = spec(rig);
    all["index"]["window"] = json!({"from": "0001-01-01", "aheadDays": 3_652_059});
    let replay = rig.run_for("replay", &json!({"mode": "Replay"}), &all).await?;
    ensure!(replay["done"] == json!(outside), "{replay}");
    rig.judge(&sound(&corpus)?).await
}

/// The test must not see two hours.
async fn well_within_an_hour() {
    let left = 3600 - Timestamp::now().as_second().rem_euclid(3600);
    if left < 60 {
        tokio::time::sleep(Duration::from_secs(left.unsigned_abs() + 1)).await;
    }
}

fn daily(number: usize) -> String {
    let noon =
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(12 + 24 * i64::try_from(number).unwrap_or(0));
    noon.to_string()
}

async fn an_index_for_each_day(rig: &Rig) -> Result<()> {
    well_within_an_hour().await;
    let mut capped = spec(rig);
    capped["index"]["maxNewIndicesPerHour"] = MOST.into();
    // What is there costs nothing.
    rig.elastic.expect(Method::PUT, &format!("articles-{}-2026.01.02", rig.name), None).await?;
    let mut corpus = Corpus::default();
    for number in 0..DAYS {
        let guid = format!("day-{number}");
        let document = json!({"guid": guid, "at": daily(number)});
        add(&mut corpus, &guid, &document, Outcome::Failed("TooManyIndices"));
        let guid = format!("there-{number}");
        let document = json!({"guid": guid, "at": "2026-01-02T12:00:00Z"});
        add(&mut corpus, &guid, &document, Outcome::Indexed(guid.clone()));
    }
    rig.land(&corpus).await?;
    let workers = [1, 2, 3]
        .map(|number| rig.worker_for(&format!("worker-{number}"), &capped))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    rig.settled(RECOVERED).await?;
    for worker in workers {
        worker.end(ENDED).await?;
    }
    let made = rig.elastic.indices(&rig.articles()).await?.len() - 1;
    ensure!(made == MOST, "{made} indices were made");
    ensure!(rig.recorded("Failed").await? == DAYS - MOST, "{} failed", rig.recorded("Failed").await?);
    // Which of them came first is the workers' affair.
    let audit = rig.audit().await?;
    ensure!(audit.faults.is_empty(), "{:?}", audit.faults);
    ensure!(audit.failed.values().all(|reason| reason == "TooManyIndices"), "{:?}", audit.failed);
    let replay = rig.run_for("replay", &json!({"mode": "Replay"}), &spec(rig)).await?;
    ensure!(replay["done"] == json!(DAYS - MOST), "{replay}");
    rig.judge(&sound(&corpus)?).await
}

/// Lines of more than 4 MiB, which are never held in memory.
fn large(documents: impl Iterator<Item = (String, String)>) -> Vec<u8> {
    let text = "All work and no play. ".repeat(100);
    let line =
        |(guid, at): (String, String)| json!({"guid": guid, "at": at, "text": text}).to_string() + "\n";
    documents.map(line).collect::<String>().into_bytes()
}

async fn an_index_for_each_day_in_one_object(rig: &Rig) -> Result<()> {
    well_within_an_hour().await;
    let mut capped = spec(rig);
    capped["index"]["maxNewIndicesPerHour"] = MOST.into();
    let mut corpus = Corpus::default();
    let documents = (0..2400).map(|number| (format!("{number}"), daily(number % DAYS)));
    corpus.objects.insert("wire/large.json".into(), large(documents));
    rig.land(&corpus).await?;
    rig.drain_for(&capped).await?;
    let made = rig.elastic.indices(&rig.articles()).await?.len();
    let stored = rig.elastic.all(&rig.articles()).await?.len();
    ensure!((made, stored) == (MOST, 2400 / DAYS * MOST), "{stored} documents in {made} indices");
    let record = record(rig).await?;
    ensure!(
        (&record["state"], &record["reason"]) == (&json!("Failed"), &json!("TooManyIndices")),
        "{record}"
    );
    let replay = rig.run_for("replay", &json!({"mode": "Replay"}), &spec(rig)).await?;
    ensure!(replay["done"] == json!(1), "{replay}");
    ensure!(rig.elastic.all(&rig.articles()).await?.len() == 2400, "not all are there");
    Ok(())
}

/// The record of the only unit.
async fn record(rig: &Rig) -> Result<Value> {
    let mut records = rig.records.all(&rig.ledger()).await?;
    ensure!(records.len() == 1, "{} records", records.len());
    Ok(records.remove(0).source)
}

/// Where each document is.
async fn stored(rig: &Rig) -> Result<BTreeMap<String, String>> {
    let documents = rig.elastic.all(&rig.articles()).await?;
    let day = |index: &str| index.rsplit('-').next().unwrap_or_default().to_owned();
    Ok(documents.into_iter().map(|document| (document.id, day(&document.index))).collect())
}

async fn one_id_three_times(rig: &Rig) -> Result<()> {
    let lines =
        [("2026-01-02", "first"), ("2026-01-03", "second"), ("2026-01-01", "third")].map(|(day, text)| {
            json!({"guid": "same", "at": format!("{day}T00:00:00Z"), "text": text}).to_string()
        });
    let mut corpus = Corpus::default();
    corpus.objects.insert("wire/same.json".into(), lines.join("\n").into_bytes());
    corpus.outcomes.insert("wire/same.json".into(), Outcome::Indexed("same".into()));
    rig.land(&corpus).await?;
    rig.drain_for(&spec(rig)).await?;
    rig.judge(&corpus).await?;
    overwritten(rig, 1, 2).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    ensure!(documents[0].source["text"] == "third", "{:?}", documents[0].source);
    ensure!(stored(rig).await?["same"] == "2026.01.01", "{:?}", stored(rig).await?);
    lost_and_restored(rig).await
}

/// What the record tells, also after a conversion of all that has nothing to do.
async fn overwritten(rig: &Rig, stands: usize, overwritten: usize) -> Result<()> {
    let told = record(rig).await?;
    let counts = (&told["documentCount"], &told["overwrittenCount"]);
    ensure!(counts == (&json!(stands), &json!(overwritten)), "{counts:?}");
    let named = told["overwrittenIds"].as_array().map_or(0, Vec::len);
    ensure!(named == stands.min(MAX_OVERWRITTEN_IDS), "{}", told["overwrittenIds"]);
    for mode in ["Shadow", "Reconvert"] {
        let run = rig.run_for(&mode.to_lowercase(), &json!({"mode": mode}), &spec(rig)).await?;
        ensure!((&run["unchanged"], &run["changed"]) == (&json!(1), &json!(0)), "{mode}: {run}");
    }
    let report: Value = serde_json::from_slice(&rig.run_file("reconvert", "report.json").await?)?;
    ensure!(report.to_string().contains(&format!("\"overwritten\":{overwritten}")), "{report}");
    ensure!(report.to_string().contains("\"reason\":\"DuplicateId\""), "{report}");
    let audit = rig.run_for("audit", &json!({"mode": "Audit"}), &spec(rig)).await?;
    ensure!(audit["differences"] == json!(0), "{audit}");
    Ok(())
}

/// A document that somebody deletes comes back as the one that stood.
async fn lost_and_restored(rig: &Rig) -> Result<()> {
    let before = rig.elastic.all(&rig.articles()).await?;
    let lost = before.first().context("no document")?;
    rig.elastic.delete(&lost.index, &lost.id).await?;
    let mended = rig.run_for("mend", &json!({"mode": "Audit", "repair": true}), &spec(rig)).await?;
    ensure!(mended["repaired"] == json!(1), "{mended}");
    let after = rig.elastic.all(&rig.articles()).await?;
    let restored =
        after.iter().find(|one| one.id == lost.id && one.index == lost.index).context("not there")?;
    ensure!(restored.source["text"] == lost.source["text"], "another one was restored");
    Ok(())
}

/// Three times each, in parts of the object that are indexed one after another, and the last time on another day.
async fn ids_again_and_again_in_a_large_object(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::default();
    let documents = (0..3000).map(|number| (format!("{}", number % 1000), daily(number / 1000)));
    corpus.objects.insert("wire/large.json".into(), large(documents));
    rig.land(&corpus).await?;
    rig.drain_for(&spec(rig)).await?;
    let stored = stored(rig).await?;
    ensure!(
        stored.len() == 1000 && stored.values().all(|day| day == "1970.01.03"),
        "{} documents",
        stored.len()
    );
    overwritten(rig, 1000, 2000).await
}

async fn what_is_converted_is_indexed(rig: &Rig) -> Result<()> {
    let at = "2026-01-02T00:00:00Z";
    let mut corpus = Corpus::default();
    for n in ["18446744073709551615", "9223372036854775808", "-9223372036854775808", "0"] {
        let document = json!({"guid": n, "at": at, "n": n, "small": 9});
        add(&mut corpus, &format!("n{n}"), &document, Outcome::Indexed(n.into()));
    }
    let number = format!("{{\"guid\": \"json\", \"at\": \"{at}\", \"n\": 18446744073709551614}}");
    corpus.objects.insert("wire/json.json".into(), number.into_bytes());
    corpus.outcomes.insert("wire/json.json".into(), Outcome::Indexed("json".into()));
    let exact = json!({"guid": "exact", "at": "2026-01-02T00:00:00.123456789Z"});
    add(&mut corpus, "exact", &exact, Outcome::Indexed("exact".into()));
    let wrong = [
        ("n", json!({"guid": "g", "at": at, "n": "18446744073709551616"})),
        ("fraction", json!({"guid": "g", "at": "2026-01-02T00:00:00.1234567890123Z"})),
    ];
    for (name, document) in wrong {
        add(&mut corpus, &format!("wrong-{name}"), &document, Outcome::Failed("WrongType"));
    }
    rig.land(&corpus).await?;
    rig.drain_for(&spec(rig)).await?;
    rig.judge(&corpus).await?;
    for (query, ids) in [
        (json!({"term": {"n.keyword": "18446744073709551615"}}), vec!["18446744073709551615"]),
        (json!({"term": {"n.keyword": 18_446_744_073_709_551_614_u64}}), vec!["json"]),
        (json!({"range": {"n": {"lt": 0}}}), vec!["-9223372036854775808"]),
        (json!({"term": {"n": 0}}), vec!["0"]),
    ] {
        let body = json!({"query": query, "size": 10});
        let found =
            rig.elastic.expect(Method::POST, &format!("{}/_search", rig.articles()), Some(body)).await?;
        let hits = found["hits"]["hits"].as_array().context("no hits")?;
        let found: Vec<&str> = hits.iter().filter_map(|hit| hit["_id"].as_str()).collect();
        ensure!(found == ids, "{query} found {found:?}");
    }
    Ok(())
}
