//! The notification bridge: which bucket's events go to which queue.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::wait::{Look, until};

/// How long a Service may be without endpoints after its node was taken for dead.
const BACK: Duration = Duration::from_mins(3);

/// A client of the bridge.
#[derive(Clone)]
pub struct Bridge {
    http: reqwest::Client,
    url: String,
}

impl Bridge {
    /// A bridge at this base URL.
    pub fn new(url: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned() }
    }

    /// Sends a bucket's events to a queue.
    pub async fn route(&self, bucket: &str, queue_url: &str) -> Result<()> {
        let routes = json!([{"bucket": bucket, "queueURL": queue_url}]).to_string();
        let put = self.http.put(format!("{}/routes", self.url)).header("content-type", "application/json");
        let answer = put.body(routes).send().await?;
        ensure!(answer.status().is_success(), "the bridge refused a route: {}", answer.text().await?);
        Ok(())
    }

    /// Sends a bucket's events nowhere any more. Tests that made the cluster fail may find the bridge's Service without
    /// endpoints for a while.
    pub async fn remove(&self, bucket: &str) -> Result<()> {
        let url = format!("{}/routes?bucket={bucket}", self.url);
        until("the end of a route", BACK, async || {
            self.http.delete(&url).send().await?.error_for_status()?;
            Ok(Look::Done(()))
        })
        .await
    }

    /// What became of the events since the bridge started, as JSON.
    pub async fn stats(&self) -> Result<String> {
        let answer = self.http.get(format!("{}/stats", self.url)).send().await?.error_for_status()?;
        Ok(answer.text().await?)
    }
}
