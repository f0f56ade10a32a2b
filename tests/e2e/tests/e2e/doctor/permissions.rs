//! Permissions that are missing on each store, a queue that gives messages up, a clock that is wrong, and a model that does
//! not answer: all at once, and mended as the doctor says.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::faults::{Action, Answer, Match, Proxy, Rule};
use e2e::resources::{self, SOURCE};
use e2e::world::{self, World};
use serde_json::{Value, json};

use super::examine::{Diagnosis, examine};
use super::policy::{Denied, argument, json_of, names};

/// A port at which nobody listens.
const NOBODY: u16 = 9;
/// Within how long the operator has seen a resource.
const SEEN: Duration = Duration::from_secs(30);
/// A date that is over.
const LONG_AGO: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
/// How the doctor names a queue whose URL is not one of AWS.
const QUEUE_ARN: &str = "QUEUE_ARN";
/// The name of the run that enriches.
const RUN: &str = "tones";
/// What the doctor has to find, in this order.
const PLANTED: [&str; 10] = [
    "Ready",
    "ListRaw",
    "WriteSnapshots",
    "WriteErrors",
    "TagErrors",
    "Clock",
    "DeleteMessages",
    "Redrive",
    "IndexPrivileges",
    "LedgerPrivileges",
];

#[tokio::test]
async fn missing_permissions_are_found_with_the_statements_that_give_them() -> Result<()> {
    world::run("doctor", async |world| {
        let stores = Stores::start(world).await?;
        let denied = stores.deny(world);
        let clock = stores.wrong_clock(world);
        let attributes = stores.impatient_queue(3);
        let privileges = stores.privileges(false);
        world.apply(&stores.source(world)?).await?;
        let nobody = SocketAddr::new(world.env.host_address.parse()?, NOBODY);
        apply_run(world, &format!("http://{nobody}")).await?;
        ready(world, Kind::IngestSource, SOURCE, ("True", "Reachable")).await?;
        ready(world, Kind::EnrichmentRun, RUN, ("False", "ModelUnreachable")).await?;

        let diagnosis = examine(world).await?;
        diagnosis.has_failed(&PLANTED)?;
        diagnosis.has_passed(&[
            "WorkerStart",
            "Region",
            "ReadSnapshots",
            "ReleaseMessages",
            "IndexCluster",
        ])?;
        let left = world.s3.list(&world.snapshots_bucket()).await?;
        ensure!(left.is_empty(), "the probe left {left:?}");

        for denied in &denied {
            denied.mend(&diagnosis)?;
        }
        stores.mend_queue(&attributes, &diagnosis)?;
        stores.mend_role(&privileges, &diagnosis)?;
        mend_clock(&clock, &diagnosis)?;
        mend_model(world, &diagnosis).await?;
        examine(world).await?.is_clean()
    })
    .await
}

async fn ready(world: &World, kind: Kind, name: &str, expected: (&str, &str)) -> Result<()> {
    world.condition((kind, name), "Ready", expected, SEEN).await.map(drop)
}

/// A proxy before each store.
struct Stores {
    s3: Proxy,
    sqs: Proxy,
    elastic: Proxy,
}

impl Stores {
    async fn start(world: &World) -> Result<Self> {
        let (env, host) = (&world.env, &world.env.host_address);
        Ok(Self {
            s3: Proxy::start(host, &env.s3.outside).await?,
            sqs: Proxy::start(host, &env.sqs.outside).await?,
            elastic: Proxy::start(host, &env.es_raw.outside).await?,
        })
    }

    fn source(&self, world: &World) -> Result<Value> {
        let mut source = world.ingest_source(Form::Nitf);
        let queue = world.queue_url.splitn(4, '/').nth(3).context("the URL of the queue has no path")?;
        source["spec"]["storage"]["endpoint"] = self.s3.url().into();
        source["spec"]["trigger"]["sqs"]["queueURL"] = format!("{}/{queue}", self.sqs.url()).into();
        source["spec"]["index"]["elasticsearch"]["urls"] = json!([self.elastic.url()]);
        Ok(source)
    }

