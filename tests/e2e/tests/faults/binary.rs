//! Objects that are not read as anything: what they are is found, whatever their bytes, keys, metadata and tags.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::bytes::{self, corpus, noise, samples};
use e2e::cases::{case, side_by_side};
use e2e::corpus::{Corpus, Outcome};
use e2e::faults::{Action, Answer};
use e2e::resources::binary_source;
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MEBIBYTE: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_every_kind_become_documents_about_them() -> Result<()> {
    side_by_side(vec![
        case("kinds", rig::run("kinds", Form::Nitf, every_kind_of_object)),
        case("packed-kinds", rig::run("packed-kinds", Form::Nitf, every_kind_of_object_in_packs)),
        case("tags", rig::run("tags", Form::Nitf, metadata_and_tags)),
        case("no-tags", rig::run("no-tags", Form::Nitf, tags_are_denied)),
        case("too-large", rig::run("too-large", Form::Nitf, one_object_is_too_large)),
        case("cut-noise", rig::run("cut-noise", Form::Nitf, answers_break_off)),
        case("large-noise", rig::run("large-noise", Form::Nitf, large_objects_at_once)),
    ])
    .await
}

/// The spec of workers, with the places of the rig.
fn spec(rig: &Rig) -> Value {
    let mut spec = rig.spec();
    let mut binary = binary_source(&rig.env, &rig.name, "http://unused/1/q");
    for part in ["raw", "conversion"] {
        spec[part] = binary["spec"][part].take();
    }
    for part in ["name", "id"] {
        spec["index"][part] = binary["spec"]["index"][part].take();
    }
    spec
}

async fn every_kind_of_object(rig: &Rig) -> Result<()> {
    take_in_every_kind(rig, &spec(rig)).await
}

async fn every_kind_of_object_in_packs(rig: &Rig) -> Result<()> {
    let mut spec = spec(rig);
    spec["snapshots"]["packing"] = "Packed".into();
    take_in_every_kind(rig, &spec).await
}

async fn take_in_every_kind(rig: &Rig, spec: &Value) -> Result<()> {
    let samples = samples()?;
    let corpus = corpus(&samples);
    let objects = rig.land(&corpus).await?;
    rig.drain_for(spec).await?;
    rig.judge(&corpus).await?;
    for sample in &samples {
        let document = document(rig, sample.key).await?;
        ensure!(document["contentType"] == sample.media_type, "{}: {document}", sample.key);
        ensure!(document["size"] == sample.bytes.len(), "{}: {document}", sample.key);
        let digest = format!("{:x}", Sha256::digest(&sample.bytes));
        ensure!(document["digest"] == digest, "{}: {document}", sample.key);
        ensure!(document["key"] == sample.key, "{}: {document}", sample.key);
    }
    // Told of again, converted again, rehearsed: there is nothing new to say.
    rig.tell(&objects).await?;
    rig.drain_for(spec).await?;
    let again = rig.run_for("again", &json!({"mode": "Reconvert"}), spec).await?;
    ensure!(again["changed"] == 0 && again["unchanged"] == samples.len(), "{again}");
    let shadow = json!({"mode": "Shadow", "conversion": {"format": "Binary"}});
    let rehearsed = rig.run_for("rehearsed", &shadow, spec).await?;
    ensure!(rehearsed["unchanged"] == samples.len(), "{rehearsed}");
    let audited = rig.run_for("audited", &json!({"mode": "Audit"}), spec).await?;
    ensure!(audited["differences"] == 0, "{audited}");
    rig.judge(&corpus).await
}

async fn metadata_and_tags(rig: &Rig) -> Result<()> {
    const KEY: &str = "wire/photo";
    // S3 makes encoded words of what is not ASCII; other stores give it back as it was put.
    let metadata = [("title", "=?UTF-8?B?WsO8cmljaA==?="), ("camera.model", "x 1"), ("place", "Köln")];
    let described = ("image/x-odd", &metadata[..], "desk=sport&place=Z%C3%BCrich");
    let object = rig.s3.put_described(&rig.raw_bucket(), KEY, b"GIF89a\x01\0".to_vec(), described).await?;
    rig.tell(std::slice::from_ref(&object)).await?;
    let spec = spec(rig);
    rig.drain_for(&spec).await?;
    let found = document(rig, KEY).await?;
    ensure!(found["declaredContentType"] == "image/x-odd" && found["contentType"] == "image/gif", "{found}");
    ensure!(
        found["metadata"] == json!({"camera.model": "x 1", "place": "Köln", "title": "Zürich"}),
        "{found}"
    );
    ensure!(found["tags"] == json!({"desk": "sport", "place": "Zürich"}), "{found}");
    for (field, value) in [("metadata.title", "Zürich"), ("tags.desk", "sport")] {
        let query = json!({"query": {"term": {field: value}}});
        let hits = rig.elastic.search(&rig.articles(), query).await?;
        ensure!(hits.len() == 1, "{} hits for {value} in {field}", hits.len());
    }
    // New tags are no new unit; whoever converts again has them.
    rig.s3.tag(&rig.raw_bucket(), KEY, "desk", "news").await?;
    rig.tell(&[object]).await?;
    rig.drain_for(&spec).await?;
    ensure!(document(rig, KEY).await?["tags"]["desk"] == "sport", "a known unit was converted again");
    let again = rig.run_for("again", &json!({"mode": "Reconvert"}), &spec).await?;
    ensure!(again["changed"] == 1, "{again}");
    let found = document(rig, KEY).await?;
    ensure!(found["tags"] == json!({"desk": "news"}), "{found}");
    Ok(())
}

