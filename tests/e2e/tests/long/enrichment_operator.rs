//! An operator is killed with SIGKILL around each thing that it writes for an enrichment run: to the API server, and beside
//! the enriched documents. Another one goes on, and the run ends as if nobody had died: every article enriched by one call, one
//! Job, one bound. Through pods, alone in the cluster.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::enrichments::{Outcome, answered};
use e2e::faults::{Held, Hold, Match, Proxy};
use e2e::install;
use e2e::resources::{self, SOURCE};
use e2e::rig::operator::{Operator, OperatorRig};
use e2e::wait::throughout;
use e2e::world::{self, World, find_condition};
use futures::FutureExt as _;
use futures::future::select_all;
use serde_json::{Deserializer, Value, json};

use crate::kill_matrix::Moment;

/// Four requests.
const ARTICLES: i64 = 64;
const BATCH: i64 = 16;
/// Two of them, after which the run rests.
const FIRST_BUDGET: i64 = 2;
/// How long no write at all may come.
const STUCK: Duration = Duration::from_mins(3);
/// How long a run has to stay ended after the last that its dead operators wrote has arrived.
const SETTLED: Duration = Duration::from_secs(5);
/// What is written for such a run in any case, in the words of [`step`]. Events are not: one dies with its operator.
const STEPS: [&str; 10] = [
    "POST jobs RUN-clear",
    "POST jobs RUN-enrich",
    "PATCH jobs/RUN-enrich suspend true",
    "PATCH jobs/RUN-enrich suspend false",
    "PATCH enrichmentruns/RUN/status Running",
    "PATCH enrichmentruns/RUN/status Suspended",
    "PATCH enrichmentruns/RUN/status Complete",
    "record limits calls 2",
    "record limits calls 1000",
    "record bound",
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo testbed test --long"]
async fn an_operator_that_is_killed_around_anything_it_writes_changes_nothing_about_a_run() -> Result<()> {
    world::run_alone("writes", async |world| {
        let count = usize::try_from(ARTICLES)?;
        world.ingest(Form::Nitf, count).await?;
        // It is reached by names that only pods know, which these operators would keep telling of.
        world.cluster.kubectl(&["delete", "ingestsource", SOURCE, "--namespace", &world.name]).await?;
        world.no_workers().await?;
        let rig = OperatorRig::create(world).await?;
        install::without_operator(&world.cluster, async || {
            for moment in Moment::ALL {
                let scene = Scene::set(world, &rig, moment).await?;
                scene.play().await.with_context(|| format!("{}:\n{}", moment.name(), rig.logs()))?;
            }
            Ok(())
        })
        .await
    })
    .await
}

/// A run into a target that holds vectors of another model, so that a Job has to take these out first.
struct Scene<'a> {
    world: &'a World,
    rig: &'a OperatorRig,
    /// What operators and pods reach the enriched cluster by.
    target: Proxy,
    moment: Moment,
}

impl<'a> Scene<'a> {
    async fn set(world: &'a World, rig: &'a OperatorRig, moment: Moment) -> Result<Self> {
        let target = Proxy::start(&world.env.host_address, &world.env.es_enriched.outside).await?;
        let scene = Self { world, rig, target, moment };
        let other = json!({
            "name": "embedding",
            "openAIEmbeddings": {"url": format!("{}/v1", world.env.embeddings.outside), "model": "all-MiniLM-L6-v2"},
            "inputs": [{"name": "text", "template": "{headline}. {body}"}],
            "outputs": [{"field": "embedding", "type": "Vector", "dimensions": 384}],
        });
        let operator = rig.start(&format!("{}-other", moment.name()))?;
        let done = Outcome::of(&world.enrich(&scene.run("other", &other, 1000)).await?)?;
        ensure!((done.done, done.failed) == (ARTICLES, 0), "the other model: {done:?}");
        operator.kill()?;
        Ok(scene)
    }

    fn name(&self, run: &str) -> String {
        format!("{}-{run}", self.moment.name())
    }

