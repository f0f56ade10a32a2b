//! What the API server itself says of the resources: every field is explained, and what is wrong is refused.

use anyhow::{Result, ensure};
use e2e::articles::Form;
use e2e::world::{self, World};
use e2e::{install, resources};
use serde_json::{Value, json};

#[tokio::test]
async fn kubectl_explains_every_field() -> Result<()> {
    world::run("explain", async |world| {
        for (short, crd) in [
            ("isrc", "ingestsources.docmill.io"),
            ("irun", "ingestruns.docmill.io"),
            ("isched", "ingestschedules.docmill.io"),
            ("erun", "enrichmentruns.docmill.io"),
            ("esched", "enrichmentschedules.docmill.io"),
            ("cmodel", "conversionmodels.docmill.io"),
            ("conn", "connections.docmill.io"),
            ("cconn", "clusterconnections.docmill.io"),
        ] {
            let top = world.cluster.kubectl(&["explain", short]).await?;
            ensure!(!top.contains("<empty>") && !top.contains("Auto-generated"), "{top}");
            let text = world.cluster.kubectl(&["get", "crd", crd, "--output", "json"]).await?;
            let crd: Value = serde_json::from_str(&text)?;
            let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            for path in objects(short, schema) {
                let text = world.cluster.kubectl(&["explain", &path]).await?;
                ensure!(!text.contains("<no description>"), "kubectl explain {path}:\n{text}");
            }
        }
        Ok(())
    })
    .await
}

/// Paths of spec and status and of every object in them, as kubectl explain takes them. Types that are Kubernetes' own
/// stay out.
fn objects(prefix: &str, schema: &Value) -> Vec<String> {
    const KUBERNETES: &[&str] = &[
        "metadata",
        "conditions",
        "affinity",
        "dnsConfig",
        "downwardAPI",
        "emptyDir",
        "hostAliases",
        "items",
        "namespaceSelector",
        "persistentVolumeClaim",
        "resources",
        "tolerations",
        "topologySpreadConstraints",
    ];
    let mut paths = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let inner = if property["type"] == "array" { &property["items"] } else { property };
        if inner["properties"].is_object() && !KUBERNETES.contains(&name.as_str()) {
            let path = format!("{prefix}.{name}");
            paths.extend(objects(&path, inner));
            paths.push(path);
        }
    }
    paths
}

#[tokio::test]
async fn every_sample_is_taken_by_the_api_server() -> Result<()> {
    world::run("samples", async |world| {
        let samples = install::checkout("charts/docmill/samples");
        let (folder, namespace) = (samples.display().to_string(), &world.name);
        let apply = ["apply", "--dry-run=server", "--namespace", namespace, "--filename", &folder];
        let told = world.cluster.kubectl(&apply).await?;
        let (taken, files) = (told.lines().count(), std::fs::read_dir(samples)?.count());
        ensure!(taken == files, "{taken} of {files} samples were taken:\n{told}");
        Ok(())
    })
    .await
}

