//! An Elasticsearch cluster by its plain HTTP interface, independent of the client that the product uses.

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// How many documents one page of a scroll holds.
const PAGE: usize = 500;

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Name of its index.
    pub index: String,
    /// Its id.
    pub id: String,
    /// The document.
    pub source: Value,
}

/// A document to be stored with a version of its own.
#[derive(Clone, Copy, Debug)]
pub struct Versioned<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its version.
    pub version: u64,
    /// The document.
    pub source: &'a Value,
}

/// A client of one cluster.
#[derive(Clone)]
pub struct Elastic {
    http: Client,
    url: String,
}

impl Elastic {
    /// The cluster at this base URL.
    pub fn new(url: &str) -> Self {
        Self { http: Client::new(), url: url.to_owned() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<(StatusCode, Value)> {
        self.send(method, path, body.map(|body| body.to_string())).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<String>) -> Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}/{path}", self.url));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.with_context(|| format!("failed to reach {}", self.url))?;
        let (status, bytes) = (answer.status(), answer.bytes().await?);
        let value = serde_json::from_slice(&bytes).with_context(|| {
            format!("{path} is not answered in JSON: {}", String::from_utf8_lossy(&bytes))
        })?;
        Ok((status, value))
    }

    /// Any other request: method, path and body. An error where it is not answered with success.
    pub async fn expect(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, answer) = self.call(method, path, body).await?;
        ensure!(status.is_success(), "{path} was answered with {status}: {answer}");
        Ok(answer)
    }

    /// Makes what was written visible to searches.
    pub async fn refresh(&self, indices: &str) -> Result<()> {
        let path = format!("{indices}/_refresh?ignore_unavailable=true&allow_no_indices=true");
        self.expect(Method::POST, &path, None).await.map(drop)
    }

    /// Searches, with a body of the search API; the hits' array.
    pub async fn search(&self, indices: &str, body: Value) -> Result<Vec<Value>> {
        let path = format!("{indices}/_search?ignore_unavailable=true&allow_no_indices=true");
        let mut answer = self.expect(Method::POST, &path, Some(body)).await?;
        hits(&mut answer)
    }

    /// How many documents there are, refreshed first.
    pub async fn count(&self, indices: &str) -> Result<u64> {
        self.refresh(indices).await?;
        let path = format!("{indices}/_count?ignore_unavailable=true&allow_no_indices=true");
        let answer = self.expect(Method::GET, &path, None).await?;
        answer["count"].as_u64().context("a count without a number")
    }

    /// Every document of these indices, refreshed first.
    pub async fn all(&self, indices: &str) -> Result<Vec<Stored>> {
        self.refresh(indices).await?;
        let path = format!("{indices}/_search?scroll=1m&ignore_unavailable=true&allow_no_indices=true");
        let body = json!({"size": PAGE, "sort": ["_doc"]});
        let mut answer = self.expect(Method::POST, &path, Some(body)).await?;
        let mut all = Vec::new();
        loop {
            let page = hits(&mut answer)?;
            let scroll = answer["_scroll_id"].as_str().context("a scroll without an id")?.to_owned();
            if page.is_empty() {
                // Where no index matched, there is nothing to end, and the answer is 404.
                self.call(Method::DELETE, "_search/scroll", Some(json!({"scroll_id": scroll}))).await?;
                return Ok(all);
            }
            all.extend(page.into_iter().filter_map(stored));
            let next = json!({"scroll": "1m", "scroll_id": scroll});
            answer = self.expect(Method::POST, "_search/scroll", Some(next)).await?;
        }
    }

    /// Writes a document in the place of one with this version, or a new one. Its id is of plain characters.
    pub async fn put(&self, index: &str, id: &str, version: u64, source: Value) -> Result<()> {
        let path = format!("{index}/_doc/{id}?version={version}&version_type=external_gte&refresh=true");
        self.expect(Method::PUT, &path, Some(source)).await.map(drop)
    }

    /// Writes documents at once, each with its own version, and makes them visible to searches.
    pub async fn put_all<'a>(
        &self,
        index: &str,
        documents: impl IntoIterator<Item = Versioned<'a>>,
    ) -> Result<()> {
        let lines = documents.into_iter().map(|Versioned { id, version, source }| {
            let action = json!({"index": {"_id": id, "version": version, "version_type": "external_gte"}});
            format!("{action}\n{source}\n")
        });
        let path = format!("{index}/_bulk?refresh=true");
        let (status, answer) = self.send(Method::POST, &path, Some(lines.collect())).await?;
        ensure!(
            status.is_success() && answer["errors"] == false,
            "{path} was answered with {status}: {answer}"
        );
        Ok(())
    }

    /// Deletes a document. Its id is of plain characters.
    pub async fn delete(&self, index: &str, id: &str) -> Result<()> {
        self.expect(Method::DELETE, &format!("{index}/_doc/{id}?refresh=true"), None).await.map(drop)
    }

    /// What the mapping of an index says of Docmill; null where there is no index or no such mark.
    pub async fn mark(&self, index: &str) -> Result<Value> {
        let path = format!("{index}/_mapping?ignore_unavailable=true&allow_no_indices=true");
        let mut answer = self.expect(Method::GET, &path, None).await?;
        Ok(answer
            .pointer_mut(&format!("/{index}/mappings/_meta/docmill"))
            .map(Value::take)
            .unwrap_or_default())
    }

    /// Names of the indices that match a pattern.
    pub async fn indices(&self, pattern: &str) -> Result<Vec<String>> {
        let path = format!("_cat/indices/{pattern}?format=json&h=index&expand_wildcards=all");
        let answer = self.expect(Method::GET, &path, None).await?;
        let names = answer.as_array().context("a list of indices")?.iter();
        Ok(names.filter_map(|index| Some(index["index"].as_str()?.to_owned())).collect())
    }

    /// Removes the indices that match a pattern, each by its name, as clusters refuse patterns there.
    pub async fn remove(&self, pattern: &str) -> Result<()> {
        for index in self.indices(pattern).await? {
            let (status, answer) = self.call(Method::DELETE, &index, None).await?;
            ensure!(
                status.is_success() || status == StatusCode::NOT_FOUND,
                "failed to remove {index}: {answer}"
            );
        }
        Ok(())
    }

    /// Removes the templates whose names match a pattern.
    pub async fn remove_templates(&self, pattern: &str) -> Result<()> {
        let (status, answer) = self.call(Method::DELETE, &format!("_index_template/{pattern}"), None).await?;
        let gone = status.is_success() || status == StatusCode::NOT_FOUND;
        ensure!(gone, "failed to remove the templates {pattern}: {answer}");
        Ok(())
    }
}

fn hits(answer: &mut Value) -> Result<Vec<Value>> {
    match answer.pointer_mut("/hits/hits").map(Value::take) {
        Some(Value::Array(hits)) => Ok(hits),
        _ => anyhow::bail!("a search without hits: {answer}"),
    }
}

fn stored(mut hit: Value) -> Option<Stored> {
    let text = |name: &str| hit[name].as_str().map(str::to_owned);
    let (index, id) = (text("_index")?, text("_id")?);
    Some(Stored { index, id, source: hit["_source"].take() })
}
