//! A resource that cannot work says so within seconds, and works by itself once that is mended.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::articles::{Article, Form};
use e2e::cluster::Kind;
use e2e::corpus::Corpus;
use e2e::resources::{self, SOURCE};
use e2e::world::{self, World};
use serde_json::{Value, json};

/// Within how long a fault is told.
const TOLD: Duration = Duration::from_secs(15);
/// Within how long a mended resource works; a name that did not resolve is remembered for half a minute.
const MENDED: Duration = Duration::from_secs(90);
/// For how long a queue hides a message that somebody took.
const VISIBILITY_SECONDS: u32 = 30;

#[tokio::test]
async fn a_source_names_what_it_lacks_and_recovers_when_it_is_there() -> Result<()> {
    world::run("conditions", async |world| {
        let later = format!("{}-later", world.name);
        let faults = [
            ("no-secret", "/spec/storage/credentialsSecretRef/name", json!("later"), "SecretNotFound"),
            ("no-label", "/spec/storage/credentialsSecretRef/name", json!("unmarked"), "SecretNotAllowed"),
            ("no-bucket", "/spec/errors/bucket", json!(later), "BucketNotFound"),
            (
                "no-index",
                "/spec/index/elasticsearch/urls/0",
                json!(own_elasticsearch(world)),
                "IndexUnreachable",
            ),
        ];
        world.apply(&unmarked(world)).await?;
        let mut queues = Vec::new();
        for (name, field, value, _) in &faults {
            // A queue of its own, since sources that share one are told of that.
            let queue = world.sqs.create(&format!("{}-{name}", world.name), VISIBILITY_SECONDS).await?;
            let mut source = broken(world, name, field, value.clone());
            source["spec"]["trigger"]["sqs"]["queueURL"] = queue.as_str().into();
            queues.push(queue);
            world.apply(&source).await?;
        }
        for (name, _, value, reason) in &faults {
            let source = (Kind::IngestSource, *name);
            let told = world.condition(source, "Ready", ("False", reason), TOLD).await?;
            let message = told["message"].as_str().unwrap_or_default();
            let named = value.as_str().unwrap_or_default();
            ensure!(message.contains(named), "{name}: the message does not name {named:?}: {message}");
        }
        let mended = mend(world, &later).await;
        if mended.is_ok() {
            for (name, ..) in &faults {
                world.condition((Kind::IngestSource, *name), "Ready", ("True", ""), MENDED).await?;
            }
        }
        for queue in &queues {
            world.sqs.remove(queue).await?;
        }
        world.s3.remove_bucket(&later).await.and(mended)
    })
    .await
}

