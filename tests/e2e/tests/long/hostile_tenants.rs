//! Tenants that mean harm beside ten good ones, on one operator: two hundred black holes, half of them in one namespace,
//! and stores that answer without an end. Good sources get their workers as if nobody else was there, and the operator
//! stays small. It is a process of this machine, and reached by nobody but its API server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Form};
use e2e::malicious_servers::{Harm, Hole, Server};
use e2e::rig::operator::{Operator, OperatorRig};
use e2e::wait::{Look, until};
use e2e::world::{self, World, find_condition};
use e2e::{install, notices, resources};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};

const GOOD: usize = 10;
const HOLES: usize = 200;
/// So many of the holes are in one namespace, the others in as many more.
const IN_ONE_NAMESPACE: usize = 100;
const OTHER_NAMESPACES: usize = 20;
const OF_EACH_HARM: usize = 3;
/// From a message to the Job of its worker.
const MOST_LAG: Duration = Duration::from_secs(10);
const MOST_KIBIBYTES: u64 = 128 * 1024;
/// How long hostile sources are there before they are no news any more.
const SETTLED: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn tenants_that_mean_harm_cost_others_neither_memory_nor_time() -> Result<()> {
    world::run_alone("harm", async |world| {
        let rig = OperatorRig::create(world).await?;
        let queues =
            try_join_all((0..GOOD).map(|number| async move {
                world.sqs.create(&format!("{}-{number}", world.name), 30).await
            }));
        let queues = queues.await?;
        let namespaces: Vec<String> =
            (0..=OTHER_NAMESPACES).map(|number| format!("{}-h{number}", world.name)).collect();
        let scene = Scene { world, rig: &rig, queues: &queues, namespaces: &namespaces };
        let played = install::without_operator(&world.cluster, async || {
            scene.play().await.with_context(|| rig.logs())
        })
        .await;
        for namespace in &namespaces {
            let delete = ["delete", "namespace", namespace, "--ignore-not-found", "--wait=false"];
            world.cluster.kubectl(&delete).await?;
        }
        for queue in &queues {
            world.sqs.remove(queue).await?;
        }
        played
    })
    .await
}

struct Scene<'a> {
    world: &'a World,
    rig: &'a OperatorRig,
    /// One for each good source.
    queues: &'a [String],
    /// Of the hostile ones.
    namespaces: &'a [String],
}

