//! Documents that cannot be taken, one by one or all of them, and buckets that take nothing: the one is a document's
//! fault and the other is not.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Fault, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::evidence::error_record;
use e2e::faults::{Action, Answer, Match};
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_what_cannot_be_written_waits() -> Result<()> {
    side_by_side(vec![
        case("one-400", rig::run("one-400", Form::Nitf, one_item_does_not_fit_the_mapping)),
        case("dates", rig::run("dates", Form::Nitf, dates_of_all_ages)),
        case("hostile", rig::run("hostile", Form::Nitf, hostile_documents)),
        case("all-invalid", rig::run("all-invalid", Form::Nitf, everything_is_invalid)),
        case("no-snapshots", rig::run("no-snapshots", Form::Nitf, snapshots_are_denied)),
        case("no-packs", rig::run("no-packs", Form::Nitf, packs_are_denied)),
        case("no-errors", rig::run("no-errors", Form::Nitf, the_errors_bucket_is_denied)),
    ])
    .await
}

async fn one_item_does_not_fit_the_mapping(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, 30, 0);
    let large = Article { urgency: "300".into(), ..Article::generated(&rig.name, 1000) };
    let key = "wire/large.xml";
    corpus.add(key, &large, Form::Nitf);
    corpus.outcomes.insert(key.into(), Outcome::Failed("IndexRejected"));
    let index = format!("articles-{}-2026.01", rig.name);
    let mapping = json!({"mappings": {"properties": {"urgency": {"type": "byte"}}}});
    rig.elastic.expect(Method::PUT, &index, Some(mapping)).await?;
    rig.land(&corpus).await?;
    rig.drain().await?;
    rig.judge(&corpus).await?;
    let (_, told) = error_record(&rig.s3, &rig.errors_bucket(), key).await?;
    let told = told.to_string();
    ensure!(told.contains("out of range"), "Elasticsearch's reason is not in {told}");
    Ok(())
}

/// The index is the article's own, whatever the clock says.
async fn dates_of_all_ages(rig: &Rig) -> Result<()> {
    let dates = [
        ("1970-01-01T00:00:00Z", "1970.01"),
        ("2999-12-31T23:59:59Z", "2999.12"),
        ("2026-01-31T23:59:59.999Z", "2026.01"),
        ("2026-02-01T00:00:00Z", "2026.02"),
        ("2026-01-31T23:30:00-02:00", "2026.02"),
        ("2026-02-01T00:30:00+01:00", "2026.01"),
    ];
    let mut corpus = Corpus::default();
    for (number, (date, _)) in dates.iter().enumerate() {
        let article = Article { published: (*date).into(), ..Article::generated(&rig.name, number) };
        corpus.add(format!("wire/{number}.xml"), &article, Form::Nitf);
    }
    rig.land(&corpus).await?;
    rig.drain_for(&rig.spec_of_all_ages(400_000)).await?;
    rig.judge(&corpus).await?;
    let documents = rig.elastic.all(&rig.articles()).await?;
    for (number, (date, month)) in dates.iter().enumerate() {
        let guid = Article::generated(&rig.name, number).guid;
        let document = documents.iter().find(|document| document.id == guid).context("not there")?;
        ensure!(document.index.ends_with(month), "{date} is in {}", document.index);
    }
    Ok(())
}

/// One in twenty tries to break in, to read what it should not, or to use up the machine.
async fn hostile_documents(rig: &Rig) -> Result<()> {
    let spied = rig.es_proxy.count(Match::any().path("/spy"));
    let hostile = hostile(rig)?;
    let mut corpus = Corpus::generated(&rig.name, Form::Nitf, hostile.len() * 19, 0);
    for (number, (bytes, reason)) in hostile.into_iter().enumerate() {
        let key = format!("wire/hostile{number}.xml");
        corpus.objects.insert(key.clone(), bytes);
        corpus.outcomes.insert(key, Outcome::Failed(reason));
    }
    // An external definition is named by many honest articles. It is not read.
    let named = with_doctype(rig, &format!("<!DOCTYPE nitf SYSTEM \"{}/spy.dtd\">", rig.es_proxy.url()), "");
    corpus.objects.insert("wire/named.xml".into(), named);
    corpus
        .outcomes
        .insert("wire/named.xml".into(), Outcome::Indexed(Article::generated(&rig.name, 5000).guid));
    rig.land(&corpus).await?;
    rig.drain().await?;
    ensure!(spied.hits() == 0, "the worker asked for what a document named");
    rig.judge(&corpus).await
}

/// An article with a document type declaration, and something in its first paragraph.
fn with_doctype(rig: &Rig, declaration: &str, text: &str) -> Vec<u8> {
    let xml = String::from_utf8_lossy(&Article::generated(&rig.name, 5000).write(Form::Nitf)).into_owned();
    let xml = xml.replacen("<nitf ", &format!("{declaration}\n<nitf "), 1);
    xml.replacen("<p>", &format!("<p>{text}"), 1).into_bytes()
}

