//! Workers whose stores mean harm, and endpoints that no worker may ask.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::contract::{ENDPOINTS_ALLOW_ENV, ENDPOINTS_DENY_ENV, ExitCode};
use e2e::articles::Form;
use e2e::cases::{Case, case, side_by_side};
use e2e::faults::{Match, Rule};
use e2e::malicious_servers::{Harm, Server};
use e2e::rig::{self, ENDED, Rig, is_small};
use e2e::wait::{Look, until};
use serde_json::json;

/// How long a worker is harmed.
const HARMED: Duration = Duration::from_secs(10);
const REACHED: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_answer_without_an_end_fills_no_worker() -> Result<()> {
    side_by_side(vec![
        with_rig("endless-index", async |rig| index_is(rig, Harm::Endless).await),
        with_rig("bomb-index", async |rig| index_is(rig, Harm::Bomb).await),
        with_rig("endless-queue", async |rig| queue_is(rig, Harm::Endless).await),
    ])
    .await
}

#[tokio::test]
async fn a_worker_asks_no_endpoint_that_is_not_allowed() -> Result<()> {
    side_by_side(vec![
        with_rig("denied", async |rig| {
            refuses(rig, &[(ENDPOINTS_DENY_ENV, rig.env.host_address.clone())]).await
        }),
        with_rig("not-listed", async |rig| {
            refuses(rig, &[(ENDPOINTS_ALLOW_ENV, "*.example.com".to_owned())]).await
        }),
    ])
    .await
}

fn with_rig(name: &'static str, test: impl AsyncFn(&Rig) -> Result<()> + 'static) -> Case<'static> {
    case(name, async move { rig::run(name, Form::Nitf, async |rig| test(rig).await).await })
}

async fn index_is(rig: &Rig, harm: Harm) -> Result<()> {
    let server = Server::start(&rig.env.host_address, harm).await?;
    let mut spec = rig.spec();
    spec["index"]["elasticsearch"]["urls"] = json!([server.url]);
    stays_small(rig, &spec, &server).await
}

async fn queue_is(rig: &Rig, harm: Harm) -> Result<()> {
    let server = Server::start(&rig.env.host_address, harm).await?;
    let mut spec = rig.spec();
    spec["trigger"]["sqs"]["queueURL"] = format!("{}/000000000000/wire", server.url).into();
    stays_small(rig, &spec, &server).await
}

async fn stays_small(rig: &Rig, spec: &serde_json::Value, server: &Server) -> Result<()> {
    let mut worker = rig.worker_for("harmed", spec)?;
    until("a worker that asks", REACHED, async || Ok(Look::holds(server.asked() > 0, "it has not asked")))
        .await?;
    let harmed = worker.watched_until_its_end(HARMED).await;
    // One that ended by itself had its memory measured; the other one lives.
    match harmed {
        Ok((peak, _)) => is_small(peak),
        Err(_) => is_small(worker.peak_kibibytes()?),
    }
}

/// A worker with such an environment ends for good, and has asked no store.
async fn refuses(rig: &Rig, environment: &[(&str, String)]) -> Result<()> {
    let proxies = [&rig.s3_proxy, &rig.sqs_proxy, &rig.es_proxy];
    let counts = proxies.map(|proxy| proxy.count(Match::any()));
    let mut worker = rig.worker_in("refusing", &rig.spec(), environment)?;
    let status = worker.ended(ENDED).await?;
    let code = status.code().context("it was killed")?;
    ensure!(code == i32::from(ExitCode::Permanent.code()), "it ended with {status}");
    let asked: usize = counts.iter().map(Rule::hits).sum();
    ensure!(asked == 0, "{asked} requests came through");
    Ok(())
}
