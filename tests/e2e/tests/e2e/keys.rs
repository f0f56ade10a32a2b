//! Whatever a key looks like, its object arrives, and its article is found by what it says.

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::auditor::without_handling;
use e2e::corpus::Corpus;
use e2e::world::{self, World};
use serde_json::{Value, json};

const KEYS: [&str; 12] = [
    "wire/plain.xml",
    "wire/with space.xml",
    "wire/two  spaces and trailing .xml",
    "wire/a+b.xml",
    "wire/Zürich/Straße.xml",
    "wire/日本語 記事.xml",
    "wire/📰.xml",
    "wire/100% & more.xml",
    "wire/already%20encoded%2B.xml",
    "wire/a=b;c,d@e$f!g~h*(i).xml",
    "wire/it's \"quoted\" <tag>.xml",
    "wire/what?#fragment.xml",
];

#[tokio::test]
async fn objects_with_unusual_keys_arrive_and_are_found_by_full_text_search() -> Result<()> {
    world::run("keys", async |world| {
        let mut corpus = Corpus::default();
        for (number, key) in KEYS.iter().enumerate() {
            corpus.add(*key, &article(world, number), Form::NewsMlG2);
        }
        world.apply(&world.ingest_source(Form::NewsMlG2)).await?;
        world.put(&corpus).await?;
        world.counted(KEYS.len(), 0).await?;
        world.no_workers().await?;
        world.audit_all(&corpus).await?;
        for (number, key) in KEYS.iter().enumerate() {
            is_found(world, number, key).await?;
        }
        Ok(())
    })
    .await
}

/// An article that alone has a certain word.
fn article(world: &World, number: usize) -> Article {
    let mut article = Article::generated(&world.name, number);
    article.paragraphs.push(format!("Witnesses spoke of a quokka{number} in the garden."));
    article
}

async fn is_found(world: &World, number: usize, key: &str) -> Result<()> {
    let query =
        json!({"query": {"match": {"body": {"query": format!("garden QUOKKA{number}"), "operator": "and"}}}});
    let hits = world.articles.search(&world.articles_pattern(), query).await?;
    ensure!(hits.len() == 1, "{} hits for the word in {key:?}", hits.len());
    let document = &hits[0]["_source"];
    let expected = article(world, number);
    ensure!(hits[0]["_id"] == expected.guid, "{key:?} was found as {}", hits[0]["_id"]);
    ensure!(document["headline"] == expected.headline, "headline of {key:?}: {}", document["headline"]);
    ensure!(
        document["publishedAt"] == expected.published,
        "publishedAt of {key:?}: {}",
        document["publishedAt"]
    );
    ensure!(document["_docmill"]["unit"]["key"] == key, "key of {key:?}: {}", document["_docmill"]);
    same_as_snapshot(world, document).await
}

/// A document names its own snapshot, which is the same but for the times.
async fn same_as_snapshot(world: &World, document: &Value) -> Result<()> {
    let key = document["_docmill"]["snapshot"].as_str().unwrap_or_default();
    let snapshot: Value = serde_json::from_slice(&world.s3.get(&world.snapshots_bucket(), key).await?)?;
    ensure!(without_handling(&snapshot) == without_handling(document), "{snapshot}\nis not\n{document}");
    Ok(())
}
