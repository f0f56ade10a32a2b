//! Searches, and points in time for iterating over everything.
//!
//! A search with a pattern that matches no index finds nothing, which is not an error. A failing shard is
//! one, since partial results would be gaps.

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::client::{Elastic, segment};
use super::cluster_info::Distribution;
use super::error::ElasticError;

/// How long the cluster keeps a point in time after each use.
const KEEP_ALIVE: &str = "5m";

/// A snapshot view of indices that later writes do not change.
#[derive(Debug)]
pub struct Pit {
    id: String,
    distribution: Distribution,
}

/// The hits of a search; none in an answer that has no list of them.
pub fn search_hits(answer: &Value) -> &[Value] {
    answer.pointer("/hits/hits").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

impl Pit {
    /// Sorts by a date and breaks ties, so that `search_after` skips nothing. Elasticsearch has `_shard_doc`
    /// for that; OpenSearch got it only with 3.3, and breaks ties by `_id`, by which it allows sorting.
    pub fn sort_by_date(&self, field: &str) -> Value {
        self.sort_by(field, "date")
    }

    /// The same by a keyword.
    pub fn sort_by_keyword(&self, field: &str) -> Value {
        self.sort_by(field, "keyword")
    }

    fn sort_by(&self, field: &str, unmapped_type: &str) -> Value {
        let tie_breaker = match self.distribution {
            Distribution::Elasticsearch => "_shard_doc",
            Distribution::OpenSearch => "_id",
        };
        json!([{field: {"order": "asc", "unmapped_type": unmapped_type}}, {tie_breaker: "asc"}])
    }
}

impl Elastic {
    /// How many documents match a query.
    pub async fn count(&self, index: &str, query: &Value) -> Result<u64, ElasticError> {
        let answer =
            self.search(index, &json!({"query": query, "size": 0, "track_total_hits": true})).await?;
        answer
            .pointer("/hits/total/value")
            .and_then(Value::as_u64)
            .ok_or_else(|| ElasticError::Unreadable("a search told no total".to_owned()))
    }

    /// Searches an index, alias or pattern; returns the whole response.
    pub async fn search(&self, index: &str, body: &Value) -> Result<Value, ElasticError> {
        let path = format!(
            "/{}/_search?allow_partial_search_results=false&ignore_unavailable=true&allow_no_indices=true",
            segment(index)
        );
        self.send(Method::Post, &path, Some(body)).await
    }

    /// Opens a point in time. The pattern has to match an index: OpenSearch has no view of nothing.
    pub async fn open_pit(&self, index: &str) -> Result<Pit, ElasticError> {
        let distribution = self.info().await?.distribution;
        let (api, key) = match distribution {
            Distribution::Elasticsearch => ("_pit", "id"),
            Distribution::OpenSearch => ("_search/point_in_time", "pit_id"),
        };
        let path = format!("/{}/{api}?keep_alive={KEEP_ALIVE}&ignore_unavailable=true", segment(index));
        let answer = self.send_small(Method::Post, &path, None).await?;
        let id = answer.get(key).and_then(Value::as_str);
        let id = id.ok_or_else(|| ElasticError::Unreadable("a point in time without an id".to_owned()))?;
        Ok(Pit { id: id.to_owned(), distribution })
    }

    /// Searches a point in time; `body` is a search body without `pit`.
    pub async fn search_pit(&self, pit: &mut Pit, mut body: Value) -> Result<Value, ElasticError> {
        body["pit"] = json!({"id": pit.id, "keep_alive": KEEP_ALIVE});
        let path = "/_search?allow_partial_search_results=false";
        let answer = self.send(Method::Post, path, Some(&body)).await?;
        // The id can change from search to search; only the newest one is kept alive.
        if let Some(id) = answer.get("pit_id").and_then(Value::as_str) {
            id.clone_into(&mut pit.id);
        }
        Ok(answer)
    }

    /// Starts to iterate over everything that a search finds, if there are no points in time (OpenSearch
    /// before 2.4).
    pub async fn open_scroll(&self, index: &str, body: &Value) -> Result<Value, ElasticError> {
        let path = format!(
            "/{}/_search?scroll={KEEP_ALIVE}&allow_partial_search_results=false&ignore_unavailable=true",
            segment(index)
        );
        self.send(Method::Post, &path, Some(body)).await
    }

    /// The next page of a scroll.
    pub async fn scroll_on(&self, id: &str) -> Result<Value, ElasticError> {
        let body = json!({"scroll": KEEP_ALIVE, "scroll_id": id});
        self.send(Method::Post, "/_search/scroll", Some(&body)).await
    }

    /// Ends a scroll. If it is not ended, it expires.
    pub async fn close_scroll(&self, id: &str) -> Result<(), ElasticError> {
        self.send_small(Method::Delete, "/_search/scroll", Some(&json!({"scroll_id": [id]}))).await.map(drop)
    }

    /// Closes a point in time. If it is not closed, it expires.
    pub async fn close_pit(&self, pit: Pit) -> Result<(), ElasticError> {
        let (path, body) = match pit.distribution {
            Distribution::Elasticsearch => ("/_pit", json!({"id": pit.id})),
            Distribution::OpenSearch => ("/_search/point_in_time", json!({"pit_id": [pit.id]})),
        };
        self.send_small(Method::Delete, path, Some(&body)).await.map(drop)
    }
}