async fn tags_are_denied(rig: &Rig) -> Result<()> {
    let denied =
        rig.s3_proxy.rule(rig.reads().path("tagging"), Action::Answer(Answer::s3(403, "AccessDenied")));
    let (bucket, mut objects) = (rig.raw_bucket(), Vec::new());
    for key in ["wire/a", "wire/b"] {
        let described = ("text/plain", &[("a", "b")][..], "desk=sport");
        objects.push(rig.s3.put_described(&bucket, key, key.into(), described).await?);
    }
    rig.tell(&objects).await?;
    rig.drain_for(&spec(rig)).await?;
    ensure!(denied.hits() >= 2, "{} requests for tags", denied.hits());
    for object in &objects {
        let found = document(rig, &object.key).await?;
        ensure!(found["metadata"] == json!({"a": "b"}) && found["tags"].is_null(), "{found}");
    }
    Ok(())
}

async fn one_object_is_too_large(rig: &Rig) -> Result<()> {
    let mut spec = spec(rig);
    spec["conversion"]["limits"] = json!({"maxObjectBytes": 1000});
    let mut corpus = Corpus::default();
    for (key, length, outcome) in [
        ("wire/fits", 1000, Outcome::Indexed("wire/fits".into())),
        ("wire/large", 1001, Outcome::Failed("LimitExceeded")),
    ] {
        corpus.objects.insert(key.into(), noise(2, length));
        corpus.outcomes.insert(key.into(), outcome);
    }
    rig.land(&corpus).await?;
    rig.drain_for(&spec).await?;
    rig.judge(&corpus).await
}

/// A body that ends too soon, and tags that cannot be had at the moment, are asked for again; the document is that of the
/// whole object.
async fn answers_break_off(rig: &Rig) -> Result<()> {
    const KEY: &str = "wire/noise";
    let bytes = noise(3, 8 * MEBIBYTE);
    let described = ("audio/odd", &[][..], "desk=sport");
    let object = rig.s3.put_described(&rig.raw_bucket(), KEY, bytes.clone(), described).await?;
    let slow = Action::Answer(Answer::s3(503, "SlowDown"));
    // The client itself asks three times; what is more is for the worker.
    let tags = rig.s3_proxy.rule_for(4, rig.reads().path("tagging"), slow);
    let body = rig.s3_proxy.rule_for(2, rig.reads(), Action::Cut(5 * MEBIBYTE));
    rig.tell(&[object]).await?;
    rig.drain_for(&spec(rig)).await?;
    ensure!((body.hits(), tags.hits()) == (2, 4), "{} bodies and {} tags", body.hits(), tags.hits());
    let corpus = Corpus {
        objects: [(KEY.into(), bytes.clone())].into(),
        outcomes: [(KEY.into(), Outcome::Indexed(KEY.into()))].into(),
    };
    rig.judge(&corpus).await?;
    let found = document(rig, KEY).await?;
    ensure!(found["digest"] == format!("{:x}", Sha256::digest(&bytes)), "{found}");
    ensure!(found["tags"] == json!({"desk": "sport"}), "{found}");
    Ok(())
}

/// More at once than a worker may have memory for.
async fn large_objects_at_once(rig: &Rig) -> Result<()> {
    let mut objects = Vec::new();
    for number in 0..3 {
        let parts = (0..4).map(|part| noise(number * 4 + part, 16 * MEBIBYTE));
        let key = format!("wire/noise-{number}");
        objects.push(rig.s3.put_in_parts(&rig.raw_bucket(), &key, parts).await?);
    }
    rig.tell(&objects).await?;
    let worker = rig.worker_for("worker", &spec(rig))?;
    let began = std::time::Instant::now();
    rig.settled(RECOVERED + Duration::from_mins(1)).await?;
    println!("{} KiB at most, {:?} for 192 MiB", worker.peak_kibibytes()?, began.elapsed());
    worker.end(ENDED).await?;
    for (number, object) in (0..).zip(&objects) {
        let mut hash = Sha256::new();
        (0..4).for_each(|part| hash.update(bytes::noise(number * 4 + part, 16 * MEBIBYTE)));
        let found = document(rig, &object.key).await?;
        ensure!(found["digest"] == format!("{:x}", hash.finalize()), "{found}");
        ensure!(found["size"] == 64 * MEBIBYTE, "{found}");
    }
    Ok(())
}

/// The document with this id.
async fn document(rig: &Rig, id: &str) -> Result<Value> {
    let documents = rig.elastic.all(&rig.articles()).await?;
    let found = documents.into_iter().find(|document| document.id == id);
    Ok(found.with_context(|| format!("{id:?} is not in the index"))?.source)
}
