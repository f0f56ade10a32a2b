//! Enrichment runs, as a script uses them: applied, waited for, and looked at.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::cluster::Kind;
use super::env::Env;
use super::wait::{Look, until};
use super::world::{World, find_condition, number};

/// How long a run may take.
const LIMIT: &str = "--timeout=300s";
/// How long the model server's metrics may be out of reach.
const METRICS_LIMIT: Duration = Duration::from_mins(1);
/// Port of the model server's metrics, beside that of its models.
const METRICS_PORT: &str = ":8082";

/// What a run tells of its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Documents that needed work.
    pub selected: i64,
    /// Documents whose copy is stored.
    pub done: i64,
    /// Documents of `done` without a call.
    pub cached: i64,
    /// Documents that were refused.
    pub failed: i64,
    /// Requests sent to models.
    pub calls: i64,
}

impl Outcome {
    /// What the status of a run says.
    pub fn of(run: &Value) -> Result<Self> {
        let count = |name: &str| number(run, &format!("/status/{name}"));
        Ok(Self {
            selected: count("selected")?,
            done: count("done")?,
            cached: count("cached")?,
            failed: count("failed")?,
            calls: count("calls")?,
        })
    }
}

impl World {
    /// Applies a run, waits for it as a script would, and gives it back.
    pub async fn enrich(&self, run: &Value) -> Result<Value> {
        self.apply(run).await?;
        let name = run["metadata"]["name"].as_str().context("a run without a name")?;
        self.enriched_by(name).await
    }

    /// Waits for a run that was applied before.
    pub async fn enriched_by(&self, name: &str) -> Result<Value> {
        let erun = format!("erun/{name}");
        let wait = ["wait", "--for=condition=Complete", &erun, "--namespace", &self.name, LIMIT];
        let waited = self.cluster.kubectl(&wait).await;
        let run = self.cluster.get(Kind::EnrichmentRun, &self.name, name).await?;
        waited.with_context(|| format!("{name} is not complete: {}", run["status"]))?;
        ensure!(run["status"]["phase"] == "Complete", "{name} waited for, and: {}", run["status"]);
        Ok(run)
    }

    /// `kubectl patch` of a run.
    pub async fn patch_run(&self, name: &str, change: &Value) -> Result<()> {
        let (run, change) = (format!("erun/{name}"), change.to_string());
        let patch = ["patch", &run, "--namespace", &self.name, "--type=merge", "--patch", &change];
        self.cluster.kubectl(&patch).await.map(drop)
    }

    /// Waits until a run has a condition with this status and reason.
    pub async fn run_says(&self, name: &str, condition: &str, reason: &str) -> Result<Value> {
        until(&format!("{condition} {reason} of {name}"), Duration::from_mins(2), async || {
            let run = self.cluster.get(Kind::EnrichmentRun, &self.name, name).await?;
            let found = find_condition(&run, condition);
            Ok(if found["reason"] == reason {
                Look::Done(run)
            } else {
                Look::NotYet(run["status"].to_string())
            })
        })
        .await
    }
}

/// How many requests a version of a model has answered, as the model server counts them. A server that is so busy that its
/// Service has nowhere to go for a moment is asked again.
pub async fn answered(env: &Env, model: &str, version: &str) -> Result<u64> {
    let (address, _) = env.models.outside.rsplit_once(':').context("an address without a port")?;
    let url = format!("{address}{METRICS_PORT}/metrics");
    let text = until("the metrics of the model server", METRICS_LIMIT, async || {
        Ok(match metrics(&url).await {
            Ok(text) => Look::Done(text),
            Err(error) => Look::NotYet(error.to_string()),
        })
    })
    .await?;
    let of_model = |line: &&str| {
        line.starts_with("model_infer_request_success_total{")
            && line.contains(&format!("model=\"{model}\""))
            && line.contains(&format!("version=\"{version}\""))
    };
    let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok());
    let counts: f64 = text.lines().filter(of_model).filter_map(count).sum();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    Ok(counts as u64)
}

async fn metrics(url: &str) -> reqwest::Result<String> {
    reqwest::get(url).await?.error_for_status()?.text().await
}
