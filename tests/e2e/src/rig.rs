//! A source without Kubernetes: buckets, a queue and indices of its own, a proxy in front of each store, and workers
//! that are processes of this machine, so that they can be killed between any two requests.
//!
//! The objects are told of by the rig itself, so that a test decides what is told when, how often and in which order.

mod clock;
pub mod enrichment;
pub mod index_trouble;
mod layout;
pub mod operator;
mod process;
pub mod removals;
mod runs;
mod worker;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use docmill_crds::contract::SECRETS_DIR_ENV;
use serde_json::{Value, json};

use super::articles::Form;
use super::auditor::{self, Audit, Place};
use super::corpus::Corpus;
use super::diagnosis::shown;
use super::elastic::Elastic;
use super::env::Env;
use super::faults::{Match, Proxy};
use super::resources::{self, SOURCE};
use super::s3::{Listed, S3};
use super::sqs::Sqs;
use super::wait::{Look, until};
use super::{notices, world};

use clock::WrongClock;
pub use layout::Layout;
pub use worker::{Worker, is_small};

/// What the queue hides messages for where a worker asks for no other time.
const VISIBILITY_SECONDS: u32 = 30;
/// Objects that one message tells of.
const RECORDS: usize = 3;

/// How long recovery may take: what a killed worker held is hidden for half a minute, pauses between attempts grow up
/// to as much, and many cases share two cores.
pub const RECOVERED: Duration = Duration::from_mins(2);
/// How long a worker takes at most to come to a certain request.
pub const REACHED: Duration = Duration::from_mins(1);
/// How long a worker with nothing in its hands takes at most to end.
pub const ENDED: Duration = Duration::from_secs(30);

/// UID of the Kubernetes cluster that workers are told of.
pub const CLUSTER: &str = "rigs";

/// A source without Kubernetes.
pub struct Rig {
    /// What the names of buckets, queue and indices contain.
    pub name: String,
    /// Where everything is.
    pub env: Env,
    /// The object store.
    pub s3: S3,
    /// The queue service.
    pub sqs: Sqs,
    /// The cluster with articles.
    pub elastic: Elastic,
    /// The cluster with the ledger.
    pub records: Elastic,
    /// What workers reach the object store by.
    pub s3_proxy: Proxy,
    /// What workers reach the queue by.
    pub sqs_proxy: Proxy,
    /// What workers reach Elasticsearch by.
    pub es_proxy: Proxy,
    queue_url: String,
    form: Form,
    layout: Layout,
    folder: PathBuf,
}

/// Runs a test with a rig of its own, beside others.
pub async fn run(name: &str, form: Form, test: impl AsyncFnOnce(&Rig) -> Result<()>) -> Result<()> {
    run_laid_out(name, form, Env::read()?, Layout::Together, test).await
}

/// The same with other stores, or with documents and records in other places.
pub async fn run_laid_out(
    name: &str,
    form: Form,
    env: Env,
    layout: Layout,
    test: impl AsyncFnOnce(&Rig) -> Result<()>,
) -> Result<()> {
    let _others = world::beside_others().await;
    let rig = Rig::create(name, form, env, layout).await?;
    let result = test(&rig).await;
    if let Err(error) = &result {
        eprintln!("=== {} failed: {error:#}\n{}", rig.name, rig.diagnosis().await);
    }
    let removed = rig.remove().await;
    result.and(removed)
}

impl Rig {
    async fn create(name: &str, form: Form, env: Env, layout: Layout) -> Result<Self> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() % 1_000_000;
        let name = format!("e2e-{name}-{seconds}{:03}", std::process::id() % 1000);
        let sqs = Sqs::connect(&env).await?;
        let folder = std::env::temp_dir().join(format!("docmill-{name}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let rig = Self {
            queue_url: sqs.create(&name, VISIBILITY_SECONDS).await?,
            s3: S3::connect(&env).await?,
            elastic: Elastic::new(&env.es_raw.outside),
            records: Elastic::new(layout.records(&env)),
            s3_proxy: Proxy::start(&env.host_address, &env.s3.outside).await?,
            sqs_proxy: Proxy::start(&env.host_address, &env.sqs.outside).await?,
            es_proxy: Proxy::start(&env.host_address, &env.es_raw.outside).await?,
            name,
            env,
            sqs,
            form,
            layout,
            folder,
        };
        for bucket in rig.buckets() {
            rig.s3.create_bucket(&bucket).await?;
        }
        Ok(rig)
    }

