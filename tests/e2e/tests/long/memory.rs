//! A worker's memory is bounded, whatever the size of the objects.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cases::{case, side_by_side};
use e2e::corpus::Corpus;
use e2e::rig::{self, ENDED, Rig};
use serde_json::json;

const LIMIT: Duration = Duration::from_mins(15);
const MEBIBYTE: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn a_worker_stays_under_128_mib_with_large_documents_and_with_a_huge_object() -> Result<()> {
    side_by_side(vec![
        case("large", rig::run("large", Form::Nitf, many_large_documents)),
        case("huge", rig::run("huge", Form::Nitf, one_object_of_a_gibibyte)),
    ])
    .await
}

/// Twelve documents of 10 MB, all told of at once.
async fn many_large_documents(rig: &Rig) -> Result<()> {
    let mut corpus = Corpus::default();
    for number in 0..12 {
        let mut article = Article::generated(&rig.name, number);
        let paragraph = article.paragraphs.join(" ").repeat(100);
        article.paragraphs = vec![paragraph.clone(); 10_000_000 / paragraph.len()];
        corpus.add(format!("wire/{number}.xml"), &article, Form::Nitf);
    }
    rig.land(&corpus).await?;
    let worker = rig.worker("worker")?;
    rig.settled(LIMIT).await?;
    println!("{} KiB at most with documents of 10 MB", worker.peak_kibibytes()?);
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}

/// One object of 1 GiB with nearly a hundred thousand documents, written as it is made.
async fn one_object_of_a_gibibyte(rig: &Rig) -> Result<()> {
    let mut made = 0;
    let parts = (0..64).map(|number| records(&rig.name, &mut made, number == 0, number == 63).into_bytes());
    let object = rig.s3.put_in_parts(&rig.raw_bucket(), "wire/huge.xml", parts).await?;
    rig.tell(&[object]).await?;
    let mut spec = rig.spec();
    spec["conversion"] = json!({
        "record": "/feed/item",
        "fields": [
            {"name": "guid", "path": ["@id"], "required": true},
            {"name": "publishedAt", "path": ["@at"], "type": "dateTime", "required": true},
            {"name": "body", "path": ["text"], "type": "text", "required": true},
        ],
    });
    let worker = rig.worker_for("worker", &spec)?;
    rig.settled(LIMIT).await?;
    println!("{} KiB at most with an object of 1 GiB", worker.peak_kibibytes()?);
    worker.end(ENDED).await?;
    let documents = rig.elastic.count(&rig.articles()).await?;
    ensure!(documents == made, "{documents} documents of {made}");
    Ok(())
}

/// Nearly 16 MiB of records, with the beginning and the end of the object where they belong.
fn records(series: &str, made: &mut u64, is_first: bool, is_last: bool) -> String {
    let mut text = String::from(if is_first { "<feed>" } else { "" });
    let filler = "All of this is made up, and there is a great deal of it. ".repeat(200);
    // No object may have more than 1 GiB, and a record has less than 16 KiB.
    while text.len() < 16 * MEBIBYTE - 16_384 {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "<item id=\"{series}-{made}\" at=\"2026-01-02T03:04:05Z\"><text>{filler}</text></item>"
        );
        *made += 1;
    }
    if is_last {
        text.push_str("</feed>");
    }
    text
}
