//! Many sources in a namespace of their own. They share their buckets, and the idle ones have a queue each.

use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::articles::Form;
use e2e::cluster::{Cluster, Kind};
use e2e::env::Env;
use e2e::resources;
use e2e::s3::S3;
use e2e::sqs::Sqs;
use e2e::wait::{Look, until};
use e2e::world::find_condition;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

/// One source of so many is idle; the others are suspended.
const IDLE_OF: u32 = 10;
/// Requests that are under way at a time.
const CONCURRENCY: usize = 16;
/// How long all sources may take until each has been looked at.
const LIMIT: Duration = Duration::from_mins(10);
const VISIBILITY_SECONDS: u32 = 30;

/// The sources.
pub struct Fleet {
    /// Kubernetes.
    pub cluster: Cluster,
    /// How many there are.
    pub count: u32,
    /// Their namespace, and what the names of buckets and queues begin with.
    pub name: String,
    env: Env,
    s3: S3,
    sqs: Sqs,
}

impl Fleet {
    /// Makes nothing yet.
    pub async fn new(cluster: &Cluster, env: &Env, count: u32) -> Result<Self> {
        Ok(Self {
            cluster: cluster.clone(),
            count,
            name: format!("bench-{count}-{}", std::process::id()),
            env: env.clone(),
            s3: S3::connect(env).await?,
            sqs: Sqs::connect(env).await?,
        })
    }

    /// Makes the sources and what they name, and waits until the operator has looked at each.
    pub async fn launch(&self) -> Result<()> {
        self.cluster.kubectl(&["create", "namespace", &self.name]).await?;
        self.cluster.apply(&self.name, &resources::secret(&self.env)).await?;
        for bucket in self.buckets() {
            self.s3.create_bucket(&bucket).await?;
        }
        println!("creating {} sources", self.count);
        stream::iter(0..self.count)
            .map(|number| self.create(number))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        until("a look at every source", LIMIT, async || {
            let sources = self.cluster.list(Kind::IngestSource, &self.name).await?;
            let settled = sources.iter().filter(|source| is_settled(source)).count();
            // Each look reads everything.
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(Look::holds(u32::try_from(settled)? >= self.count, format!("{settled} of {}", self.count)))
        })
        .await
    }

    /// Creates the source with this number, and its queue.
    pub async fn create(&self, number: u32) -> Result<()> {
        let is_idle = number.is_multiple_of(IDLE_OF);
        let queue = if is_idle { format!("{}-{number}", self.name) } else { self.name.clone() };
        let queue_url = self.sqs.create(&queue, VISIBILITY_SECONDS).await?;
        let mut source = resources::ingest_source(&self.env, &self.name, &queue_url, Form::NewsMlG2);
        source["metadata"]["name"] = name_of(number).into();
        source["spec"]["suspend"] = (!is_idle).into();
        self.cluster.create(Kind::IngestSource, &self.name, &source).await
    }

    /// Waits until the source with this number is ready.
    pub async fn ready(&self, number: u32) -> Result<()> {
        let name = name_of(number);
        loop {
            let source = self.cluster.get(Kind::IngestSource, &self.name, &name).await?;
            if find_condition(&source, "Ready")["status"] == "True" {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The number of the next idle source.
    pub const fn next_idle(&self) -> u32 {
        self.count.next_multiple_of(IDLE_OF)
    }

    /// Takes everything away.
    pub async fn remove(&self) -> Result<()> {
        println!("removing {} sources", self.count);
        let delete = ["delete", "namespace", &self.name, "--ignore-not-found", "--timeout=900s"];
        self.cluster.kubectl(&delete).await?;
        let base = self.sqs.create(&self.name, VISIBILITY_SECONDS).await?;
        let numbers = (0..=self.next_idle()).filter(|number| number.is_multiple_of(IDLE_OF));
        let idle = numbers.map(|number| format!("{base}-{number}"));
        let urls: Vec<String> = idle.chain([base.clone()]).collect();
        let removals = stream::iter(&urls).map(|url| self.sqs.remove(url));
        removals
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await
            .context("failed to remove queues")?;
        for bucket in self.buckets() {
            self.s3.remove_bucket(&bucket).await?;
        }
        Ok(())
    }

    fn buckets(&self) -> [String; 3] {
        ["raw", "json", "errors"].map(|kind| format!("{}-{kind}", self.name))
    }
}

fn name_of(number: u32) -> String {
    format!("source-{number:05}")
}

fn is_settled(source: &Value) -> bool {
    let is_true = |kind: &str| find_condition(source, kind)["status"] == "True";
    is_true("Ready") || is_true("Suspended")
}