    async fn remove(&self) -> Result<()> {
        self.sqs.remove(&self.queue_url).await?;
        for bucket in self.buckets() {
            self.s3.remove_bucket(&bucket).await?;
        }
        std::fs::remove_dir_all(&self.folder)?;
        self.elastic.remove(&format!("*{}*", self.name)).await?;
        self.records.remove(&format!("*{}*", self.name)).await
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
    pub fn articles(&self) -> String {
        format!("articles-{}-*", self.name)
    }

    /// Index of the ledger.
    pub fn ledger(&self) -> String {
        format!("docmill-units-{}.{SOURCE}", self.name)
    }

    /// Index of the heads.
    pub fn heads(&self) -> String {
        format!("docmill-heads-{}.{SOURCE}", self.name)
    }

    /// Requests that read an object of the raw bucket.
    pub fn reads(&self) -> Match {
        Match::any().method("GET").path(format!("/{}/", self.raw_bucket()))
    }

    /// Requests that write a snapshot.
    pub fn snapshot_writes(&self) -> Match {
        Match::any().method("PUT").path(format!("/{}/", self.snapshots_bucket()))
    }

    /// Requests that write into the errors bucket, copies included.
    pub fn error_writes(&self) -> Match {
        Match::any().method("PUT").path(format!("/{}/", self.errors_bucket()))
    }

    /// Bulks with articles.
    pub fn article_bulks(&self) -> Match {
        bulk_of(&format!("articles-{}", self.name))
    }

    /// Bulks with records of the ledger.
    pub fn ledger_bulks(&self) -> Match {
        bulk_of(&self.ledger())
    }

    /// Bulks that claim keys and documents for units.
    pub fn head_bulks(&self) -> Match {
        bulk_of(&format!("docmill-heads-{}", self.name))
    }

    /// The spec that workers get: the one of the tests in pods, with the proxies in the place of the stores.
    pub fn spec(&self) -> Value {
        let mut source = resources::ingest_source(&self.env, &self.name, &self.queue_url, self.form);
        let spec = &mut source["spec"];
        // Without a Secret, a worker has the identity of its environment.
        spec["storage"] = json!({
            "region": self.env.region, "endpoint": self.s3_proxy.url(), "forcePathStyle": true,
        });
        let queue = self.queue_url.splitn(4, '/').nth(3).unwrap_or_default();
        spec["trigger"]["sqs"]["queueURL"] = format!("{}/{queue}", self.sqs_proxy.url()).into();
        spec["index"]["elasticsearch"]["urls"] = json!([self.es_proxy.url()]);
        self.layout.arrange(spec, &self.env);
        // A worker ends when the test says so.
        spec["workers"]["idleSeconds"] = 600.into();
        spec.take()
    }

    /// The same for articles of any date; those of the preset are a week ahead at most, and so many days here.
    pub fn spec_of_all_ages(&self, ahead_days: u32) -> Value {
        let mut spec = self.spec();
        let path = "head/docdata/date.issue/@norm";
        let date = json!({"name": "publishedAt", "path": [path], "type": "dateTime", "required": true});
        spec["conversion"]["fields"] = json!([date]);
        spec["index"]["window"] = json!({"aheadDays": ahead_days});
        spec
    }

    /// The same with packed snapshots.
    pub fn packed_spec(&self) -> Value {
        let mut spec = self.spec();
        spec["snapshots"]["packing"] = "Packed".into();
        spec
    }

    /// Starts a worker.
    pub fn worker(&self, name: &str) -> Result<Worker> {
        self.worker_for(name, &self.spec())
    }

    /// Starts a worker for another spec than [`Self::spec`].
    pub fn worker_for(&self, name: &str, spec: &Value) -> Result<Worker> {
        self.start(name, &self.order(spec), &[])
    }

    /// Starts a worker with more in its environment.
    pub fn worker_in(&self, name: &str, spec: &Value, environment: &[(&str, String)]) -> Result<Worker> {
        self.start(name, &self.order(spec), environment)
    }

    /// Starts a worker whose clock is ahead of the time by so many seconds, or behind it.
    pub fn worker_with_clock(&self, name: &str, spec: &Value, seconds: i64) -> Result<Worker> {
        let clock = WrongClock::make(&self.folder, seconds)?;
        self.start(name, &self.order(spec), &clock.environment())
    }

    fn order(&self, spec: &Value) -> Value {
        json!({"ingest": self.ingest_order(spec)})
    }

    /// What every order for the source has.
    pub fn ingest_order(&self, spec: &Value) -> Value {
        json!({"namespace": self.name, "source": SOURCE, "uid": self.name, "cluster": CLUSTER, "spec": spec})
    }

    /// Starts a worker with an order like that of [`Self::ingest_order`].
    pub fn worker_by(&self, name: &str, order: &Value) -> Result<Worker> {
        self.start(name, &json!({"ingest": order}), &[])
    }

    fn start(&self, name: &str, order: &Value, environment: &[(&str, String)]) -> Result<Worker> {
        let secrets = (SECRETS_DIR_ENV, self.secrets().display().to_string());
        let environment: Vec<_> = environment.iter().cloned().chain([secrets]).collect();
        Worker::start(&self.env, name, order, &environment, &self.log(name))
    }

    /// The folder of the workers' Secrets, as the kubelet would mount them.
    pub fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// What a worker has written into its log so far.
    pub fn said(&self, worker: &str) -> Result<String> {
        let log = self.log(worker);
        std::fs::read_to_string(&log).with_context(|| format!("failed to read {}", log.display()))
    }

    fn log(&self, worker: &str) -> PathBuf {
        self.folder.join(format!("{worker}.log"))
    }

    /// Puts a corpus into the raw bucket, and tells of nothing.
    pub async fn put(&self, corpus: &Corpus) -> Result<Vec<Listed>> {
        self.s3.put_all(&self.raw_bucket(), corpus.objects.clone()).await
    }

    /// Tells of objects, some in each message.
    pub async fn tell(&self, objects: &[Listed]) -> Result<()> {
        let bucket = self.raw_bucket();
        let messages = objects.chunks(RECORDS).map(|objects| notices::message(&bucket, objects)).collect();
        self.sqs.send_all(&self.queue_url, messages).await
    }

    /// Tells of objects by a message for each, as S3 does.
    pub async fn tell_one_by_one(&self, objects: &[Listed]) -> Result<()> {
        let bucket = self.raw_bucket();
        let messages = objects.chunks(1).map(|object| notices::message(&bucket, object)).collect();
        self.sqs.send_all(&self.queue_url, messages).await
    }

    /// Puts a corpus and tells of it.
    pub async fn land(&self, corpus: &Corpus) -> Result<Vec<Listed>> {
        let objects = self.put(corpus).await?;
        self.tell(&objects).await?;
        Ok(objects)
    }

    /// Messages that are in the queue, those in a worker's hands included.
    pub async fn messages(&self) -> Result<u64> {
        let backlog = self.sqs.backlog(&self.queue_url).await?;
        Ok(backlog.waiting + backlog.in_flight)
    }

    /// Waits until every message is acknowledged.
    pub async fn settled(&self, limit: Duration) -> Result<()> {
        until("an empty queue", limit, async || {
            let backlog = self.sqs.backlog(&self.queue_url).await?;
            Ok(Look::holds(backlog.waiting + backlog.in_flight == 0, format!("{backlog:?}")))
        })
        .await
    }

    /// Lets a worker work until every message is acknowledged.
    pub async fn drain(&self) -> Result<()> {
        self.drain_for(&self.spec()).await
    }

    /// The same for another spec than [`Self::spec`].
    pub async fn drain_for(&self, spec: &Value) -> Result<()> {
        let worker = self.worker_for("worker", spec)?;
        self.settled(RECOVERED).await?;
        worker.end(ENDED).await
    }

    /// How many units the ledger has in a state.
    pub async fn recorded(&self, state: &str) -> Result<usize> {
        let ledger = self.records.all(&self.ledger()).await?;
        Ok(ledger.iter().filter(|record| record.source["state"] == state).count())
    }

    /// How many units the ledger has with a reason.
    pub async fn recorded_for(&self, reason: &str) -> Result<usize> {
        let ledger = self.records.all(&self.ledger()).await?;
        Ok(ledger.iter().filter(|record| record.source["reason"] == reason).count())
    }

    /// Waits until the ledger has so many units in a state.
    pub async fn until_recorded(&self, state: &str, count: usize, limit: Duration) -> Result<()> {
        until(&format!("{count} units that are {state}"), limit, async || {
            let recorded = self.recorded(state).await?;
            Ok(Look::holds(recorded == count, recorded.to_string()))
        })
        .await
    }

    /// What the auditor says. Nothing may be at work meanwhile.
    pub async fn audit(&self) -> Result<Audit> {
        Ok(auditor::judge(&auditor::gather(&self.place()).await?))
    }

    /// Where the auditor looks.
    pub fn place(&self) -> Place {
        Place {
            s3: self.s3.clone(),
            elastic: self.elastic.clone(),
            records: self.records.clone(),
            raw_bucket: self.raw_bucket(),
            snapshots_bucket: self.snapshots_bucket(),
            snapshots_prefix: "json/".into(),
            errors_bucket: self.errors_bucket(),
            errors_prefix: "errors/".into(),
            source: format!("{}/{SOURCE}", self.name),
            articles: self.articles(),
            ledger: self.ledger(),
            heads: self.heads(),
        }
    }

    /// Judges the stores, and whether every object of a corpus became what it had to.
    pub async fn judge(&self, corpus: &Corpus) -> Result<()> {
        let audit = self.audit().await?;
        let faults = corpus.faults(&audit);
        ensure!(faults.is_empty(), "the auditor found {} faults:\n  {}", faults.len(), shown(&faults));
        Ok(())
    }

    /// What a person wants to see of a case that failed.
    async fn diagnosis(&self) -> String {
        let backlog = self.sqs.backlog(&self.queue_url).await;
        format!("--- queue: {backlog:?}\n{}", process::tails(&self.folder))
    }
}

/// Bulks with an item for an index whose name begins so. Documents may name other indices.
fn bulk_of(index: &str) -> Match {
    Match::any().path("_bulk").body(format!("\"_index\":\"{index}"))
}