    /// What workers may not do.
    fn deny(&self, world: &World) -> Vec<Denied> {
        let (raw, snapshots, errors) = (world.raw_bucket(), world.snapshots_bucket(), world.errors_bucket());
        let denied = || Answer::s3(403, "AccessDenied");
        let put = |bucket: &str| Match::any().method("PUT").path(format!("/{bucket}/"));
        let objects = |bucket: &str| format!("arn:aws:s3:::{bucket}/*");
        let list = Match::any().method("GET").path(format!("/{raw}")).path("list-type=2");
        let queue = json!({"__type": "AccessDeniedException", "message": "said by the test's proxy"});
        vec![
            Denied::plant(
                &self.s3,
                list,
                denied(),
                ("ListRaw", "s3:ListBucket"),
                format!("arn:aws:s3:::{raw}"),
            ),
            Denied::plant(
                &self.s3,
                put(&snapshots),
                denied(),
                ("WriteSnapshots", "s3:PutObject"),
                objects(&snapshots),
            ),
            Denied::plant(
                &self.s3,
                put(&errors).header("x-amz-tagging"),
                denied(),
                ("TagErrors", "s3:PutObjectTagging"),
                objects(&errors),
            ),
            Denied::plant(
                &self.s3,
                put(&errors),
                denied(),
                ("WriteErrors", "s3:PutObject"),
                objects(&errors),
            ),
            Denied::plant(
                &self.sqs,
                Match::any().target("DeleteMessage"),
                Answer::json(400, &queue),
                ("DeleteMessages", "sqs:DeleteMessage"),
                QUEUE_ARN.to_owned(),
            ),
        ]
    }

    /// The store tells another time than the node has.
    fn wrong_clock(&self, world: &World) -> Rule {
        let read = Match::any().method("GET").path(format!("/{}/", world.raw_bucket())).path("probe");
        let answer = Answer::s3(404, "NoSuchKey").with_header("date", LONG_AGO);
        self.s3.rule(read, Action::Answer(answer))
    }

    /// A queue that moves a message away after so many receives.
    fn impatient_queue(&self, receives: i64) -> Rule {
        let redrive = json!({"deadLetterTargetArn": "arn:aws:sqs:r:1:dead", "maxReceiveCount": receives});
        self.attributes(&json!({"RedrivePolicy": redrive.to_string()}))
    }

    /// The answer to a probe that asks for all attributes of the queue.
    fn attributes(&self, attributes: &Value) -> Rule {
        let ask = Match::any().target("GetQueueAttributes").body("\"All\"");
        self.sqs.rule(ask, Action::Answer(Answer::json(200, &json!({"Attributes": attributes}))))
    }

    /// A cluster whose user may make templates, or may not.
    fn privileges(&self, templates: bool) -> Rule {
        let ask = Match::any().method("POST").path("/_security/user/_has_privileges");
        let cluster = json!({"monitor": true, "manage_index_templates": templates});
        let answer =
            json!({"username": "docmill", "has_all_requested": templates, "cluster": cluster, "index": {}});
        self.elastic.rule(ask, Action::Answer(Answer::json(200, &answer)))
    }

    /// Sets the attributes that the command sets.
    fn mend_queue(&self, before: &Rule, diagnosis: &Diagnosis) -> Result<()> {
        let failed = diagnosis.fault("Redrive")?;
        ensure!(failed.detail == "maxReceiveCount is 3", "{failed:?}");
        ensure!(failed.remedy.contains("aws sqs set-queue-attributes --queue-url http"), "{failed:?}");
        before.remove();
        self.attributes(&argument(&failed, "--attributes")?);
        Ok(())
    }

    /// Gives the user the role.
    fn mend_role(&self, before: &Rule, diagnosis: &Diagnosis) -> Result<()> {
        for check in ["IndexPrivileges", "LedgerPrivileges"] {
            let failed = diagnosis.fault(check)?;
            ensure!(failed.detail == "manage_index_templates", "{failed:?}");
            ensure!(failed.remedy.contains("PUT /_security/role/"), "{failed:?}");
            ensure!(names(&json_of(&failed)?["cluster"], "manage_index_templates"), "{failed:?}");
        }
        before.remove();
        self.privileges(true);
        Ok(())
    }
}

fn mend_clock(clock: &Rule, diagnosis: &Diagnosis) -> Result<()> {
    let failed = diagnosis.fault("Clock")?;
    ensure!(failed.detail.ends_with(" s ahead of the object store"), "{failed:?}");
    ensure!(failed.remedy.contains("NTP"), "{failed:?}");
    clock.remove();
    Ok(())
}

async fn apply_run(world: &World, model_url: &str) -> Result<()> {
    let mut run = resources::enrichment_run(&world.env, &world.name, RUN);
    let mut tone = resources::tone(&world.env, "v1");
    tone["openInference"]["url"] = model_url.into();
    run["spec"]["enrichers"] = json!([tone]);
    world.apply(&run).await
}

/// Runs cannot be changed, so that one with the right URL takes the place of the one that waits.
async fn mend_model(world: &World, diagnosis: &Diagnosis) -> Result<()> {
    let failed = diagnosis.fault("Ready")?;
    ensure!(failed.detail.starts_with("ModelUnreachable: "), "{failed:?}");
    ensure!(failed.remedy.contains("correct the URL of the enricher"), "{failed:?}");
    world.cluster.kubectl(&["delete", "erun", RUN, "--namespace", &world.name]).await?;
    apply_run(world, &world.env.models.inside).await?;
    ready(world, Kind::EnrichmentRun, RUN, ("True", "")).await
}
