//! A world is what one test has for itself: a namespace, three buckets, a queue, and indices that begin with its name.
//! Nothing of it is left when the test is over, whichever way it ended.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard};

use super::articles::Form;
use super::auditor::{self, Audit, Place};
use super::bridge::Bridge;
use super::cluster::{Cluster, Kind, phase};
use super::condition_recorder::{Testimony, Witness};
use super::corpus::Corpus;
use super::elastic::Elastic;
use super::env::Env;
use super::resources::{self, SOURCE};
use super::s3::S3;
use super::sqs::Sqs;
use super::wait::{Look, until};
use super::watch::WORKERS;
use super::{diagnosis, install};

/// Messages of a worker that died come back after this many seconds.
const VISIBILITY_SECONDS: u32 = 30;
/// How long the objects of a test may take from bucket to ledger.
const INGEST_LIMIT: Duration = Duration::from_mins(3);
/// How long a namespace may take to go, the grace periods of its pods included.
const REMOVAL: &str = "--timeout=120s";
/// How long workers may take to end once what they work for is gone.
const ENDING: Duration = Duration::from_secs(20);
/// The kinds that have workers.
const WORKING_KINDS: &str = "isrc,irun,erun,isched,esched";

/// Tests that kill parts of the product itself have the cluster for themselves.
static ALONE: RwLock<()> = RwLock::const_new(());

/// What one test has for itself.
pub struct World {
    /// Name of the namespace, and what the names of buckets, queue and indices contain.
    pub name: String,
    /// Where everything is.
    pub env: Env,
    /// Kubernetes.
    pub cluster: Cluster,
    /// The object store.
    pub s3: S3,
    /// The queue service.
    pub sqs: Sqs,
    /// The cluster for articles and ledger.
    pub articles: Elastic,
    /// The cluster for enriched articles.
    pub enriched: Elastic,
    /// URL of the queue, as pods use it.
    pub queue_url: String,
    /// The notification bridge.
    pub(crate) bridge: Bridge,
}

/// Held by a test that tolerates others, so that one which needs the cluster for itself waits for it.
pub async fn beside_others() -> RwLockReadGuard<'static, ()> {
    ALONE.read().await
}

/// Runs a test in a world of its own, beside others.
pub async fn run(name: &str, test: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    let _others = beside_others().await;
    run_in_a_world(&unique(name)?, test).await
}

/// Runs a test, beside others, in the one world whose namespace the installed release ignores.
pub async fn run_ignored(test: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    let _others = beside_others().await;
    let env = Env::read()?;
    // Its name is always the same, so a test run that was killed may have left it behind.
    let cluster = Cluster::connect(env.context.as_deref()).await?;
    World::create(install::IGNORED, env, cluster).await?.remove().await?;
    run_in_a_world(install::IGNORED, test).await
}

/// Runs a test in a world of its own while no other test runs.
pub async fn run_alone(name: &str, test: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    let _nobody = ALONE.write().await;
    run_in_a_world(&unique(name)?, test).await
}

/// Seconds since 1970 and the process tell worlds apart, also those that a killed test run left behind.
fn unique(name: &str) -> Result<String> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() % 1_000_000;
    Ok(format!("e2e-{name}-{seconds}{:03}", std::process::id() % 1000))
}

