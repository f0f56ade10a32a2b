//! Elasticsearch: what stands between two turns, none of which is measured.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use crate::http::Connection;

/// How many documents one page of a scroll holds.
const PAGE: usize = 1_000;
/// How long merges may take after a turn.
const MERGED: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a cluster may have no memory for a request, and after which pause it is asked again.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_secs(1);

fn is_too_many(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&StatusCode::TOO_MANY_REQUESTS)
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// The document, as JSON.
    pub source: Value,
}

/// Size of an index, merged into one segment a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Documents.
    pub documents: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// A connection to Elasticsearch.
pub struct Elastic(Connection);

impl Elastic {
    /// A connection to the cluster at this base URL; nothing is sent yet.
    pub fn new(url: &str) -> Result<Self> {
        Connection::new(url).map(Self)
    }

    /// A request with a JSON body, answered in JSON with success.
    pub async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        self.send(method, path, Bytes::from(body), "application/json").await
    }

    /// A bulk request of ready lines. An error where one item fails.
    pub async fn bulk(&mut self, index: &str, lines: Bytes) -> Result<()> {
        let path = format!("/{index}/_bulk?filter_path=errors,items.*.error.reason");
        let answer = self.send("POST", &path, lines, "application/x-ndjson").await?;
        ensure!(answer["errors"] == false, "{path}: some documents were refused: {answer}");
        Ok(())
    }

    /// The same for what is not measured: it waits until the cluster has memory for a request.
    pub async fn bulk_with_patience(&mut self, index: &str, lines: &Bytes) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.bulk(index, lines.clone()).await {
                Err(error) if is_too_many(&error) && Instant::now() < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                sent => return sent,
            }
        }
    }

    async fn send(&mut self, method: &str, path: &str, body: Bytes, content: &str) -> Result<Value> {
        let request = Request::builder().method(method).uri(path).header("content-type", content);
        let answer = self.0.send(request, body).await?;
        let status = answer.status;
        let answer = answer.success(&format!("{method} {path}")).map_err(|error| error.context(status))?;
        serde_json::from_slice(&answer.body).with_context(|| format!("{path} is not answered in JSON"))
    }

    /// Names of the indices that match a pattern.
    pub async fn indices(&mut self, pattern: &str) -> Result<Vec<String>> {
        let path = format!("/_cat/indices/{pattern}?format=json&h=index&expand_wildcards=all");
        let answer = self.call("GET", &path, None).await?;
        let names = answer.as_array().into_iter().flatten();
        Ok(names.filter_map(|index| Some(index["index"].as_str()?.to_owned())).collect())
    }

    /// Removes the indices that match a pattern, each by its name, as clusters refuse patterns there; and the templates.
    pub async fn remove(&mut self, pattern: &str) -> Result<()> {
        for index in self.indices(pattern).await? {
            self.call("DELETE", &format!("/{index}"), None).await?;
        }
        let answer = self.call("GET", "/_index_template", None).await?;
        let middle = pattern.trim_matches('*');
        let templates = answer["index_templates"].as_array().into_iter().flatten();
        let mut names = templates.filter_map(|template| template["name"].as_str());
        // A pattern that matches nothing is an error.
        if names.any(|name| name.contains(middle)) {
            self.call("DELETE", &format!("/_index_template/*{middle}*"), None).await?;
        }
        Ok(())
    }

    /// How many documents there are.
    pub async fn count(&mut self, pattern: &str, query: &Value) -> Result<u64> {
        let path = format!("/{pattern}/_count?ignore_unavailable=true&allow_no_indices=true");
        let answer = self.call("POST", &path, Some(&json!({"query": query}))).await?;
        answer["count"].as_u64().context("a count without a number")
    }

    /// Makes what was written visible to searches.
    pub async fn refresh(&mut self, pattern: &str) -> Result<()> {
        self.call("POST", &format!("/{pattern}/_refresh"), None).await.map(drop)
    }

    /// Writes all to disk and waits until nothing is merged any more, so that a turn pays for the work that it made.
    pub async fn settle(&mut self, pattern: &str) -> Result<()> {
        self.call("POST", &format!("/{pattern}/_flush?wait_if_ongoing=true&force=true"), None).await?;
        let began = Instant::now();
        loop {
            let answer = self.call("GET", &format!("/{pattern}/_stats/merge"), None).await?;
            if answer["_all"]["total"]["merges"]["current"].as_u64().unwrap_or_default() == 0 {
                return Ok(());
            }
            if began.elapsed() > MERGED {
                bail!("Elasticsearch still merges {pattern} after {} s", MERGED.as_secs());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Sizes of the indices that match a pattern, by name, each merged first.
    pub async fn sizes(&mut self, pattern: &str) -> Result<BTreeMap<String, Size>> {
        let merge = format!("/{pattern}/_forcemerge?max_num_segments=1&flush=true");
        self.call("POST", &merge, None).await?;
        // Segments that were merged away go with the next commit.
        self.call("POST", &format!("/{pattern}/_flush?wait_if_ongoing=true&force=true"), None).await?;
        let answer = self.call("GET", &format!("/{pattern}/_stats/store,docs?level=indices"), None).await?;
        let indices = answer["indices"].as_object().context("statistics without indices")?;
        let sizes = indices.iter().map(|(name, stats)| {
            let number = |path: &str| stats.pointer(path).and_then(Value::as_u64).unwrap_or_default();
            let size = Size {
                documents: number("/primaries/docs/count"),
                bytes: number("/primaries/store/size_in_bytes"),
            };
            (name.clone(), size)
        });
        Ok(sizes.collect())
    }

    /// Every document of these indices.
    pub async fn all(&mut self, pattern: &str) -> Result<Vec<Stored>> {
        self.refresh(pattern).await?;
        let body = json!({"size": PAGE, "sort": ["_doc"]});
        let mut answer = self.call("POST", &format!("/{pattern}/_search?scroll=1m"), Some(&body)).await?;
        let mut all = Vec::new();
        loop {
            let scroll = answer["_scroll_id"].as_str().context("a scroll without an id")?.to_owned();
            let page = match answer["hits"]["hits"].take() {
                Value::Array(page) => page,
                other => bail!("a search without hits: {other}"),
            };
            if page.is_empty() {
                self.call("DELETE", "/_search/scroll", Some(&json!({"scroll_id": scroll}))).await?;
                return Ok(all);
            }
            all.extend(page.into_iter().filter_map(stored));
            let next = json!({"scroll": "1m", "scroll_id": scroll});
            answer = self.call("POST", "/_search/scroll", Some(&next)).await?;
        }
    }
}

fn stored(mut hit: Value) -> Option<Stored> {
    let id = hit["_id"].as_str()?.to_owned();
    Some(Stored { id, source: hit["_source"].take() })
}
