//! The examples of docs/guides/enrichment.md, as a reader would apply them: only addresses, names of indices and of the
//! source are those of the testbed.

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::enrichments::Outcome;
use e2e::install;
use e2e::world::{self, World};
use serde_json::{Value, json};

const ARTICLES: usize = 20;
/// Of each example: its name, and the fields that it gives to every article.
const EXAMPLES: [(&str, &[&str]); 3] = [
    ("builtin", &["detectedLanguage", "keyphrases", "simhash", "simhashBands", "readingMinutes"]),
    ("inference", &["embedding", "sentiment"]),
    ("openai", &["embedding"]),
];

#[tokio::test]
async fn each_example_of_the_documentation_enriches_every_article() -> Result<()> {
    let text = std::fs::read_to_string(install::checkout("docs/guides/enrichment.md"))?;
    let runs: Vec<&str> =
        text.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    ensure!(runs.len() == EXAMPLES.len(), "{} examples", runs.len());
    world::run("examples", async |world| {
        world.ingest(Form::NewsMlG2, ARTICLES).await?;
        for (text, (name, fields)) in runs.into_iter().zip(EXAMPLES) {
            enriches(world, text, name, fields).await.with_context(|| format!("the example {name}"))?;
        }
        Ok(())
    })
    .await
}

async fn enriches(world: &World, text: &str, name: &str, fields: &[&str]) -> Result<()> {
    let text = text
        .replace("http://es.search.svc:9200", &world.env.es_enriched.inside)
        .replace("http://models.ml.svc:8080", &world.env.models.inside)
        .replace("http://embeddings.ml.svc:8090", &world.env.embeddings.inside)
        .replace("enriched-{", &format!("enriched-{}-{name}-{{", world.name));
    let mut run: Value = serde_saphyr::from_str(&text)?;
    ensure!(run["metadata"]["name"] == name, "it is named {}", run["metadata"]);
    run["spec"]["from"] = json!({"sourceRef": {"name": e2e::resources::SOURCE}});
    let done = Outcome::of(&world.enrich(&run).await?)?;
    ensure!(done.done == i64::try_from(ARTICLES)? && done.failed == 0, "{done:?}");
    let copies = world.enriched.all(&format!("enriched-{}-{name}-*", world.name)).await?;
    ensure!(copies.len() == ARTICLES, "{} copies", copies.len());
    for copy in copies {
        let missing = fields.iter().find(|field| copy.source.get(**field).is_none_or(Value::is_null));
        ensure!(missing.is_none(), "{} has no {missing:?}", copy.id);
    }
    Ok(())
}
