//! What a cluster has from which new indices are made: templates, component templates, lifecycle policies; and data
//! streams, which take the place of an index.

use docmill_crds::error_class::{Classify as _, ErrorClass};
use elasticsearch::http::Method;
use serde_json::Value;

use super::admin::is_kind;
use super::client::{Elastic, segment};
use super::cluster_info::ClusterInfo;
use super::error::ElasticError;
use super::{index_template, mapping};

/// Error types of something that does not exist.
const MISSING: [&str; 2] = ["resource_not_found_exception", "index_not_found_exception"];

impl Elastic {
    /// The `_meta` of a composable index template; null if there is no such template, or it has none.
    pub async fn index_template_meta(&self, name: &str) -> Result<Value, ElasticError> {
        let filter = "filter_path=index_templates.index_template._meta";
        let answer = self.get_existing(&format!("/_index_template/{}?{filter}", segment(name))).await?;
        let template = answer.as_ref().and_then(|answer| items(answer, "index_templates").next());
        Ok(template.and_then(|item| item.pointer("/index_template/_meta")).cloned().unwrap_or_default())
    }

    /// Whether a component template of this name exists.
    pub async fn has_component_template(&self, name: &str) -> Result<bool, ElasticError> {
        let path = format!("/_component_template/{}?filter_path=component_templates.name", segment(name));
        Ok(self.get_existing(&path).await?.is_some())
    }

    /// The name of the component template that users add to a template of the product, if that one may name it. A
    /// cluster that does not say whether it exists, for lack of permission or of component templates at all, has
    /// none.
    pub async fn custom_template(
        &self,
        template: &str,
        cluster: &ClusterInfo,
    ) -> Result<Option<String>, ElasticError> {
        let custom = index_template::custom_template(template);
        if index_template::ignores_missing(cluster) {
            return Ok(Some(custom));
        }
        match self.has_component_template(&custom).await {
            Err(error) if error.class() == ErrorClass::Transient => Err(error),
            found => Ok(found.unwrap_or(false).then_some(custom)),
        }
    }

    /// Whether a policy of Elasticsearch's index lifecycle management exists.
    pub async fn has_lifecycle_policy(&self, name: &str) -> Result<bool, ElasticError> {
        let path = format!("/_ilm/policy/{}?filter_path=*.version", segment(name));
        Ok(self.get_existing(&path).await?.is_some())
    }

    /// Whether a data stream matches a pattern of indices, or a new index of that pattern would be one because
    /// of a template that takes precedence over the product's own.
    pub async fn is_data_stream(&self, pattern: &str) -> Result<bool, ElasticError> {
        let path = format!("/_data_stream/{}?filter_path=data_streams.name", segment(pattern));
        let streams = self.get_existing(&path).await?;
        if streams.is_some_and(|streams| items(&streams, "data_streams").next().is_some()) {
            return Ok(true);
        }
        let filter = ["index_patterns", "priority", "data_stream"]
            .map(|field| format!("index_templates.index_template.{field}"))
            .join(",");
        let answer = self.send(Method::Get, &format!("/_index_template?filter_path={filter}"), None).await?;
        let mut templates = items(&answer, "index_templates").filter_map(|item| item.get("index_template"));
        Ok(templates.any(|template| makes_data_streams(template, pattern)))
    }

    /// The answer to a GET, or `None` if what it asks for does not exist.
    async fn get_existing(&self, path: &str) -> Result<Option<Value>, ElasticError> {
        match self.send(Method::Get, path, None).await {
            Err(error) if MISSING.iter().any(|kind| is_kind(&error, kind)) => Ok(None),
            result => result.map(Some),
        }
    }
}

fn items<'a>(answer: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// Whether a template makes data streams of the names of a pattern, and takes precedence over the product's own.
/// Of two patterns, one is compared by a name that it has: not all that overlap are found, but those that cover it.
fn makes_data_streams(template: &Value, pattern: &str) -> bool {
    let own_priority = u64::try_from(mapping::priority(pattern)).unwrap_or(u64::MAX);
    let name = pattern.replace('*', "0");
    template.get("data_stream").is_some()
        && template.get("priority").and_then(Value::as_u64).unwrap_or(0) > own_priority
        && items(template, "index_patterns").filter_map(Value::as_str).any(|other| matches(other, &name))
}

/// Whether a pattern with `*` for any characters matches a name.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(end) = parts.next_back() else { return rest.is_empty() };
    let Some(mut rest) = rest.strip_suffix(end) else { return false };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{makes_data_streams, matches};

    #[test]
    fn a_pattern_matches_any_characters_at_its_stars() {
        for (pattern, name, expected) in [
            ("*", "articles-0", true),
            ("articles-*", "articles-0", true),
            ("articles-*", "articles", false),
            ("articles-0", "articles-0", true),
            ("articles", "articles-0", false),
            ("a*-*0", "articles-0", true),
            ("a*s*s*", "articles-0", false),
            ("articles-0*0", "articles-0", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn only_a_template_of_higher_priority_makes_data_streams_of_our_names() {
        let patterns = ["x", "articles-*"];
        let template =
            |priority: u64| json!({"index_patterns": patterns, "priority": priority, "data_stream": {}});
        assert!(makes_data_streams(&template(500), "articles-*"));
        assert!(!makes_data_streams(&template(200), "articles-*"));
        assert!(!makes_data_streams(&template(500), "news-*"));
        let plain = json!({"index_patterns": ["articles-*"], "priority": 500});
        assert!(!makes_data_streams(&plain, "articles-*"));
    }
}
