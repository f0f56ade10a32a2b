//! Archives of many members, and of many bytes: a worker that is killed in the middle of one loses and doubles nothing, and
//! needs no more memory than for anything else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::archives::{TarGz, Zip};
use e2e::articles::Form;
use e2e::cases::{case, side_by_side};
use e2e::faults::Point;
use e2e::rig::{self, ENDED, REACHED, Rig};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_mins(4);
const MEMBERS: usize = 100_000;
/// Every so many members one is faulty.
const FAULTY_EVERY: usize = 1000;
/// How many bulks are stored before the worker dies.
const BULKS: usize = 20;
/// Files between which the members of the large archive are, and the bytes of each.
const PHOTOS: usize = 66;
const PHOTO_BYTES: usize = 64 << 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn archives_of_100_000_members_and_of_4_gib_are_read_in_bounded_memory() -> Result<()> {
    side_by_side(vec![
        case("tar", rig::run("tar", Form::Nitf, many_members_and_a_worker_that_dies)),
        case("zip", rig::run("zip", Form::Nitf, an_archive_of_four_gibibytes)),
    ])
    .await
}

fn item(rig: &Rig, number: usize) -> Vec<u8> {
    let id = format!("{}-{number}", rig.name);
    format!("<r><item id=\"{id}\" at=\"2026-01-02T03:04:05Z\"><t>Title</t></item></r>").into_bytes()
}

fn spec(rig: &Rig, suffix: &str) -> Value {
    let mut spec = rig.spec();
    spec["raw"]["suffixes"] = json!([suffix]);
    spec["conversion"] = json!({
        "record": "//item",
        "archive": {"members": ["*.xml"]},
        "fields": [
            {"name": "guid", "path": ["@id"], "required": true},
            {"name": "publishedAt", "path": ["@at"], "type": "dateTime", "required": true},
            {"name": "title", "path": ["t"]},
        ],
        "limits": {"maxObjectBytes": 5_i64 << 30},
    });
    spec
}

async fn many_members_and_a_worker_that_dies(rig: &Rig) -> Result<()> {
    let mut tar = TarGz::new();
    for number in 0..MEMBERS {
        let content = if number % FAULTY_EVERY == 0 { b"<r><item".to_vec() } else { item(rig, number) };
        tar.add(&format!("{}/{number}.xml", number / 1000), &content)?;
    }
    let object = rig.s3.put(&rig.raw_bucket(), "wire/many.tar.gz", tar.end()?).await?;
    rig.tell(&[object]).await?;
    let spec = spec(rig, ".tar.gz");
    let gate = rig.es_proxy.hold(usize::MAX, rig.article_bulks(), Point::Before);
    let victim = rig.worker_for("victim", &spec)?;
    for _ in 0..BULKS {
        gate.next(REACHED).await?.go();
    }
    let last = gate.next(REACHED).await?;
    victim.kill()?;
    last.drop_it();
    gate.rule.remove();
    let heir = rig.worker_for("heir", &spec)?;
    rig.settled(LIMIT).await?;
    println!("{} KiB at most with {MEMBERS} members", heir.peak_kibibytes()?);
    heir.end(ENDED).await?;
    let faulty = MEMBERS / FAULTY_EVERY;
    has_documents(rig, MEMBERS - faulty).await?;
    let records = rig.records.all(&rig.ledger()).await?;
    let record = &records.first().context("no record")?.source;
    ensure!(record["state"] == "Failed" && record["reason"] == "MalformedXml", "{record:#}");
    ensure!(record["documentCount"] == MEMBERS - faulty, "{record:#}");
    let kept = rig.s3.list(&rig.errors_bucket()).await?;
    let members = kept.iter().filter(|object| object.key.contains(".members/")).count();
    ensure!(members == 2 * faulty, "{members} objects of refused members");
    Ok(())
}

/// Small members lie before, between and after files that nobody asks for.
async fn an_archive_of_four_gibibytes(rig: &Rig) -> Result<()> {
    let (mut zip, mut made) = (Zip::default(), 0);
    let photo = vec![7; PHOTO_BYTES];
    let parts = (0..=PHOTOS).map(|number| {
        let mut part = Vec::new();
        for _ in 0..100 {
            part.extend(zip.add(&format!("{made}.xml"), &item(rig, made)));
            made += 1;
        }
        if number < PHOTOS {
            part.extend(zip.add(&format!("{number}.jpg"), &photo));
        } else {
            part.extend(std::mem::take(&mut zip).end());
        }
        part
    });
    let object = rig.s3.put_in_parts(&rig.raw_bucket(), "wire/large.zip", parts).await?;
    rig.tell(&[object]).await?;
    let worker = rig.worker_for("worker", &spec(rig, ".zip"))?;
    rig.settled(LIMIT).await?;
    println!("{} KiB at most with an archive of 4 GiB", worker.peak_kibibytes()?);
    worker.end(ENDED).await?;
    has_documents(rig, made).await
}

async fn has_documents(rig: &Rig, expected: usize) -> Result<()> {
    rig.elastic.refresh(&rig.articles()).await?;
    let documents = rig.elastic.count(&rig.articles()).await?;
    ensure!(usize::try_from(documents)? == expected, "{documents} documents of {expected}");
    Ok(())
}
