//! The main job from end to end, for a person to watch: news items land in a bucket and come out as searchable,
//! enriched documents. `cargo testbed demo` sets everything up and calls this. It can be run again at any time.

mod documents;
mod samples;
mod show;
mod stage;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::cluster::{Cluster, Kind};
use e2e::env::Env;
use e2e::install;
use e2e::wait::{Look, until};
use e2e::world::find_condition;
use serde_json::Value;

use documents::Documents;
use samples::Samples;
use stage::{NAMESPACE, Stage};

const SOURCE: &str = "wire";
const RUN: &str = "wire-1";
/// How long the articles may take to the index, and then through the models.
const LIMIT: Duration = Duration::from_mins(5);

fn main() -> std::process::ExitCode {
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start")
        .and_then(|runtime| runtime.block_on(demo()));
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            show::failure(&error);
            std::process::ExitCode::FAILURE
        }
    }
}

async fn demo() -> Result<()> {
    let env = Env::read()?;
    let cluster = Cluster::connect(env.context.as_deref()).await?;
    let samples = Samples::read(&env)?;
    let stage = Stage::new(env, cluster, samples).await?;
    let documents = Documents::read()?;

    show::step("install the operator with Helm", install::install(&stage.cluster, &stage.env)).await?;
    show::step("take away what an earlier demo left", stage.clean()).await?;
    show::step("make buckets, queue, namespace and Secret", stage.prepare()).await?;
    show::step("apply charts/docmill/samples/ingestsource.yaml", async {
        stage.apply(&stage.samples.source).await?;
        ready(&stage.cluster).await
    })
    .await?;
    table(&stage.cluster).await?;

    show::step(&documents.to_string(), stage.put(&documents)).await?;
    show::step("pods start, convert, validate, snapshot, index and record", ingested(&stage, &documents))
        .await?;
    table(&stage.cluster).await?;

    show::step("apply charts/docmill/samples/enrichmentrun.yaml", stage.apply(&stage.samples.run)).await?;
    show::step("pods send every article through two models into the second cluster", enriched(&stage))
        .await?;
    table(&stage.cluster).await?;

    show::article(&stage).await?;
    show::refusal(&stage, &documents).await?;
    show::search(&stage).await?;
    show::what_next(&stage);
    Ok(())
}

/// Shows both kinds of resources as kubectl does.
async fn table(cluster: &Cluster) -> Result<()> {
    // Two calls, since one would give the columns of the two kinds no heads of their own.
    for kind in ["ingestsources", "enrichmentruns"] {
        let found = cluster.kubectl(&["get", kind, "--namespace", NAMESPACE]).await?;
        show::block(&format!("kubectl get {kind} --namespace {NAMESPACE}"), &found);
    }
    Ok(())
}

async fn ready(cluster: &Cluster) -> Result<()> {
    until("the IngestSource to be ready", Duration::from_mins(1), async || {
        let source = cluster.get(Kind::IngestSource, NAMESPACE, SOURCE).await?;
        let ready = find_condition(&source, "Ready");
        Ok(Look::holds(ready["status"] == "True", ready["message"].to_string()))
    })
    .await
}

/// Waits until every document is accounted for, and shows how far it is.
async fn ingested(stage: &Stage, documents: &Documents) -> Result<()> {
    let (sound, faulty) = (documents.sound(), documents.faulty());
    let source = until("the articles to be indexed", LIMIT, async || {
        let source = stage.cluster.get(Kind::IngestSource, NAMESPACE, SOURCE).await?;
        let units = &source["status"]["units"];
        let count = |name: &str| units[name].as_u64().unwrap_or_default();
        show::progress(&format!(
            "pending {}, indexed {}, failed {}, workers {}",
            count("pending"),
            count("indexed"),
            count("failed"),
            source["status"]["workers"]["active"].as_i64().unwrap_or_default(),
        ));
        let all = count("indexed") + count("failed") + count("skipped");
        let settled = count("pending") == 0 && all >= documents.len();
        Ok(if settled { Look::Done(source) } else { Look::NotYet(source["status"].to_string()) })
    })
    .await?;
    let units = &source["status"]["units"];
    ensure!(
        units["indexed"] == sound && units["failed"] == faulty,
        "{sound} articles should be indexed and {faulty} refused, and the status says {units}: \
         kubectl get isrc {SOURCE} -n {NAMESPACE} -o yaml tells more"
    );
    Ok(())
}

/// Waits until the run has ended, and shows how far it is.
async fn enriched(stage: &Stage) -> Result<()> {
    let run = until("the EnrichmentRun to end", LIMIT, async || {
        let run = stage.cluster.get(Kind::EnrichmentRun, NAMESPACE, RUN).await?;
        let status = &run["status"];
        show::progress(&format!("{}, {}", text(&status["phase"]), text(&status["progress"])));
        let ended = ["Complete", "Failed"].iter().any(|kind| find_condition(&run, kind)["status"] == "True");
        Ok(if ended { Look::Done(run) } else { Look::NotYet(status.to_string()) })
    })
    .await?;
    let failed = find_condition(&run, "Failed");
    ensure!(failed["status"] != "True", "the EnrichmentRun failed: {}", failed["message"]);
    ensure!(
        run["status"]["done"] == run["status"]["selected"],
        "not every article was enriched: {}",
        run["status"]
    );
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("…")
}