fn hostile(rig: &Rig) -> Result<Vec<(Vec<u8>, &'static str)>> {
    let laugh = |level| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10));
    let laughs = (1..10).map(laugh).collect::<Vec<_>>().concat();
    let laughs = format!("<!DOCTYPE nitf [<!ENTITY l0 \"ha\">{laughs}]>");
    let spy = format!("<!DOCTYPE nitf [<!ENTITY x SYSTEM \"{}/spy\">]>", rig.es_proxy.url());
    let file = "<!DOCTYPE nitf [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let sound = Article::generated(&rig.name, 5000).write(Form::Nitf);
    let deep = format!("<nitf>{}", "<p>".repeat(200_000));
    let wide = (0..200_000).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
    let bomb = gzip(&vec![b' '; 300 << 20])?;
    let broken = gzip(&sound)?;
    Ok(vec![
        (with_doctype(rig, &laughs, "&l9;"), "EntityRefused"),
        (with_doctype(rig, &spy, "&x;"), "EntityRefused"),
        (with_doctype(rig, file, "&x;"), "EntityRefused"),
        (deep.into_bytes(), "LimitExceeded"),
        (format!("<nitf{wide}/>").into_bytes(), "LimitExceeded"),
        (bomb, "LimitExceeded"),
        (broken[..broken.len() / 2].to_vec(), "CorruptCompression"),
        ([b"<nitf>\xff\xfe".as_slice(), &sound].concat(), "InvalidBytes"),
        (b"<?xml version=\"1.0\" encoding=\"EBCDIC-XX\"?><nitf/>".to_vec(), "UnsupportedEncoding"),
        (Vec::new(), "EmptyObject"),
        (b"%PDF-1.7 what is this?".to_vec(), "MalformedXml"),
        (b"<html/>".to_vec(), "NoRecord"),
    ])
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

async fn everything_is_invalid(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::default();
    for number in 0..200 {
        let fault = Fault::ALL[number % Fault::ALL.len()];
        let key = format!("wire/{number}.xml");
        corpus.add_broken(key, &Article::generated(&rig.name, number), Form::Nitf, fault);
    }
    let counts = [rig.s3_proxy.count(rig.reads()), rig.s3_proxy.count(rig.error_writes())];
    let bulks = rig.es_proxy.count(Match::any().path("_bulk"));
    rig.land(&corpus).await?;
    rig.drain().await?;
    let hits = counts.map(|count| count.hits());
    ensure!(hits == [200, 400], "each object is read once and kept with its reason: {hits:?}");
    ensure!(bulks.hits() <= 200, "{} bulks for 200 records", bulks.hits());
    rig.judge(&corpus).await
}

async fn snapshots_are_denied(rig: &Rig) -> Result<()> {
    writes_of_snapshots_are_denied(rig, &rig.spec()).await
}

async fn packs_are_denied(rig: &Rig) -> Result<()> {
    writes_of_snapshots_are_denied(rig, &rig.packed_spec()).await?;
    let packs = rig.s3.list(&rig.snapshots_bucket()).await?;
    ensure!(packs.iter().all(|pack| pack.key.starts_with("json/.docmill/packs/")), "{packs:?}");
    Ok(())
}

async fn writes_of_snapshots_are_denied(rig: &Rig, spec: &serde_json::Value) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 30, 0);
    rig.land(&corpus).await?;
    let told = rig.messages().await?;
    let denied = rig.s3_proxy.rule(rig.snapshot_writes(), Action::Answer(Answer::s3(403, "AccessDenied")));
    let worker = rig.worker_for("worker", spec)?;
    tokio::time::sleep(Duration::from_secs(12)).await;
    ensure!(denied.hits() > 0, "nothing was tried");
    ensure!(rig.messages().await? == told, "messages were acknowledged without a snapshot");
    let indexed = rig.elastic.count(&rig.articles()).await?;
    ensure!(indexed == 0, "{indexed} documents are in the index and not in the snapshots");
    denied.remove();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}

async fn the_errors_bucket_is_denied(rig: &Rig) -> Result<()> {
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 60, 20);
    rig.land(&corpus).await?;
    let denied = rig.s3_proxy.rule(rig.error_writes(), Action::Answer(Answer::s3(403, "AccessDenied")));
    let worker = rig.worker("worker")?;
    rig.until_recorded("Indexed", corpus.sound(), RECOVERED).await?;
    ensure!(rig.recorded("Failed").await? == 0, "a refusal was recorded without its evidence");
    ensure!(rig.messages().await? > 0, "messages of refused units were acknowledged");
    denied.remove();
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}