#[tokio::test]
async fn a_source_that_is_created_again_says_whose_records_it_met_and_takes_them_over_when_told_to()
-> Result<()> {
    world::run("again", async |world| {
        world.ingest(Form::NewsMlG2, 10).await?;
        let delete = ["delete", "ingestsource", SOURCE, "-n", &world.name, "--timeout=60s"];
        world.cluster.kubectl(&delete).await?;
        let mut source = world.ingest_source(Form::NewsMlG2);
        world.apply(&source).await?;
        let again = (Kind::IngestSource, SOURCE);
        let told = world.condition(again, "Ready", ("False", "LedgerOwnedByAnother"), TOLD).await?;
        let message = told["message"].as_str().unwrap_or_default();
        ensure!(message.contains("an earlier IngestSource of this name"), "{message}");
        let mut later = Corpus::default();
        for number in 0..5 {
            let key = format!("wire/2026/02/{number:05}.xml");
            later.add(key, &Article::generated("later", number), Form::NewsMlG2);
        }
        world.put(&later).await?;
        source["spec"]["ledger"] = json!({"adopt": true});
        world.apply(&source).await?;
        world.counted(15, 0).await?;
        let uid = world.cluster.get(Kind::IngestSource, &world.name, SOURCE).await?["metadata"]["uid"].take();
        let mark = world.articles.mark(&format!("docmill-units-{}.{SOURCE}", world.name)).await?;
        ensure!(mark["owner"]["uid"] == uid, "{uid} has taken nothing over: {mark}");
        source["spec"].as_object_mut().map(|spec| spec.remove("ledger"));
        world.apply(&source).await?;
        world.condition(again, "Ready", ("True", ""), MENDED).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_run_waits_for_its_source_and_for_its_target() -> Result<()> {
    world::run("run-waits", async |world| {
        let run = resources::enrichment_run(&world.env, &world.name, "early");
        world.apply(&run).await?;
        let early = (Kind::EnrichmentRun, "early");
        let told = world.condition(early, "Ready", ("False", ""), TOLD).await?;
        ensure!(told["message"].as_str().is_some_and(|text| text.contains("wire")), "{told}");
        world.apply(&world.ingest_source(Form::NewsMlG2)).await?;
        world.condition(early, "Complete", ("True", ""), MENDED).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_source_is_handed_nothing_that_its_author_may_not_hand_out() -> Result<()> {
    world::run("deputy", async |world| {
        let mut token = resources::secret(&world.env);
        token["metadata"]["name"] = "token".into();
        token["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "default"});
        token["type"] = "kubernetes.io/service-account-token".into();
        world.apply(&token).await?;
        let keys = "/spec/storage/credentialsSecretRef/name";
        let template = json!({"metadata": {"annotations": {"sidecar.istio.io/inject": "true"}}});
        let account = json!({"spec": {"serviceAccountName": "builder"}});
        let claim = json!({"name": "a", "persistentVolumeClaim": {"claimName": "a"}});
        let claim = json!({"spec": {"volumes": [claim]}});
        let mounted = json!({"spec": {"volumes": [{"name": "a", "secret": {"secretName": "token"}}]}});
        let mut sources = vec![
            (broken(world, "token", keys, json!("token")), "SecretNotAllowed"),
            (broken(world, "inject", "/spec/workers/podTemplate", template), "PodTemplateRefused"),
            (broken(world, "account", "/spec/workers/podTemplate", account), "PodTemplateRefused"),
            (broken(world, "identity", "", Value::Null), "OperatorIdentityNotAllowed"),
            (broken(world, "claim", "/spec/workers/podTemplate", claim), "PodTemplateRefused"),
            (broken(world, "mounted", "/spec/workers/podTemplate", mounted), "SecretNotAllowed"),
        ];
        if let Some(storage) = sources[3].0["spec"]["storage"].as_object_mut() {
            storage.remove("credentialsSecretRef");
        }
        for (source, _) in &sources {
            world.apply(source).await?;
        }
        for (source, reason) in &sources {
            let name = source["metadata"]["name"].as_str().unwrap_or_default();
            world.condition((Kind::IngestSource, name), "Ready", ("False", reason), TOLD).await?;
        }
        Ok(())
    })
    .await
}

/// A Secret that nobody has given to Docmill.
fn unmarked(world: &World) -> Value {
    let mut secret = resources::secret(&world.env);
    secret["metadata"] = json!({"name": "unmarked"});
    secret
}

/// An address that is answered once its Service is there.
fn own_elasticsearch(world: &World) -> String {
    format!("http://elasticsearch.{}.svc:9200", world.name)
}

fn broken(world: &World, name: &str, field: &str, value: Value) -> Value {
    let mut source = world.ingest_source(Form::NewsMlG2);
    source["metadata"]["name"] = name.into();
    match (source.pointer_mut(field), field.rsplit_once('/')) {
        (Some(place), Some(_)) => *place = value,
        (None, Some((parent, key))) => source.pointer_mut(parent).into_iter().for_each(|parent| {
            parent[key] = value.clone();
        }),
        _ => {}
    }
    source
}

async fn mend(world: &World, bucket: &str) -> Result<()> {
    world.s3.create_bucket(bucket).await?;
    for name in ["later", "unmarked"] {
        let mut secret = resources::secret(&world.env);
        secret["metadata"]["name"] = name.into();
        world.apply(&secret).await?;
    }
    let host = world.env.es_raw.inside.trim_start_matches("http://");
    let host = host.split(':').next().unwrap_or_default();
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "elasticsearch"},
        "spec": {"type": "ExternalName", "externalName": format!("{host}.cluster.local")},
    });
    world.apply(&service).await
}
