//! The cluster itself, its indices and templates.

use std::collections::BTreeMap;

use docmill_crds::contract::IndexTrouble;
use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use super::client::{Elastic, segment};
use super::error::{ElasticError, ErrorCause};
use super::mapping;

impl Elastic {
    /// Creates an index with settings and mappings. Returns whether it is new: an existing one is left as it
    /// is.
    pub async fn create_index(&self, name: &str, body: &Value) -> Result<bool, ElasticError> {
        match self.send_small(Method::Put, &format!("/{}", segment(name)), Some(body)).await {
            Err(error) if is_kind(&error, "resource_already_exists_exception") => Ok(false),
            result => result.map(|_| true),
        }
    }

    /// Whether an index of this name exists.
    pub async fn exists(&self, index: &str) -> Result<bool, ElasticError> {
        match self
            .send(
                Method::Get,
                &format!("/{}/_settings?filter_path=*.settings.index.uuid", segment(index)),
                None,
            )
            .await
        {
            Err(error) if is_kind(&error, "index_not_found_exception") => Ok(false),
            result => result.map(|_| true),
        }
    }

    /// The UUIDs of those of these indices that exist and remember deletions for as long as is usual (a minute).
    pub async fn index_uuids(&self, indices: &[&str]) -> Result<BTreeMap<String, String>, ElasticError> {
        let path = format!(
            "/{}/_settings?ignore_unavailable=true&allow_no_indices=true\
             &filter_path=*.settings.index.uuid,*.settings.index.gc_deletes",
            segment(&indices.join(","))
        );
        Ok(read_uuids(&self.send_small(Method::Get, &path, None).await?))
    }

    /// Creates or replaces a composable index template.
    pub async fn put_index_template(&self, name: &str, body: &Value) -> Result<(), ElasticError> {
        self.send_small(Method::Put, &format!("/_index_template/{}", segment(name)), Some(body))
            .await
            .map(drop)
    }

    /// Adds fields to the mapping of existing indices; a pattern may match none. An index that accepts no
    /// changes keeps its own mapping, and the others get theirs.
    pub async fn add_fields(&self, index: &str, properties: &Map<String, Value>) -> Result<(), ElasticError> {
        match self.put_fields(index, properties).await {
            Err(error) if is_of_index(&error) => {}
            result => return result,
        }
        for index in self.names(index).await? {
            match self.put_fields(&index, properties).await {
                Err(error) if is_of_index(&error) => {
                    tracing::warn!(%error, index, "an index rejects new fields and keeps its own mapping");
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Names of the indices that match a pattern, closed ones included.
    async fn names(&self, pattern: &str) -> Result<Vec<String>, ElasticError> {
        let path = format!("/_resolve/index/{}?expand_wildcards=open,closed", segment(pattern));
        let answer = self.send(Method::Get, &path, None).await?;
        let indices = answer.get("indices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Ok(indices.iter().filter_map(|index| Some(index.get("name")?.as_str()?.to_owned())).collect())
    }

    async fn put_fields(&self, index: &str, properties: &Map<String, Value>) -> Result<(), ElasticError> {
        let path = format!("/{}/_mapping?allow_no_indices=true&ignore_unavailable=true", segment(index));
        self.send_small(Method::Put, &path, Some(&json!({"properties": properties}))).await.map(drop)
    }

    /// The fields of all indices of a pattern, as [`mapping::portable_fields`] returns them.
    pub async fn fields(&self, index: &str) -> Result<Map<String, Value>, ElasticError> {
        let path = format!("/{}/_mapping?allow_no_indices=true&ignore_unavailable=true", segment(index));
        Ok(mapping::portable_fields(&self.send(Method::Get, &path, None).await?))
    }

    /// Makes all earlier writes visible to searches.
    pub async fn refresh(&self, index: &str) -> Result<(), ElasticError> {
        let path = format!("/{}/_refresh?ignore_unavailable=true", segment(index));
        self.send_small(Method::Post, &path, None).await.map(drop)
    }
}

fn read_uuids(answer: &Value) -> BTreeMap<String, String> {
    let uuid = |(name, index): (&String, &Value)| {
        let settings = index.pointer("/settings/index")?;
        let uuid = settings.get("uuid")?.as_str()?;
        settings.get("gc_deletes").is_none().then(|| (name.clone(), uuid.to_owned()))
    };
    answer.as_object().into_iter().flatten().filter_map(uuid).collect()
}

fn is_of_index(error: &ElasticError) -> bool {
    error.fault().and_then(ErrorCause::index_trouble) == Some(IndexTrouble::Blocked)
}

pub(super) fn is_kind(error: &ElasticError, kind: &str) -> bool {
    error.fault().is_some_and(|fault| fault.kind == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read_uuids;

    #[test]
    fn an_index_that_forgets_deletions_sooner_is_left_out() {
        let answer = json!({
            "articles-2026.01": {"settings": {"index": {"uuid": "u1"}}},
            "articles-2026.02": {"settings": {"index": {"uuid": "u2", "gc_deletes": "1s"}}},
            "articles-2026.03": {"settings": {}},
        });
        let uuids = read_uuids(&answer);
        assert_eq!(uuids.len(), 1, "{uuids:?}");
        assert_eq!(uuids["articles-2026.01"], "u1");
        assert!(read_uuids(&json!({})).is_empty());
    }
}