impl Scene<'_> {
    async fn play(&self) -> Result<()> {
        let world = self.world;
        let operator = self.rig.start("first")?;
        let sources: Vec<Value> = (0..GOOD).map(|number| self.good(number)).collect();
        world.apply(&list(&sources)).await?;
        until("ready sources", Duration::from_mins(2), async || {
            let ready = self.ready().await?;
            Ok(Look::holds(ready == GOOD, format!("{ready} are")))
        })
        .await?;
        self.round("alone", 0, &operator).await?;

        let holes = (0..HOLES).map(|_| Hole::dig(&world.env.host_address)).collect::<Result<Vec<_>>>()?;
        let harms = [
            Harm::Endless,
            Harm::EndlessError,
            Harm::EndlessHeaders,
            Harm::Bomb,
            Harm::Drip,
            Harm::Redirect(307, holes[0].url.clone()),
        ];
        let servers =
            join_all(harms.into_iter().map(|harm| Server::start(&world.env.host_address, harm))).await;
        let servers = servers.into_iter().collect::<Result<Vec<_>>>()?;
        self.be_hostile(&holes, &servers).await?;
        self.round("hostile tenants are new", 1, &operator).await?;
        tokio::time::sleep(SETTLED).await;
        self.round("they have been there for a minute", 2, &operator).await?;
        ensure!(servers.iter().all(|server| server.asked() > 0), "not all hostile servers were asked");
        operator.kill()?;

        let operator = self.rig.start("second")?;
        self.round("the next operator", 3, &operator).await
    }

    /// An object for each good source; its worker has to come in time, and the operator to be small.
    async fn round(&self, what: &str, number: usize, operator: &Operator) -> Result<()> {
        let world = self.world;
        world.no_workers().await?;
        let before = self.jobs().await?;
        for (at, queue) in self.queues.iter().enumerate() {
            let article = Article::generated(&format!("{}-{at}", world.name), number);
            let key = format!("wire-{at}/{number}.xml");
            let listed = world.s3.put(&world.raw_bucket(), &key, article.write(Form::Nitf)).await?;
            world.sqs.send_all(queue, vec![notices::message(&world.raw_bucket(), &[listed])]).await?;
        }
        let began = Instant::now();
        let mut lags: BTreeMap<String, Duration> = BTreeMap::new();
        until("a worker of each good source", Duration::from_mins(3), async || {
            for source in self.jobs().await?.difference(&before).map(|(source, _)| source.clone()) {
                lags.entry(source).or_insert_with(|| began.elapsed());
            }
            Ok(Look::holds(lags.len() == GOOD, format!("{} have one", lags.len())))
        })
        .await?;
        let longest = lags.values().max().copied().unwrap_or_default();
        let indexed = u64::try_from(GOOD * (number + 1))?;
        until("all articles", Duration::from_mins(3), async || {
            let found = world.articles.count(&world.articles_pattern()).await?;
            Ok(Look::holds(found >= indexed, format!("{found} of {indexed}")))
        })
        .await?;
        let peak = operator.peak_kibibytes()?;
        println!(
            "{what}: the last of {GOOD} good sources had its worker after {:.1} s, all were indexed after {:.1} s; \
             the operator has had {} MiB",
            longest.as_secs_f64(),
            began.elapsed().as_secs_f64(),
            peak / 1024
        );
        ensure!(longest < MOST_LAG, "{what}: a good source waited {longest:?} for its worker: {lags:?}");
        ensure!(peak < MOST_KIBIBYTES, "{what}: the operator had {peak} KiB");
        Ok(())
    }

    /// Jobs of workers, each with the name of its source.
    async fn jobs(&self) -> Result<BTreeSet<(String, String)>> {
        let text = self
            .world
            .cluster
            .kubectl(&["get", "jobs", "--namespace", &self.world.name, "--output", "json"])
            .await?;
        let found: Value = serde_json::from_str(&text)?;
        let jobs = found["items"].as_array().context("no list")?.iter().filter_map(|job| {
            let source = job["metadata"]["labels"]["docmill.io/source"].as_str()?;
            Some((source.to_owned(), job["metadata"]["name"].as_str()?.to_owned()))
        });
        Ok(jobs.collect())
    }

    async fn ready(&self) -> Result<usize> {
        let text = self
            .world
            .cluster
            .kubectl(&["get", "isrc", "--namespace", &self.world.name, "--output", "json"])
            .await?;
        let found: Value = serde_json::from_str(&text)?;
        let sources = found["items"].as_array().context("no list")?;
        Ok(sources.iter().filter(|source| find_condition(source, "Ready")["status"] == "True").count())
    }

    async fn be_hostile(&self, holes: &[Hole], servers: &[Server]) -> Result<()> {
        let world = self.world;
        for namespace in self.namespaces {
            world.cluster.kubectl(&["create", "namespace", namespace]).await?;
            world.cluster.apply(namespace, &resources::secret(&world.env)).await?;
        }
        let mut sources: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (number, hole) in holes.iter().enumerate() {
            let place = if number < IN_ONE_NAMESPACE { 0 } else { 1 + number % OTHER_NAMESPACES };
            let field = if number % 3 == 0 { Field::Storage } else { Field::Index };
            sources.entry(&self.namespaces[place]).or_default().push(self.hostile(
                &format!("hole-{number}"),
                &hole.url,
                field,
            ));
        }
        for (number, server) in servers.iter().enumerate() {
            for copy in 0..OF_EACH_HARM {
                for (field, name) in
                    [(Field::Storage, "storage"), (Field::Index, "index"), (Field::Queue, "queue")]
                {
                    let source = self.hostile(&format!("harm-{number}-{copy}-{name}"), &server.url, field);
                    sources.entry(&self.namespaces[1 + copy]).or_default().push(source);
                }
            }
        }
        for (namespace, sources) in sources {
            world.cluster.apply(namespace, &list(&sources)).await?;
        }
        Ok(())
    }

    /// A source with stores as this machine and pods alike reach them.
    fn good(&self, number: usize) -> Value {
        let (world, env) = (self.world, &self.world.env);
        let mut source = world.ingest_source(Form::Nitf);
        source["metadata"]["name"] = format!("good-{number}").into();
        let spec = &mut source["spec"];
        spec["storage"]["endpoint"] = env.s3.outside.clone().into();
        spec["raw"]["prefix"] = format!("wire-{number}/").into();
        spec["snapshots"]["prefix"] = format!("json-{number}/").into();
        spec["errors"]["prefix"] = format!("errors-{number}/").into();
        spec["trigger"]["sqs"]["queueURL"] = outside(&self.queues[number], &env.sqs.outside).into();
        spec["index"]["elasticsearch"]["urls"] = json!([env.es_raw.outside]);
        source
    }

    fn hostile(&self, name: &str, url: &str, field: Field) -> Value {
        let mut source = self.good(0);
        source["metadata"]["name"] = name.into();
        let spec = &mut source["spec"];
        // A queue of its own, which there is not: it is asked last.
        spec["trigger"]["sqs"]["queueURL"] =
            format!("{}/000000000000/{name}", self.world.env.sqs.outside).into();
        match field {
            Field::Storage => spec["storage"]["endpoint"] = url.into(),
            Field::Index => spec["index"]["elasticsearch"]["urls"] = json!([url]),
            Field::Queue => spec["trigger"]["sqs"]["queueURL"] = format!("{url}/000000000000/{name}").into(),
        }
        source
    }
}

/// What of a hostile source leads to harm.
#[derive(Clone, Copy)]
enum Field {
    Storage,
    Index,
    Queue,
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// The URL of a queue by another origin.
fn outside(queue: &str, origin: &str) -> String {
    format!("{origin}/{}", queue.splitn(4, '/').nth(3).unwrap_or_default())
}
