//! What the credentials for a cluster may do there.

use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use super::client::Elastic;
use super::error::ElasticError;

impl Elastic {
    /// Those of these privileges that the credentials lack: by name those of the cluster, and as `<privilege> on <pattern>`
    /// those of the indices of a pattern. `None` if the cluster does not tell: OpenSearch, or one without security.
    pub async fn missing_privileges(
        &self,
        cluster: &[&str],
        indices: &[&str],
        pattern: &str,
    ) -> Result<Option<Vec<String>>, ElasticError> {
        let body = json!({"cluster": cluster, "index": [{"names": [pattern], "privileges": indices}]});
        match self.send_small(Method::Post, "/_security/user/_has_privileges", Some(&body)).await {
            Err(error) if error.is_unknown_request() => Ok(None),
            result => result.map(|answer| Some(missing(&answer, pattern))),
        }
    }
}

/// Reads `{"cluster": {"monitor": true, …}, "index": {"articles-*": {"all": false}}}`.
fn missing(answer: &Value, pattern: &str) -> Vec<String> {
    let of_cluster = denied(answer.get("cluster")).map(str::to_owned);
    let of_indices = denied(answer.get("index").and_then(|index| index.get(pattern)));
    of_cluster.chain(of_indices.map(|name| format!("{name} on {pattern}"))).collect()
}

fn denied(privileges: Option<&Value>) -> impl Iterator<Item = &str> {
    let privileges = privileges.and_then(Value::as_object).into_iter().flat_map(Map::iter);
    privileges.filter(|(_, granted)| granted.as_bool() == Some(false)).map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::missing;

    #[test]
    fn what_is_denied_is_named_with_its_place() {
        let answer = json!({
            "username": "docmill", "has_all_requested": false,
            "cluster": {"monitor": true, "manage_index_templates": false},
            "index": {"articles-*": {"all": false}, "other": {"read": false}},
        });
        assert_eq!(missing(&answer, "articles-*"), ["manage_index_templates", "all on articles-*"]);
        assert!(missing(&json!({"cluster": {"monitor": true}, "index": {}}), "articles-*").is_empty());
    }
}