    fn run(&self, name: &str, enricher: &Value, budget: i64) -> Value {
        let world = self.world;
        let mut run = resources::enrichment_run(&world.env, &world.name, &self.name(name));
        run["spec"]["from"] = json!({
            "elasticsearch": {"urls": [world.env.es_raw.outside]}, "index": {"name": world.articles_pattern()},
        });
        run["spec"]["to"] = json!({
            "elasticsearch": {"urls": [self.target.url()]},
            "index": {"name": format!("enriched-{}-{}-{{publishedAt:%Y.%m}}", world.name, self.moment.name())},
        });
        run["spec"]["enrichers"] = json!([enricher]);
        run["spec"]["enrichers"][0]["batchSize"] = BATCH.into();
        run["spec"]["budget"] = json!({"calls": budget});
        run
    }

    async fn play(&self) -> Result<()> {
        let world = self.world;
        let model = json!({
            "name": "embedding",
            "openInference": {"url": world.env.models.outside, "model": "minilm", "version": "v1"},
            "inputs": [{"name": "text", "template": "{headline}. {body}"}],
            "outputs": [{"from": "embedding", "field": "embedding", "type": "Vector", "dimensions": 384}],
        });
        let before = answered(&world.env, "minilm", "v1").await?;
        let mut killing = Killing::begin(self)?;
        let disturbed = tokio::select! {
            ended = killing.go_on() => return ended.context("the run has not ended"),
            done = self.rest_and_finish(&model) => done?,
        };
        killing.let_the_last_one_go();
        self.stays_ended(&mut killing).await?;
        killing.end(&self.name("disturbed"))?;

        ensure!(
            disturbed == Outcome { selected: ARTICLES, done: ARTICLES, cached: 0, failed: 0, calls: 4 },
            "{disturbed:?}"
        );
        let calls = answered(&world.env, "minilm", "v1").await? - before;
        ensure!(calls == 4, "the model was called {calls} times");
        let copies = world.enriched.all(&format!("enriched-{}-{}-*", world.name, self.moment.name())).await?;
        let by_model = copies
            .iter()
            .filter(|copy| copy.source["_docmill"]["enrichment"]["embedding"]["model"] == "minilm");
        ensure!(
            by_model.count() == copies.len() && copies.len() == usize::try_from(ARTICLES)?,
            "{} copies",
            copies.len()
        );

        self.bound_is_kept().await?;
        let operator = self.rig.start(&self.name("undisturbed"))?;
        let next = Outcome::of(&world.enrich(&self.run("next", &model, 1000)).await?)?;
        ensure!((next.selected, next.calls) == (0, 0), "the next run: {next:?}");
        operator.kill()
    }

    /// The run as its user sees it: it rests at its budget, is given more, and is complete.
    async fn rest_and_finish(&self, model: &Value) -> Result<Outcome> {
        let name = self.name("disturbed");
        self.world.apply(&self.run("disturbed", model, FIRST_BUDGET)).await?;
        self.world.run_says(&name, "Suspended", "BudgetReached").await?;
        self.world.patch_run(&name, &json!({"spec": {"budget": {"calls": 1000}}})).await?;
        Outcome::of(&self.world.enriched_by(&name).await?)
    }

    /// Without it the next run would look through everything again.
    async fn bound_is_kept(&self) -> Result<()> {
        let world = self.world;
        let run = world.cluster.get(Kind::EnrichmentRun, &world.name, &self.name("disturbed")).await?;
        let records = world.enriched.all(&format!("docmill-enrichments-{}", world.name)).await?;
        let kept = records.iter().any(|record| {
            record.source["kind"] == "bound"
                && record.source["run"] == run["metadata"]["uid"]
                && record.source["completedUntil"] == run["status"]["bounds"]["until"]
        });
        ensure!(kept, "no bound is kept of {}", run["status"]);
        Ok(())
    }

    /// What dead operators have written arrives late, and may not undo anything for good.
    async fn stays_ended(&self, killing: &mut Killing<'_>) -> Result<()> {
        let late = async {
            tokio::time::sleep(SETTLED).await;
            throughout(SETTLED, async || {
                let run = self
                    .world
                    .cluster
                    .get(Kind::EnrichmentRun, &self.world.name, &self.name("disturbed"))
                    .await?;
                let complete = find_condition(&run, "Complete")["status"] == "True";
                ensure!(
                    complete && run["status"]["phase"] == "Complete",
                    "it is no longer complete: {}",
                    run["status"]
                );
                Ok(())
            })
            .await
        };
        tokio::select! {
            ended = killing.go_on() => ended,
            stays = late => stays,
        }
    }
}

