//! The cluster itself, its indices and templates.

use std::collections::{BTreeMap, BTreeSet};

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

    /// The allocations of the primary shards of indices, by their names: another index of the same name has others, and so
    /// has a shard that has moved. Without indices that do not exist, that have a shard on its way to another node, or that
    /// remember deletions for another time than is usual (a minute).
    pub async fn allocations(&self, indices: &[&str]) -> Result<BTreeMap<String, Vec<String>>, ElasticError> {
        let names = segment(&indices.join(","));
        let options = "ignore_unavailable=true&allow_no_indices=true";
        let shards = "shards.index,shards.primary,shards.allocation_id";
        let shards = format!("/{names}/_search_shards?{options}&filter_path={shards}");
        let settings = format!("/{names}/_settings?{options}&filter_path=*.settings.index.gc_deletes");
        // Both at once, since units of a batch wait for them. Neither may be an earlier answer: a shard may have moved,
        // and the setting may have been changed, at any moment before the write.
        let get = |path| Box::pin(self.send(Method::Get, path, None));
        let (shards, settings) = tokio::try_join!(get(&shards), get(&settings))?;
        Ok(read_allocations(&shards, &settings))
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
        let answer = self.resolve(pattern).await?;
        let indices = answer.get("indices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Ok(indices.iter().filter_map(|index| Some(index.get("name")?.as_str()?.to_owned())).collect())
    }

    /// Names of the indices of a pattern that are closed: no search finds what they hold. None where no index has this name,
    /// or where the cluster does not know the question, since it then has no closed indices (Amazon OpenSearch Serverless).
    pub async fn closed_indices(&self, pattern: &str) -> Result<Vec<String>, ElasticError> {
        match self.resolve(pattern).await {
            Err(error) if error.fault().is_some_and(has_none_closed) => Ok(Vec::new()),
            result => Ok(read_closed(&result?)),
        }
    }

    /// The indices of a pattern, closed ones included.
    async fn resolve(&self, pattern: &str) -> Result<Value, ElasticError> {
        let path = format!("/_resolve/index/{}?expand_wildcards=open,closed", segment(pattern));
        self.send(Method::Get, &path, None).await
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

/// Whether a refusal means that there are no closed indices. That of a proxy says nothing of the cluster.
fn has_none_closed(fault: &ErrorCause) -> bool {
    matches!(fault.status, 400 | 404 | 405) && !fault.is_foreign()
}

fn read_closed(answer: &Value) -> Vec<String> {
    let indices = answer.get("indices").and_then(Value::as_array).into_iter().flatten();
    let is_closed = |index: &&Value| {
        let attributes = index.get("attributes").and_then(Value::as_array);
        attributes.is_some_and(|attributes| attributes.iter().any(|attribute| attribute == "closed"))
    };
    let names = indices.filter(is_closed).filter_map(|index| index.get("name")?.as_str());
    names.map(str::to_owned).collect()
}

fn read_allocations(shards: &Value, settings: &Value) -> BTreeMap<String, Vec<String>> {
    let mut allocations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut left_out = BTreeSet::new();
    let groups = shards.get("shards").and_then(Value::as_array).into_iter().flatten();
    for shard in groups.filter_map(Value::as_array).flatten() {
        let Some(index) = shard.get("index").and_then(Value::as_str) else { continue };
        if shard.get("primary") != Some(&Value::Bool(true)) {
            continue;
        }
        let part = |name: &str| shard.get("allocation_id")?.get(name)?.as_str();
        match (part("id"), part("relocation_id")) {
            (Some(id), None) => allocations.entry(index.to_owned()).or_default().push(id.to_owned()),
            _ => drop(left_out.insert(index)),
        }
    }
    let remembers_as_usual = |index: &str| {
        settings.get(index).and_then(|index| index.pointer("/settings/index/gc_deletes")).is_none()
    };
    allocations.retain(|index, ids| {
        ids.sort();
        remembers_as_usual(index) && !left_out.contains(index.as_str())
    });
    allocations
}

fn is_of_index(error: &ElasticError) -> bool {
    error.fault().and_then(ErrorCause::index_trouble) == Some(IndexTrouble::Blocked)
}

pub(super) fn is_kind(error: &ElasticError, kind: &str) -> bool {
    error.fault().is_some_and(|fault| fault.kind == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{has_none_closed, read_allocations, read_closed};
    use crate::elastic::error::ErrorCause;

    #[test]
    fn closed_indices_are_told_from_open_ones() {
        let answer = json!({"indices": [
            {"name": "a-2025", "attributes": ["closed"]},
            {"name": "a-2026", "aliases": ["a"], "attributes": ["open"]},
            {"name": "a-2024", "attributes": ["hidden", "closed"]},
        ], "aliases": [], "data_streams": []});
        assert_eq!(read_closed(&answer), ["a-2025", "a-2024"]);
        assert!(read_closed(&json!({})).is_empty());
    }

    #[test]
    fn only_the_cluster_can_say_that_no_index_is_closed() {
        let missing = br#"{"error": {"type": "index_not_found_exception", "reason": "no such index"}}"#;
        assert!(has_none_closed(&ErrorCause::of_answer(404, missing)));
        assert!(has_none_closed(&ErrorCause::of_answer(400, br#"{"error": "no handler found"}"#)));
        assert!(!has_none_closed(&ErrorCause::of_answer(405, b"<html>not allowed</html>")));
        assert!(!has_none_closed(&ErrorCause::of_answer(403, b"{}")));
    }

    fn shard(index: &str, primary: bool, id: &Value) -> Value {
        json!({"index": index, "primary": primary, "allocation_id": id})
    }

    #[test]
    fn an_index_that_may_forget_deletions_is_left_out() {
        let shards = json!({"shards": [
            [shard("a.1", true, &json!({"id": "2"})), shard("a.1", false, &json!({"id": "replica"}))],
            [shard("a.1", true, &json!({"id": "1"}))],
            [shard("sooner", true, &json!({"id": "3"}))],
            [shard("moving", true, &json!({"id": "4", "relocation_id": "5"}))],
            [shard("moving", true, &json!({"id": "6"}))],
        ]});
        let settings = json!({"sooner": {"settings": {"index": {"gc_deletes": "1s"}}}});
        let allocations = read_allocations(&shards, &settings);
        assert_eq!(json!(allocations), json!({"a.1": ["1", "2"]}));
        assert!(read_allocations(&json!({}), &json!({})).is_empty());
    }
}
