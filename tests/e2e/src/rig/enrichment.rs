//! An enrichment without Kubernetes: articles in an index of the first cluster, a real model, copies in the second
//! cluster, a proxy in front of each, and workers that are processes of this machine.
//!
//! - `articles`: what is put into the source;
//! - [`model`]: the model, asked by a bare loop that knows nothing of the product;
//! - `judge`: the verdict, from the stores and that model alone (pure).

mod articles;
mod judge;
pub mod model;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use docmill_crds::contract::SECRETS_DIR_ENV;
use reqwest::Method;
use serde_json::{Value, json};

use crate::diagnosis::shown;
use crate::elastic::Elastic;
use crate::env::Env;
use crate::faults::{Match, Proxy};
use crate::world;

use super::worker::Worker;
use super::{CLUSTER, process};
pub use articles::Enrichable;
use judge::Evidence;
use model::Model;

/// Documents of a request to the model.
pub const BATCH: usize = 16;
/// Requests that are on their way to the model at the most.
pub const IN_FLIGHT: usize = 4;
/// How long a worker may take over its slice, with other cases beside it.
pub const DONE: Duration = Duration::from_mins(4);
/// How long a request that is let go may take to be stored.
const ARRIVES: Duration = Duration::from_secs(2);

/// UID of the run that all workers of a rig work for.
const RUN: &str = "run-1";
/// The model, and its only version.
const MODEL: &str = "sentiment";
const VERSION: &str = "v1";

/// An enrichment without Kubernetes.
pub struct EnrichmentRig {
    /// What the names of its indices contain.
    pub name: String,
    /// Where everything is.
    pub env: Env,
    /// The cluster with the articles.
    pub source: Elastic,
    /// The cluster with the copies and the records.
    pub target: Elastic,
    /// What workers reach the first cluster by.
    pub source_proxy: Proxy,
    /// What workers reach the second cluster by.
    pub target_proxy: Proxy,
    /// What workers reach the model by.
    pub models_proxy: Proxy,
    /// The model without a proxy.
    pub model: Model,
    /// What is in the source.
    pub articles: Vec<Enrichable>,
    folder: PathBuf,
}

/// Runs a test beside others with so many articles, one in `refused_every` of which the target refuses; none if it is 0.
pub async fn run(
    name: &str,
    count: usize,
    refused_every: usize,
    test: impl AsyncFnOnce(&EnrichmentRig) -> Result<()>,
) -> Result<()> {
    run_in(Env::read()?, name, count, refused_every, test).await
}

/// The same with other clusters or another model server.
pub async fn run_in(
    env: Env,
    name: &str,
    count: usize,
    refused_every: usize,
    test: impl AsyncFnOnce(&EnrichmentRig) -> Result<()>,
) -> Result<()> {
    let _others = world::beside_others().await;
    let rig = EnrichmentRig::create(env, name, articles::generated(count, refused_every)).await?;
    let result = match rig.fill().await {
        Ok(()) => test(&rig).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        eprintln!("=== {} failed: {error:#}\n{}", rig.name, process::tails(&rig.folder));
    }
    let removed = rig.remove().await;
    result.and(removed)
}

