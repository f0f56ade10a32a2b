//! How a source's indices are made: component templates, settings, aliases, analyzers; and what existing ones take of a
//! changed model.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use reqwest::Method;
use serde_json::{Value, json};

/// Within how long a condition is told.
const TOLD: Duration = Duration::from_secs(30);

const FIRST: &str =
    r#"{"id": "a", "sent": "2026-01-02T10:00:00Z", "title": "Zwei alte Häuser am See", "desk": "front"}"#;
const SECOND: &str =
    r#"{"id": "b", "sent": "2026-01-03T10:00:00Z", "title": "Ein Haus im Wald", "desk": "sport"}"#;

#[tokio::test]
async fn indices_are_made_as_the_source_says_and_existing_ones_take_what_they_can() -> Result<()> {
    world::run("index", async |world| {
        let component = format!("{}-part", world.name);
        let mut source = source(world, &component);
        let told = lacks_its_component_template(world, &source).await?;
        ensure!(told["message"].as_str().is_some_and(|text| text.contains(&component)), "{told}");
        let path = format!("_component_template/{component}");
        let template = json!({"template": {"settings": {"index": {"max_result_window": 12345}}}});
        world.articles.expect(Method::PUT, &path, Some(template)).await?;
        let result = async {
            is_found_by_its_stem(world, &mut source).await?;
            keeps_what_cannot_change(world, &mut source).await
        }
        .await;
        // The component template cannot go before the one that is made of it.
        world.articles.remove_templates(&format!("docmill-articles-{}-*", world.name)).await?;
        world.articles.expect(Method::DELETE, &path, None).await?;
        result
    })
    .await
}

fn source(world: &World, component: &str) -> Value {
    let mut source = world.ingest_source(Form::NewsMlG2);
    source["spec"]["raw"]["suffixes"] = json!([".json"]);
    source["spec"]["conversion"] = json!({"format": "Json", "record": "$", "fields": [
        {"name": "guid", "path": ["id"], "required": true},
        {"name": "publishedAt", "path": ["sent"], "type": "dateTime", "required": true},
        {"name": "title", "path": ["title"], "type": "text", "search": {"analyzer": "german"}},
    ]});
    source["spec"]["index"]["settings"] = json!({"numberOfReplicas": 0});
    source["spec"]["index"]["aliases"] = json!([alias(world)]);
    source["spec"]["index"]["composedOf"] = json!([component]);
    source
}

/// It matches no pattern of indices.
fn alias(world: &World) -> String {
    format!("all-{}", world.name)
}

async fn lacks_its_component_template(world: &World, source: &Value) -> Result<Value> {
    world.apply(source).await?;
    let missing = ("False", "ComponentTemplateNotFound");
    world.condition((Kind::IngestSource, SOURCE), "Ready", missing, TOLD).await
}

async fn is_found_by_its_stem(world: &World, source: &mut Value) -> Result<()> {
    // A changed spec is looked at without delay.
    source["spec"]["index"]["settings"]["numberOfShards"] = json!(2);
    world.apply(source).await?;
    world.s3.put(&world.raw_bucket(), "wire/a.json", FIRST.into()).await?;
    world.counted(1, 0).await?;
    world.articles.refresh(&world.articles_pattern()).await?;
    let search = json!({"query": {"match": {"title": "Haus"}}});
    let hits = world.articles.search(&alias(world), search).await?;
    ensure!(hits.len() == 1 && hits[0]["_id"] == "a", "{hits:?}");
    let path = format!("{}/_settings?flat_settings=true", world.articles_pattern());
    let all = world.articles.expect(Method::GET, &path, None).await?;
    let settings = &all[hits[0]["_index"].as_str().unwrap_or_default()]["settings"];
    for (name, value) in [("number_of_shards", "2"), ("max_result_window", "12345")] {
        ensure!(settings[format!("index.{name}")] == value, "{settings:#}");
    }
    world.no_workers().await
}

async fn keeps_what_cannot_change(world: &World, source: &mut Value) -> Result<()> {
    source["spec"]["conversion"]["fields"][2]["search"]["analyzer"] = json!("english");
    if let Some(fields) = source["spec"]["conversion"]["fields"].as_array_mut() {
        fields.push(json!({"name": "desk", "path": ["desk"], "search": {"keyword": false}}));
    }
    world.apply(source).await?;
    world.s3.put(&world.raw_bucket(), "wire/b.json", SECOND.into()).await?;
    world.counted(2, 0).await?;
    let conflict = ("True", "MappingConflict");
    let told = world.condition((Kind::IngestSource, SOURCE), "Degraded", conflict, TOLD).await?;
    ensure!(told["message"].as_str().is_some_and(|text| text.contains(": title;")), "{told}");
    let path = format!("{}/_mapping", world.articles_pattern());
    let all = world.articles.expect(Method::GET, &path, None).await?;
    for mapping in all.as_object().into_iter().flat_map(|all| all.values()) {
        let properties = &mapping["mappings"]["properties"];
        ensure!(properties["title"]["analyzer"] == "german", "{properties:#}");
        // By itself, Elasticsearch would have given it a `.keyword`.
        ensure!(properties["desk"] == json!({"type": "text"}), "{properties:#}");
    }
    world.no_workers().await
}