/// Operators that are killed, each at the first thing that nobody before it has written.
struct Killing<'a> {
    scene: &'a Scene<'a>,
    holds: Vec<Hold>,
    seen: BTreeSet<String>,
    operator: Option<Operator>,
    late: Option<Held>,
}

impl<'a> Killing<'a> {
    fn begin(scene: &'a Scene<'a>) -> Result<Self> {
        let (namespace, point) = (format!("/namespaces/{}/", scene.world.name), scene.moment.point());
        let api =
            |method| scene.rig.api.hold(usize::MAX, Match::any().method(method).path(&namespace), point);
        let record = |id: &str| {
            let written = Match::any().path("_bulk").body(format!("\"_id\":\"{id}-"));
            scene.target.hold(usize::MAX, written, point)
        };
        let holds =
            vec![api("POST"), api("PATCH"), api("PUT"), api("DELETE"), record("limits"), record("bound")];
        let mut killing = Self { scene, holds, seen: BTreeSet::new(), operator: None, late: None };
        killing.start_another()?;
        Ok(killing)
    }

    fn start_another(&mut self) -> Result<()> {
        let name = self.scene.name(&format!("operator-{}", self.seen.len()));
        self.operator = Some(self.scene.rig.start(&name)?);
        Ok(())
    }

    /// Goes on until an operator writes nothing any more, which is an error.
    async fn go_on(&mut self) -> Result<()> {
        loop {
            let next = select_all(self.holds.iter().map(|hold| hold.next(STUCK).boxed()));
            let (held, _, _) = next.await;
            self.meet(held?)?;
        }
    }

    fn meet(&mut self, held: Held) -> Result<()> {
        let step = step(&held)?;
        // Leases are a matter of operators among themselves; and what was met before gets its way.
        if step.contains("leases") || !self.seen.insert(step.clone()) {
            held.go();
            return Ok(());
        }
        println!("{} {step}", self.scene.moment.name());
        self.operator.take().context("no operator")?.kill()?;
        match self.scene.moment {
            // One step later: what a dead operator wrote comes upon what its successors have made of it.
            Moment::Late => {
                if let Some(before) = self.late.replace(held) {
                    before.go();
                }
            }
            Moment::Before | Moment::After => held.drop_it(),
        }
        self.start_another()
    }

    fn let_the_last_one_go(&mut self) {
        if let Some(last) = self.late.take() {
            last.go();
        }
    }

    /// From now on nothing is held. An error if there was no reason to kill anybody at one of the steps.
    fn end(self, run: &str) -> Result<()> {
        self.holds.iter().for_each(|hold| hold.rule.remove());
        let expected = STEPS.map(|step| step.replace("RUN", run));
        let missing: Vec<&String> = expected.iter().filter(|step| !self.seen.contains(*step)).collect();
        ensure!(missing.is_empty(), "nobody was killed at {missing:?}, but at {:#?}", self.seen);
        Ok(())
    }
}

/// What is written, in words: counts and times in it make no difference.
fn step(held: &Held) -> Result<String> {
    // Of a bulk it is the first line.
    let body = Deserializer::from_slice(held.body()).into_iter::<Value>().collect::<Result<Vec<_>, _>>()?;
    let (first, document) = (body.first().unwrap_or(&Value::Null), body.get(1));
    if let Some(id) = first.pointer("/index/_id").and_then(Value::as_str) {
        let kind = id.split('-').next().unwrap_or_default();
        let calls = document.and_then(|document| document.pointer("/budget/calls"));
        return Ok(format!(
            "record {kind}{}",
            calls.map_or_else(String::new, |calls| format!(" calls {calls}"))
        ));
    }
    let path = held.path();
    let place = path
        .split("/namespaces/")
        .nth(1)
        .and_then(|rest| rest.split_once('/'))
        .map_or(path, |(_, rest)| rest);
    let told = ["/status/phase", "/reason"].iter().find_map(|told| first.pointer(told)?.as_str());
    let suspend = first.pointer("/spec/suspend").map(|suspend| format!("suspend {suspend}"));
    let created =
        (held.method() == "POST" && place == "jobs").then(|| first.pointer("/metadata/name")).flatten();
    let told = told.or_else(|| created?.as_str()).map(str::to_owned).or(suspend);
    Ok(format!("{} {place} {}", held.method(), told.unwrap_or_default()).trim_end().to_owned())
}
