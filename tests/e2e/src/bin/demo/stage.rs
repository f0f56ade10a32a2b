//! Where the demo plays: its namespace, buckets, queue and indices.

use anyhow::{Context as _, Result, ensure};
use e2e::bridge::Bridge;
use e2e::cluster::Cluster;
use e2e::elastic::Elastic;
use e2e::env::Env;
use e2e::resources;
use e2e::s3::S3;
use e2e::sqs::Sqs;

use crate::documents::Documents;
use crate::samples::Samples;

/// The demo's namespace.
pub const NAMESPACE: &str = "docmill-demo";
/// Messages of a worker that died come back after this many seconds.
const VISIBILITY_SECONDS: u32 = 30;

/// Everything that the demo uses.
pub struct Stage {
    /// Where everything is.
    pub env: Env,
    /// Kubernetes.
    pub cluster: Cluster,
    /// The sample resources.
    pub samples: Samples,
    /// The object store.
    pub s3: S3,
    /// The cluster for articles and ledger.
    pub articles: Elastic,
    /// The cluster for enriched articles.
    pub enriched: Elastic,
    sqs: Sqs,
    bridge: Bridge,
}

impl Stage {
    /// Connects to everything.
    pub async fn new(env: Env, cluster: Cluster, samples: Samples) -> Result<Self> {
        Ok(Self {
            s3: S3::connect(&env).await?,
            sqs: Sqs::connect(&env).await?,
            bridge: Bridge::new(&env.bridge.outside),
            articles: Elastic::new(&env.es_raw.outside),
            enriched: Elastic::new(&env.es_enriched.outside),
            env,
            cluster,
            samples,
        })
    }

    /// Takes away what an earlier demo left; the workers first, as they would write to what is gone.
    pub async fn clean(&self) -> Result<()> {
        let delete = ["delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s"];
        self.cluster.kubectl(&delete).await?;
        let [raw, ..] = self.samples.buckets();
        self.bridge.remove(raw).await?;
        for bucket in self.samples.buckets() {
            self.s3.remove_bucket(bucket).await?;
        }
        self.articles.remove(&self.samples.articles()?).await?;
        self.articles.remove(&format!("docmill-*-{NAMESPACE}.*")).await?;
        self.enriched.remove(&self.samples.enriched()?).await?;
        self.enriched.remove(&format!("docmill-enrichments-{NAMESPACE}*")).await
    }

    /// Makes what the samples name.
    pub async fn prepare(&self) -> Result<()> {
        for bucket in self.samples.buckets() {
            self.s3.create_bucket(bucket).await?;
        }
        let named = self.samples.queue_url()?;
        let name = named.rsplit('/').next().context("the sample's queue has no name")?;
        let queue_url = self.sqs.create(name, VISIBILITY_SECONDS).await?;
        ensure!(queue_url == named, "the queue {queue_url} is not the one that the sample names: {named}");
        self.sqs.purge(&queue_url).await?;
        let [raw, ..] = self.samples.buckets();
        self.bridge.route(raw, &queue_url).await?;
        self.cluster.kubectl(&["create", "namespace", NAMESPACE]).await?;
        self.cluster.apply(NAMESPACE, &resources::secret(&self.env)).await
    }

    /// `kubectl apply` of a sample.
    pub async fn apply(&self, sample: &str) -> Result<()> {
        let apply = ["apply", "--namespace", NAMESPACE, "--filename", "-"];
        self.cluster.try_kubectl(&apply, Some(sample)).await?.expect_ok("kubectl apply").map(drop)
    }

    /// Puts the documents where the source looks for them.
    pub async fn put(&self, documents: &Documents) -> Result<()> {
        let [raw, ..] = self.samples.buckets();
        let prefix = self.samples.raw_prefix();
        let objects = documents.all().map(|(key, bytes)| (format!("{prefix}{key}"), bytes.clone()));
        self.s3.put_all(raw, objects.collect::<Vec<_>>()).await.map(drop)
    }
}