/// What is done to a sound resource, and what the refusal has to say.
type Wrong = (fn(&mut Value), &'static str);

const WRONG_SOURCES: &[Wrong] = &[
    (
        |spec| spec["storage"]["connectionRef"] = json!({"name": "s3"}),
        "exactly one of region and connectionRef",
    ),
    (
        |spec| spec["storage"] = json!({"connectionRef": {"name": "s3", "kind": "Issuer"}}),
        "spec.storage.connectionRef.kind",
    ),
    (|spec| drop(spec.as_object_mut().and_then(|spec| spec.remove("raw"))), "spec.raw"),
    (|spec| spec["raw"]["bucket"] = json!("No_Bucket"), "spec.raw.bucket"),
    (|spec| spec["raw"]["prefix"] = json!("a".repeat(1025)), "spec.raw.prefix"),
    (|spec| spec["storage"]["region"] = json!(""), "spec.storage.region"),
    (|spec| spec["storage"]["endpoint"] = json!("s3:7070"), "spec.storage.endpoint"),
    (|spec| spec["trigger"]["sqs"]["queueURL"] = json!("docmill"), "spec.trigger.sqs.queueURL"),
    (|spec| spec["conversion"]["preset"] = json!("newsml"), "spec.conversion.preset"),
    (|spec| spec["conversion"] = json!({"record": "/a"}), "spec.conversion"),
    (|spec| spec["conversion"]["modelRef"] = json!({"name": "a"}), "leave out every other field"),
    (
        |spec| spec["conversion"] = json!({"record": "/a", "fields": [{"name": "1", "path": ["b"]}]}),
        "spec.conversion.fields[0].name",
    ),
    (|spec| spec["snapshots"] = json!({"bucket": spec["raw"]["bucket"]}), "spec.snapshots.bucket"),
    (|spec| spec["snapshots"]["packing"] = json!("PerDay"), "spec.snapshots.packing"),
    (|spec| spec["index"]["elasticsearch"]["urls"] = json!(["es:9200"]), "spec.index.elasticsearch.urls[0]"),
    (|spec| spec["index"]["name"] = json!("Articles"), "spec.index.name"),
    (|spec| spec["index"]["id"] = json!("guid"), "spec.index.id"),
    (|spec| spec["index"]["aliases"] = json!(["docmill-news"]), "spec.index.aliases"),
    (|spec| spec["index"]["composedOf"] = json!(["News"]), "spec.index.composedOf[0]"),
    (|spec| spec["index"]["settings"] = json!({"numberOfShards": 0}), "spec.index.settings.numberOfShards"),
    (
        |spec| spec["index"]["settings"] = json!({"refreshIntervalSeconds": "30"}),
        "spec.index.settings.refreshIntervalSeconds",
    ),
    (
        |spec| spec["ledger"] = json!({"retention": {"removedSeconds": 0}}),
        "spec.ledger.retention.removedSeconds",
    ),
    (|spec| spec["ledger"] = json!({"retention": {}}), "set supersededSeconds, removedSeconds, or both"),
    (|spec| spec["workers"]["max"] = json!(0), "spec.workers.max"),
    (|spec| spec["workers"]["maximum"] = json!(3), "spec.workers.maximum"),
];

const WRONG_RUNS: &[Wrong] = &[
    (|spec| spec["from"]["index"] = json!({"name": "articles-*"}), "spec.from"),
    (|spec| spec["enrichers"] = json!([]), "spec.enrichers"),
    (|spec| spec["enrichers"][0]["outputs"][0]["type"] = json!("Text"), "spec.enrichers[0].outputs[0].type"),
    (|spec| spec["to"]["index"]["name"] = json!("Enriched"), "spec.to.index.name"),
    (|spec| spec["to"]["index"]["aliases"] = json!(["docmill-news"]), "spec.to.index.aliases"),
    (|spec| spec["to"]["index"]["aliases"] = json!([spec["to"]["index"]["name"]]), "spec.to.index.aliases"),
    (|spec| spec["to"]["index"]["composedOf"] = json!(["News"]), "spec.to.index.composedOf[0]"),
    (
        |spec| spec["to"]["index"]["settings"] = json!({"numberOfShards": 0}),
        "spec.to.index.settings.numberOfShards",
    ),
    (|spec| spec["to"]["index"]["maxNewIndicesPerHour"] = json!(0), "spec.to.index.maxNewIndicesPerHour"),
    (|spec| spec["to"]["index"]["window"] = json!({"from": "1900"}), "spec.to.index.window.from"),
    (|spec| spec["select"]["state"] = json!("Some"), "spec.select.state"),
    (|spec| spec["select"] = json!({"ids": ["a"]}), "spec.select"),
];

const WRONG_MODELS: &[Wrong] = &[
    (|spec| *spec = json!({"modelRef": {"name": "a"}}), "spec.modelRef"),
    (|spec| *spec = json!({"record": "/a"}), "spec"),
    (|spec| spec["preset"] = json!("newsml"), "spec.preset"),
];

const WRONG_SCHEDULES: &[Wrong] = &[
    (|spec| spec["schedule"] = json!("0 0 * *"), "spec.schedule"),
    (|spec| spec["schedule"] = json!("TZ=UTC 0 0 * * *"), "spec.schedule"),
    (|spec| spec["timeZone"] = json!("Local"), "spec.timeZone"),
    (|spec| spec["concurrencyPolicy"] = json!("Never"), "spec.concurrencyPolicy"),
    (|spec| spec["startingDeadlineSeconds"] = json!(0), "spec.startingDeadlineSeconds"),
    (|spec| spec["failedRunsHistoryLimit"] = json!(-1), "spec.failedRunsHistoryLimit"),
    (|spec| spec["runTemplate"]["spec"]["enrichers"] = json!([]), "spec.runTemplate.spec.enrichers"),
];

const WRONG_INGEST_SCHEDULES: &[Wrong] = &[
    (|spec| spec["schedule"] = json!("0 0 * *"), "spec.schedule"),
    (|spec| spec["timeZone"] = json!("Local"), "spec.timeZone"),
    (|spec| spec["runTemplate"]["spec"]["dryRun"] = json!(true), "spec.runTemplate.spec.dryRun"),
];

#[tokio::test]
async fn wrong_resources_are_refused_with_the_name_of_the_field() -> Result<()> {
    world::run("refused", async |world| {
        let source = world.ingest_source(Form::NewsMlG2);
        let run = resources::enrichment_run(&world.env, &world.name, "run");
        let mut schedule = resources::enrichment_schedule(&world.env, &world.name, "schedule");
        schedule["spec"]["suspend"] = json!(true);
        let mut ingest_schedule = resources::ingest_schedule("schedule");
        ingest_schedule["spec"]["suspend"] = json!(true);
        let all = [
            (&source, WRONG_SOURCES),
            (&run, WRONG_RUNS),
            (&schedule, WRONG_SCHEDULES),
            (&ingest_schedule, WRONG_INGEST_SCHEDULES),
        ];
        let model = resources::conversion_model("model", &json!({"preset": "nitf"}));
        for (make_wrong, field) in WRONG_MODELS {
            let mut wrong = model.clone();
            make_wrong(&mut wrong["spec"]);
            is_refused(world, &wrong, field).await?;
        }
        world.apply(&model).await?;
        for (sound, wrongs) in all {
            for (make_wrong, field) in wrongs {
                let mut wrong = sound.clone();
                make_wrong(&mut wrong["spec"]);
                is_refused(world, &wrong, field).await?;
            }
            let mut long = sound.clone();
            long["metadata"]["name"] = "a".repeat(53).into();
            is_refused(world, &long, "metadata.name").await?;
            // The sound one is taken, or the refusals above would mean nothing.
            world.apply(sound).await?;
        }
        let mut changed = run.clone();
        changed["spec"]["backoffLimit"] = json!(2);
        is_refused(world, &changed, "spec is immutable").await
    })
    .await
}

async fn is_refused(world: &World, resource: &Value, message: &str) -> Result<()> {
    let finished = world.cluster.try_apply(&world.name, resource).await?;
    ensure!(!finished.ok, "taken, though {message} is wrong: {}", resource["spec"]);
    ensure!(finished.stderr.contains(message), "the refusal does not name {message}: {}", finished.stderr);
    Ok(())
}