async fn run_in_a_world(name: &str, test: impl AsyncFnOnce(&World) -> Result<()>) -> Result<()> {
    let env = Env::read()?;
    let cluster = Cluster::connect(env.context.as_deref()).await?;
    install::install(&cluster, &env).await?;
    let world = World::create(name, env, cluster).await?;
    let result = match world.fill().await {
        Ok(()) => test(&world).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result {
        eprintln!("{error:#}\n{}", diagnosis::of(&world).await);
    }
    let removed = world.remove().await;
    result.and(removed)
}

impl World {
    async fn create(name: &str, env: Env, cluster: Cluster) -> Result<Self> {
        let sqs = Sqs::connect(&env).await?;
        let queue_url = sqs.create(name, VISIBILITY_SECONDS).await?;
        Ok(Self {
            s3: S3::connect(&env).await?,
            articles: Elastic::new(&env.es_raw.outside),
            enriched: Elastic::new(&env.es_enriched.outside),
            bridge: Bridge::new(&env.bridge.outside),
            name: name.to_owned(),
            env,
            cluster,
            sqs,
            queue_url,
        })
    }

    async fn fill(&self) -> Result<()> {
        for bucket in self.buckets() {
            self.s3.create_bucket(&bucket).await?;
        }
        self.bridge.route(&self.raw_bucket(), &self.queue_url).await?;
        self.cluster.kubectl(&["create", "namespace", &self.name]).await?;
        self.cluster.apply(&self.name, &resources::secret(&self.env)).await
    }

    /// Takes everything away; the workers first, as they would write to what is gone.
    async fn remove(&self) -> Result<()> {
        if let Err(error) = self.end_workers().await {
            // The namespace takes along what still runs.
            eprintln!("{}: {error:#}", self.name);
        }
        let delete = ["delete", "namespace", &self.name, "--ignore-not-found", REMOVAL];
        self.cluster.kubectl(&delete).await?;
        self.bridge.remove(&self.raw_bucket()).await?;
        self.sqs.remove(&self.queue_url).await?;
        for bucket in self.buckets() {
            self.s3.remove_bucket(&bucket).await?;
        }
        let indices = format!("*{}*", self.name);
        self.articles.remove(&indices).await?;
        self.enriched.remove(&indices).await
    }

    /// Takes away what has workers, if any run, and waits for their end. The namespace controller, when it finds a
    /// running pod, looks again only after half of the pod's grace period, which is longer than a worker takes.
    async fn end_workers(&self) -> Result<()> {
        if self.running_workers().await? == 0 {
            return Ok(());
        }
        let delete = ["delete", WORKING_KINDS, "--all", "--namespace", &self.name, "--wait=false"];
        self.cluster.kubectl(&delete).await?;
        until("no running worker", ENDING, async || {
            let running = self.running_workers().await?;
            Ok(Look::holds(running == 0, format!("{running} run")))
        })
        .await
    }

    /// Workers whose processes have not ended, whether or not somebody has deleted them.
    async fn running_workers(&self) -> Result<usize> {
        let pods = self.cluster.pods(&self.name, WORKERS).await?;
        Ok(pods.iter().filter(|pod| matches!(phase(pod), "" | "Pending" | "Running")).count())
    }

    fn buckets(&self) -> [String; 3] {
        [self.raw_bucket(), self.snapshots_bucket(), self.errors_bucket()]
    }

    /// Name of the raw bucket.
    pub fn raw_bucket(&self) -> String {
        format!("{}-raw", self.name)
    }

    /// Name of the snapshot bucket.
    pub fn snapshots_bucket(&self) -> String {
        format!("{}-json", self.name)
    }

    /// Name of the errors bucket.
    pub fn errors_bucket(&self) -> String {
        format!("{}-errors", self.name)
    }

    /// Pattern of the indices with articles.
    pub fn articles_pattern(&self) -> String {
        format!("articles-{}-*", self.name)
    }

    /// Pattern of the indices with enriched articles.
    pub fn enriched_pattern(&self) -> String {
        format!("enriched-{}-*", self.name)
    }

    /// The source of this world, not yet applied.
    pub fn ingest_source(&self, form: Form) -> Value {
        resources::ingest_source(&self.env, &self.name, &self.queue_url, form)
    }

    /// `kubectl apply` of a resource.
    pub async fn apply(&self, resource: &Value) -> Result<()> {
        self.cluster.apply(&self.name, resource).await
    }

    /// Puts the objects of a corpus into the raw bucket.
    pub async fn put(&self, corpus: &Corpus) -> Result<()> {
        self.s3.put_all(&self.raw_bucket(), corpus.objects.clone()).await.map(drop)
    }

    /// Brings so many generated articles into the index, by the source of this world.
    pub async fn ingest(&self, form: Form, count: usize) -> Result<()> {
        self.apply(&self.ingest_source(form)).await?;
        self.put(&Corpus::generated(&self.name, form, count, 0)).await?;
        self.counted(count, 0).await.map(drop)
    }

    /// From now on nobody tells of what lands, but for the test itself.
    pub async fn lose_notifications(&self) -> Result<()> {
        self.bridge.remove(&self.raw_bucket()).await
    }

    /// Waits for a condition of a resource, with this status and reason (any, if it is empty).
    pub async fn condition(
        &self,
        (kind, name): (Kind, &str),
        condition: &str,
        (status, reason): (&str, &str),
        limit: Duration,
    ) -> Result<Value> {
        let what = format!("{condition}={status} {reason} of {name}");
        until(&what, limit, async || {
            let resource = self.cluster.get(kind, &self.name, name).await?;
            let found = find_condition(&resource, condition);
            let current = found["observedGeneration"] == resource["metadata"]["generation"];
            let same = found["status"] == status && (reason.is_empty() || found["reason"] == reason);
            Ok(if current && same { Look::Done(found) } else { Look::NotYet(found.to_string()) })
        })
        .await
    }

    /// Does something, and gives what the world's source said of itself meanwhile.
    pub async fn condition_meanwhile(
        &self,
        something: impl Future<Output = Result<()>>,
    ) -> Result<Testimony> {
        let witness = Witness::begin(&self.cluster, &self.name, SOURCE);
        something.await.with_context(|| format!("meanwhile was said:\n{}", witness.testimony()))?;
        Ok(witness.testimony())
    }

    /// Waits until the source's status counts these units, and nothing is pending.
    pub async fn counted(&self, indexed: usize, failed: usize) -> Result<Value> {
        let what = format!("{indexed} indexed and {failed} failed units in the status");
        until(&what, INGEST_LIMIT, async || {
            let source = self.cluster.get(Kind::IngestSource, &self.name, SOURCE).await?;
            let units = &source["status"]["units"];
            let counted = units["indexed"] == indexed && units["failed"] == failed && units["pending"] == 0;
            let seen = format!("{units} and workers {}", source["status"]["workers"]);
            Ok(if counted { Look::Done(source) } else { Look::NotYet(seen) })
        })
        .await
    }

    /// Waits until no worker pod is on its way or running.
    pub async fn no_workers(&self) -> Result<()> {
        self.no_workers_within(Duration::from_mins(1)).await
    }

    /// The same within some other time.
    pub async fn no_workers_within(&self, limit: Duration) -> Result<()> {
        until("no worker pod", limit, async || {
            let pods = self.cluster.pods(&self.name, WORKERS).await?;
            let live: Vec<_> = pods.iter().filter(|pod| super::cluster::is_live(pod)).collect();
            let names: Vec<_> = live.iter().map(|pod| super::cluster::name(pod)).collect();
            Ok(Look::holds(live.is_empty(), names.join(", ")))
        })
        .await
    }

    /// Judges the stores. Nothing may be at work meanwhile.
    pub async fn audit(&self) -> Result<Audit> {
        Ok(auditor::judge(&auditor::gather(&self.place()).await?))
    }

    /// Where the auditor looks.
    pub fn place(&self) -> Place {
        Place {
            records: self.articles.clone(),
            s3: self.s3.clone(),
            elastic: self.articles.clone(),
            raw_bucket: self.raw_bucket(),
            snapshots_bucket: self.snapshots_bucket(),
            snapshots_prefix: "json/".into(),
            errors_bucket: self.errors_bucket(),
            errors_prefix: "errors/".into(),
            source: format!("{}/{SOURCE}", self.name),
            articles: self.articles_pattern(),
            ledger: format!("docmill-units-{}.{SOURCE}", self.name),
            heads: format!("docmill-heads-{}.{SOURCE}", self.name),
        }
    }

    /// Judges the stores, and whether every object of a corpus became what it had to.
    pub async fn audit_all(&self, corpus: &Corpus) -> Result<()> {
        let audit = self.audit().await?;
        let faults = corpus.faults(&audit);
        ensure!(
            faults.is_empty(),
            "the auditor found {} faults:\n  {}",
            faults.len(),
            diagnosis::shown(&faults)
        );
        Ok(())
    }
}

/// A condition of a resource; null where there is none of that type.
pub fn find_condition(resource: &Value, kind: &str) -> Value {
    let conditions = resource["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}

/// A number of a resource's status.
pub fn number(resource: &Value, pointer: &str) -> Result<i64> {
    let value = resource.pointer(pointer).and_then(Value::as_i64);
    value.with_context(|| format!("{pointer} is no number in {}", resource["status"]))
}
