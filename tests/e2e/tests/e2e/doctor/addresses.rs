//! A region that is not that of the buckets, and a cluster whose authority the source does not know: both are mended by the
//! commands that the doctor prints, as they are.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::command;
use e2e::faults::{Action, Answer, Match, Proxy};
use e2e::resources::SOURCE;
use e2e::tls_proxy::{Authority, Front, Guard};
use e2e::world::{self, World};
use serde_json::{Value, json};

use super::examine::{Failed, examine};

/// A region in which the buckets are not.
const ELSEWHERE: &str = "mars-north-1";
/// The Secret with the authority of the cluster.
const SECRET: &str = "es";
/// Within how long the operator has seen a change. A Secret is read again after a pause.
const SEEN: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_wrong_region_and_a_wrong_authority_are_mended_by_the_printed_commands() -> Result<()> {
    world::run("doctor-addresses", async |world| {
        let host = world.env.host_address.as_str();
        let s3 = Proxy::start(host, &world.env.s3.outside).await?;
        // As AWS answers a signature for another region.
        let signed_elsewhere = Match::any().header_has("authorization", format!("/{ELSEWHERE}/"));
        let refusal = Answer::s3(400, "AuthorizationHeaderMalformed");
        let refusal = refusal.with_header("x-amz-bucket-region", world.env.region.as_str());
        s3.rule(signed_elsewhere, Action::Answer(refusal));
        let right = Authority::create_for("doctor", &format!("IP:{host}"))?;
        let wrong = Authority::create("doctor-stranger")?;
        let anybody = Guard::Header(String::new());
        let front = Front::start_at(host, &right, &world.env.es_raw.outside, anybody).await?;
        world.apply(&secret(&wrong)?).await?;
        world.apply(&source(world, &s3, &front)).await?;
        ready(world, "False").await?;

        let diagnosis = examine(world).await?;
        diagnosis.has_failed(&["Ready", "Region", "IndexCluster"])?;
        diagnosis.has_passed(&["WorkerStart", "ReceiveMessages"])?;
        let (region, index) = (diagnosis.fault("Region")?, diagnosis.fault("IndexCluster")?);
        ensure!(region.detail == format!("the raw bucket is in {}", world.env.region), "{region:?}");
        ensure!(index.detail == "UnknownCA", "{index:?}");
        run_printed(world, &region, right.folder()).await?;
        run_printed(world, &index, right.folder()).await?;
        ready(world, "True").await?;
        examine(world).await?.is_clean()
    })
    .await
}

fn secret(authority: &Authority) -> Result<Value> {
    let certificate = String::from_utf8(authority.certificate()?)?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "labels": {"docmill.io/use": "true"}},
        "stringData": {"ca.crt": certificate},
    }))
}

fn source(world: &World, s3: &Proxy, front: &Front) -> Value {
    let mut source = world.ingest_source(Form::Nitf);
    source["spec"]["storage"]["region"] = ELSEWHERE.into();
    source["spec"]["storage"]["endpoint"] = s3.url().into();
    source["spec"]["index"]["elasticsearch"] = json!({"urls": [front.url()], "secretRef": {"name": SECRET}});
    source
}

async fn ready(world: &World, status: &str) -> Result<()> {
    world.condition((Kind::IngestSource, SOURCE), "Ready", (status, ""), SEEN).await.map(drop)
}

/// Runs the commands of a remedy in this folder, as somebody would who copies them.
async fn run_printed(world: &World, failed: &Failed, folder: &Path) -> Result<()> {
    let is_command = |line: &&str| line.starts_with("kubectl ");
    let commands: Vec<&str> = failed.remedy.lines().map(str::trim).filter(is_command).collect();
    ensure!(!commands.is_empty(), "no command in the remedy of {failed:?}");
    let context = world.env.context.as_ref();
    let kubectl =
        context.map_or_else(|| "kubectl ".to_owned(), |context| format!("kubectl --context {context} "));
    let script = commands.join("\n").replace("kubectl ", &kubectl);
    let script = format!("set -e\ncd '{}'\n{script}", folder.display());
    let ended = command::run("sh", &["-c".to_owned(), script.clone()], None).await?;
    ended.expect_ok(&script).map(drop)
}
