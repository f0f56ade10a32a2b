//! The composable template by which a cluster makes new indices, with the options that a resource gives. Pure.

use docmill_crds::api::index_options::{IndexOptions, IndexSettings};
use docmill_crds::records::applied_mapping::AppliedMapping;
use serde_json::{Map, Value, json};

use super::cluster_info::{ClusterInfo, Distribution};
use super::mapping;

/// The component template that is part of a template whenever it exists: what users add beside the resource.
pub fn custom_template(template: &str) -> String {
    format!("{template}@custom")
}

/// Whether a template may name a component template that does not exist. OpenSearch refuses such a template.
pub fn ignores_missing(cluster: &ClusterInfo) -> bool {
    cluster.distribution == Distribution::Elasticsearch && cluster.is_at_least(8, 7)
}

/// The template for a pattern, with the fields of its documents. `custom`: name of the component template that
/// is composed last, if it is to be named; `applied`: what existing indices were given, if that is known.
pub fn body(
    pattern: &str,
    fields: &Map<String, Value>,
    options: IndexOptions<'_>,
    cluster: &ClusterInfo,
    custom: Option<&str>,
    applied: Option<&AppliedMapping>,
) -> Value {
    let mut template =
        mapping::index_template_with(pattern, fields, &settings(options, cluster.distribution));
    if !options.aliases.is_empty() {
        let aliases = options.aliases.iter().map(|alias| (alias.clone(), json!({})));
        template["template"]["aliases"] = Value::Object(aliases.collect());
    }
    let composed_of: Vec<&str> = options.composed_of.iter().map(String::as_str).chain(custom).collect();
    if !composed_of.is_empty() {
        template["composed_of"] = json!(composed_of);
    }
    if custom.is_some() && ignores_missing(cluster) {
        template["ignore_missing_component_templates"] = json!([custom]);
    }
    if let Some(applied) = applied {
        template["_meta"] = applied.meta();
    }
    template
}

fn settings(options: IndexOptions<'_>, distribution: Distribution) -> Value {
    let mut index = options.settings.map(index_settings).unwrap_or_default();
    // OpenSearch has no such setting: its policies name their indices.
    if let (Some(policy), Distribution::Elasticsearch) = (options.lifecycle_policy, distribution) {
        index.insert("lifecycle".to_owned(), json!({"name": policy}));
    }
    if index.is_empty() { json!({}) } else { json!({"index": index}) }
}

fn index_settings(settings: &IndexSettings) -> Map<String, Value> {
    let IndexSettings { number_of_shards, number_of_replicas, refresh_interval_seconds, codec, analysis } =
        settings;
    let refresh_interval = refresh_interval_seconds.map(|seconds| match seconds {
        ..0 => Value::from("-1"),
        _ => Value::from(format!("{seconds}s")),
    });
    let all = [
        ("number_of_shards", number_of_shards.map(Value::from)),
        ("number_of_replicas", number_of_replicas.map(Value::from)),
        ("refresh_interval", refresh_interval),
        ("codec", codec.map(|codec| codec.setting().into())),
        ("analysis", analysis.clone().map(Value::Object)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_source::Index;
    use docmill_crds::records::applied_mapping::AppliedMapping;
    use serde_json::{Map, Value, json};

    use super::{ClusterInfo, Distribution, IndexOptions, body, custom_template};

    fn cluster(distribution: Distribution, version: &str) -> ClusterInfo {
        ClusterInfo { distribution, version: version.to_owned() }
    }

    fn template(cluster: &ClusterInfo, custom: Option<&str>) -> Value {
        let index: Index = serde_json::from_value(json!({
            "elasticsearch": {"urls": ["http://es:9200"]}, "name": "a-{day}", "id": "{id}",
            "settings": {"numberOfShards": 3, "numberOfReplicas": 0, "refreshIntervalSeconds": 30,
                "codec": "BestCompression", "analysis": {"analyzer": {"default": {"type": "german"}}}},
            "composedOf": ["one", "two"], "aliases": ["news"], "lifecyclePolicy": "yearly",
        }))
        .unwrap();
        body("a-*", &Map::new(), index.options(), cluster, custom, None)
    }

    #[test]
    fn every_option_has_its_place_in_the_template() {
        let custom = custom_template("docmill-a-+");
        let made = template(&cluster(Distribution::Elasticsearch, "9.1.4"), Some(&custom));
        let settings = json!({"index": {
            "number_of_shards": 3, "number_of_replicas": 0, "refresh_interval": "30s",
            "codec": "best_compression", "analysis": {"analyzer": {"default": {"type": "german"}}},
            "lifecycle": {"name": "yearly"},
        }});
        assert_eq!(made["template"]["settings"], settings);
        assert_eq!(made["template"]["aliases"], json!({"news": {}}));
        assert_eq!(made["composed_of"], json!(["one", "two", "docmill-a-+@custom"]));
        assert_eq!(made["ignore_missing_component_templates"], json!(["docmill-a-+@custom"]));
    }

    #[test]
    fn opensearch_gets_what_it_knows() {
        let made = template(&cluster(Distribution::OpenSearch, "3.3.0"), Some("custom"));
        assert_eq!(made["template"]["settings"]["index"].get("lifecycle"), None);
        assert_eq!(made["template"]["settings"]["index"]["number_of_shards"], 3);
        assert_eq!(made["composed_of"], json!(["one", "two", "custom"]));
        assert_eq!(made.get("ignore_missing_component_templates"), None);
        let old = template(&cluster(Distribution::Elasticsearch, "8.6.2"), None);
        assert_eq!(old["composed_of"], json!(["one", "two"]));
        assert_eq!(old.get("ignore_missing_component_templates"), None);
    }

    #[test]
    fn without_options_there_are_the_fields_alone() {
        let fields = Map::from_iter([("title".to_owned(), json!({"type": "text"}))]);
        let applied = AppliedMapping::new(&fields, Vec::new());
        let cluster = cluster(Distribution::OpenSearch, "2.18.0");
        let made = body("a", &fields, IndexOptions::default(), &cluster, None, Some(&applied));
        let mappings = json!({"date_detection": false, "properties": fields});
        let expected = json!({
            "index_patterns": ["a"], "priority": 301, "template": {"settings": {}, "mappings": mappings},
            "_meta": applied.meta(),
        });
        assert_eq!(made, expected);
    }
}
