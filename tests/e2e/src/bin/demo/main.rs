//! The main job from end to end, for a person to watch: news items land in a bucket and come out as searchable,
//! enriched documents. `cargo testbed demo` sets everything up and calls this. It can be run again at any time.

mod documents;
mod samples;
mod sandbox;
mod show;
mod stage;
mod watch;

use anyhow::{Context as _, Result};
use e2e::cluster::Cluster;
use e2e::env::Env;
use e2e::install;

use documents::Documents;
use samples::Samples;
use stage::Stage;
use watch::{enriched, ingested, ready, table};

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
    if let Some(context) = sandbox::context() {
        return Box::pin(sandbox::demo(&context)).await;
    }
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
    let ingesting = ingested(&stage.cluster, &documents);
    show::step("pods start, convert, validate, snapshot, index and record", ingesting).await?;
    table(&stage.cluster).await?;

    show::step("apply charts/docmill/samples/enrichmentrun.yaml", stage.apply(&stage.samples.run)).await?;
    let enriching = enriched(&stage.cluster);
    show::step("pods send every article through two models into the second cluster", enriching).await?;
    table(&stage.cluster).await?;

    show::article(&stage).await?;
    show::refusal(&stage, &documents).await?;
    show::search(&stage).await?;
    show::what_next(&stage);
    Ok(())
}
