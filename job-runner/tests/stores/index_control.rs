//! How new indices are made, and what existing ones take of a changed model, in a real cluster (the one that `ES_RAW_URL`
//! names).

use docmill_clients::clock;
use docmill_clients::elastic::Elastic;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::ingest_source::Index;
use docmill_crds::conversion::Conversion;
use job_runner::ingest::index::articles::Articles;
use reqwest::Method;
use serde_json::{Value, json};

struct Place {
    url: String,
    name: String,
    http: reqwest::Client,
}

impl Place {
    /// Names of this test's own; nothing (and a line that says so) without a cluster.
    fn make(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("ES_RAW_URL") else {
            eprintln!("{test}: passed over, since ES_RAW_URL names no store");
            return None;
        };
        Some(Self { url, name: format!("{test}-{}", clock::now_millis()), http: reqwest::Client::new() })
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut request = self.http.request(method, format!("{}/{path}", self.url));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await
    }

    /// The articles of a source whose model has these fields beside the id.
    fn articles(&self, more: &[Value]) -> Articles {
        let mut fields = vec![json!({"name": "id", "path": ["id"], "required": true})];
        fields.extend_from_slice(more);
        let model = json!({"format": "Json", "record": "$", "fields": fields});
        let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
        let index: Index = serde_json::from_value(json!({
            "elasticsearch": {"urls": [self.url]}, "name": format!("{}-{{id}}", self.name), "id": "{id}",
            "settings": {"numberOfShards": 2, "numberOfReplicas": 0, "refreshIntervalSeconds": 7,
                "codec": "BestCompression",
                "analysis": {"analyzer": {"shingles": {"tokenizer": "standard", "filter": ["shingle"]}}}},
            "composedOf": [self.component()], "aliases": [format!("{}-all", self.alias())],
        }))
        .unwrap();
        let elastic = Elastic::new(&index.elasticsearch, &Secrets::default()).unwrap();
        Articles::new(elastic, format!("{}-*", self.name), model, index)
    }

    fn component(&self) -> String {
        format!("part-{}", self.name)
    }

    /// It matches no pattern of indices.
    fn alias(&self) -> String {
        format!("alias-{}", self.name)
    }

    async fn put_component(&self, name: &str, template: &Value) {
        let path = format!("_component_template/{name}");
        self.call(Method::PUT, &path, &json!({"template": template})).await;
    }

    /// Name of the component template that is composed without being named, as part of a path.
    fn custom(&self) -> String {
        format!("docmill-{}-%2B%40custom", self.name)
    }

    async fn conflicts(&self) -> Value {
        let found = self.get(&format!("_index_template/docmill-{}-%2B", self.name)).await;
        found["index_templates"][0]["index_template"]["_meta"]["docmill"]["mapping"]["conflicts"].clone()
    }

    async fn clean_up(self, components: &[String]) {
        let index = format!("{}-1?ignore_unavailable=true", self.name);
        self.call(Method::DELETE, &index, &Value::Null).await;
        let template = format!("_index_template/docmill-{}-%2B", self.name);
        self.call(Method::DELETE, &template, &Value::Null).await;
        for component in components {
            self.call(Method::DELETE, &format!("_component_template/{component}"), &Value::Null).await;
        }
    }
}

#[tokio::test]
async fn a_new_index_has_every_option_and_finds_a_text_in_its_language() {
    let Some(place) = Place::make("options") else { return };
    let added = json!({"mappings": {"properties": {"added": {"type": "ip"}}}});
    place.put_component(&place.component(), &added).await;
    place.put_component(&place.custom(), &json!({"settings": {"index": {"max_result_window": 12345}}})).await;
    let title = json!({"name": "title", "path": ["title"], "type": "text", "search": {"analyzer": "german"}});
    let lead = json!({"name": "lead", "path": ["lead"], "type": "text", "search": {"analyzer": "shingles"}});
    place.articles(&[title, lead]).ensure_template_at_start().await.unwrap();

    let index = format!("{}-1", place.name);
    let document = json!({"id": "1", "title": "Zwei alte Häuser am See"});
    place.call(Method::PUT, &format!("{index}/_doc/1?refresh=true"), &document).await;
    let made = place.get(&format!("{index}?flat_settings=true")).await[&index].clone();
    for (setting, value) in [
        ("index.number_of_shards", "2"),
        ("index.number_of_replicas", "0"),
        ("index.refresh_interval", "7s"),
        ("index.codec", "best_compression"),
        ("index.max_result_window", "12345"),
    ] {
        assert_eq!(made["settings"][setting], value, "{setting}: {made:#}");
    }
    assert_eq!(made["mappings"]["properties"]["added"]["type"], "ip");
    assert_eq!(made["mappings"]["properties"]["lead"]["analyzer"], "shingles");
    let search = json!({"query": {"match": {"title": "Haus"}}});
    let found = place.call(Method::POST, &format!("{}-all/_search", place.alias()), &search).await;
    assert_eq!(found["hits"]["total"]["value"], 1, "{found:#}");
    let components = [place.component(), place.custom()];
    place.clean_up(&components).await;
}

#[tokio::test]
async fn an_existing_index_takes_new_fields_and_keeps_those_that_cannot_change() {
    let Some(place) = Place::make("existing") else { return };
    place.put_component(&place.component(), &json!({})).await;
    let title = json!({"name": "title", "path": ["title"], "type": "text"});
    place.articles(&[title]).ensure_template_at_start().await.unwrap();
    let index = format!("{}-1", place.name);
    place.call(Method::PUT, &index, &Value::Null).await;
    assert_eq!(place.conflicts().await, json!([]));

    let title = json!({"name": "title", "path": ["title"], "type": "text", "search": {"analyzer": "german"}});
    let desk = json!({"name": "desk", "path": ["desk"], "type": "uri"});
    let lead = json!({"name": "lead", "path": ["lead"], "type": "text", "search": {"keyword": true}});
    let changed = [desk, title, lead];
    place.articles(&changed).ensure_template_at_start().await.unwrap();
    let mapping = place.get(&format!("{index}/_mapping")).await;
    let properties = &mapping[&index]["mappings"]["properties"];
    assert_eq!(properties["title"], json!({"type": "text"}));
    assert_eq!(properties["desk"]["type"], "keyword");
    assert_eq!(properties["lead"]["fields"]["keyword"]["type"], "keyword");
    assert_eq!(place.conflicts().await, json!(["title"]));

    // Once the index is gone, so is the conflict.
    place.call(Method::DELETE, &index, &Value::Null).await;
    place.articles(&changed).ensure_template_at_start().await.unwrap();
    assert_eq!(place.conflicts().await, json!([]));
    let components = [place.component()];
    place.clean_up(&components).await;
}