impl EnrichmentRig {
    async fn create(env: Env, name: &str, articles: Vec<Enrichable>) -> Result<Self> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() % 1_000_000;
        let name = format!("e2e-enrich-{name}-{seconds}{:03}", std::process::id() % 1000);
        let folder = std::env::temp_dir().join(format!("docmill-{name}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        Ok(Self {
            source: Elastic::new(&env.es_raw.outside),
            target: Elastic::new(&env.es_enriched.outside),
            source_proxy: Proxy::start(&env.host_address, &env.es_raw.outside).await?,
            target_proxy: Proxy::start(&env.host_address, &env.es_enriched.outside).await?,
            models_proxy: Proxy::start(&env.host_address, &env.models.outside).await?,
            model: Model::new(&env.models.outside, MODEL),
            name,
            env,
            articles,
            folder,
        })
    }

    async fn fill(&self) -> Result<()> {
        self.source.expect(Method::PUT, &self.source_index(), Some(articles::source_index())).await?;
        // Of several indices of the target, this one is there already, with a mapping of the user's own.
        let index = format!("enriched-{}-{}", self.name, articles::REFUSING_MONTH);
        self.target.expect(Method::PUT, &index, Some(articles::refusing_index())).await?;
        self.source.put_all(&self.source_index(), self.articles.iter().map(Enrichable::as_stored)).await
    }

    async fn remove(&self) -> Result<()> {
        std::fs::remove_dir_all(&self.folder)?;
        self.source.remove(&format!("*{}*", self.name)).await?;
        self.target.remove(&format!("*{}*", self.name)).await?;
        self.target.remove_templates(&format!("*{}*", self.name)).await
    }

    /// Index of the articles.
    pub fn source_index(&self) -> String {
        format!("articles-{}", self.name)
    }

    /// Pattern of the indices with copies.
    pub fn copies_pattern(&self) -> String {
        format!("enriched-{}-*", self.name)
    }

    /// Index of the records.
    pub fn records(&self) -> String {
        format!("docmill-enrichments-{}", self.name)
    }

    /// Requests that open the view of the articles.
    pub fn views(&self) -> Match {
        Match::any().method("POST").path("_pit")
    }

    /// Searches for a page of articles.
    pub fn pages(&self) -> Match {
        Match::any().path("/_search").body("\"pit\"")
    }

    /// Requests for the copies that are stored already.
    pub fn lookups(&self) -> Match {
        Match::any().path("/_mget").body(format!("enriched-{}", self.name))
    }

    /// Calls of the model.
    pub fn calls(&self) -> Match {
        Match::any().path("/infer")
    }

    /// Bulks with copies.
    pub fn copy_bulks(&self) -> Match {
        Match::any().path("_bulk").body(format!("\"_index\":\"enriched-{}", self.name))
    }

    /// Bulks with records of failures.
    pub fn failure_bulks(&self) -> Match {
        Match::any().path("_bulk").body("\"_id\":\"failure-")
    }

    /// Writes of the record of the slice.
    pub fn slice_writes(&self) -> Match {
        Match::any().path("_bulk").body("\"_id\":\"slice-")
    }

    /// How many requests all articles take.
    pub fn batches(&self) -> usize {
        self.articles.len().div_ceil(BATCH)
    }

    /// The work order that workers get: the whole source is one slice.
    pub fn order(&self) -> Value {
        let [from, to, models] = [&self.source_proxy, &self.target_proxy, &self.models_proxy].map(Proxy::url);
        self.order_by(&from, &to, &models)
    }

    /// The same for stores at these base URLs.
    pub fn order_by(&self, from: &str, to: &str, models: &str) -> Value {
        json!({
            "namespace": self.name, "run": "daily", "runUid": RUN, "cluster": CLUSTER, "step": "enrich",
            "from": {"urls": [from]}, "fromIndex": self.source_index(), "timeField": "_docmill.indexedTime",
            "to": {
                "elasticsearch": {"urls": [to]},
                "index": {"name": format!("enriched-{}-{{publishedAt:%Y.%m}}", self.name)},
            },
            "target": self.name, "select": {"state": "New"}, "onModelChange": "Stop", "pods": 1,
            "versions": {"sentiment": VERSION},
            "enrichers": [{
                "name": "sentiment",
                "openInference": {"url": models, "model": MODEL, "version": VERSION},
                "inputs": [{"name": "text", "template": "{headline}. {body}"}],
                "outputs": [
                    {"from": "compound", "field": "sentiment", "type": "Number"},
                    {"from": "lang", "field": "detectedLanguage", "type": "String"},
                ],
                "batchSize": BATCH, "maxInFlight": IN_FLIGHT, "timeoutSeconds": 60,
            }],
            "slices": [{"until": "2026-06-01T00:00:00Z"}],
        })
    }

    /// Starts a worker.
    pub fn worker(&self, name: &str) -> Result<Worker> {
        self.worker_for(name, &self.order())
    }

    /// Starts a worker for another order than [`Self::order`].
    pub fn worker_for(&self, name: &str, order: &Value) -> Result<Worker> {
        let secrets = (SECRETS_DIR_ENV, self.folder.join("secrets").display().to_string());
        let log = self.folder.join(format!("{name}.log"));
        Worker::start(&self.env, name, &json!({"enrich": order}), &[secrets], &log)
    }

    /// Lets a worker do all that there is.
    pub async fn finish(&self) -> Result<()> {
        self.finish_for(&self.order()).await
    }

    /// The same for another order than [`Self::order`].
    pub async fn finish_for(&self, order: &Value) -> Result<()> {
        finished(self.worker_for("worker", order)?).await
    }

    /// Takes copies and records away, so that everything has to be done once more.
    pub async fn forget(&self) -> Result<()> {
        self.target.remove(&format!("*{}*", self.name)).await
    }

    /// Gives a request that was let go a moment ago the time to arrive.
    pub async fn settle(&self) {
        tokio::time::sleep(ARRIVES).await;
    }

    /// The record of the slice.
    pub async fn record(&self) -> Result<Value> {
        let records = self.target.all(&self.records()).await?;
        let mut slices = records.into_iter().filter(|record| record.id == format!("slice-{RUN}-0"));
        Ok(slices.next().context("the slice has no record")?.source)
    }

    /// Judges the stores: every article has one copy with what the model gives for its text, or a record of its failure,
    /// and the slice is told to be finished. Nothing may be at work meanwhile.
    pub async fn judge(&self) -> Result<()> {
        let texts: Vec<String> = self.articles.iter().map(Enrichable::text).collect();
        let answers = self.model.ask_all(&texts, BATCH, IN_FLIGHT).await?;
        let records = self.target.all(&self.records()).await?;
        let evidence = Evidence {
            copies_prefix: format!("enriched-{}-", self.name),
            copies: self.target.all(&self.copies_pattern()).await?,
            failures: records.into_iter().filter(|record| record.source["kind"] == "failure").collect(),
            slice: self.record().await?,
        };
        let faults = judge::faults(&self.articles, &answers, &evidence);
        ensure!(faults.is_empty(), "the judge found {} faults:\n  {}", faults.len(), shown(&faults));
        Ok(())
    }
}

/// Waits until a worker has ended, and checks that it ended well.
pub async fn finished(mut worker: Worker) -> Result<()> {
    let status = worker.ended(DONE).await?;
    ensure!(status.success(), "the worker ended with {status}");
    Ok(())
}
