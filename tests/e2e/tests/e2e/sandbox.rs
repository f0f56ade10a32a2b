//! The chart of the sandbox: without a cluster, and installed as the quickstart says ([`quickstart`]).

mod quickstart;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::IngestSource;
use e2e::install::checkout;
use serde_json::{Value, json};

use crate::chart::{KUBERNETES, comments, describe, helm};

const CHART: &str = "charts/docmill-sandbox";
const QUICKSTART: &str = "docs/quickstart.md";
/// How long the first source may be that a newcomer reads.
const MOST_LINES: usize = 12;
const POLL: &str = "ingestSource.create=true";
const QUEUE: &str =
    "ingestSource.create=true,models.enabled=true,queue.enabled=true,queue.bridge.image=bridge:1";

/// The objects of a release with these settings; `None` where there is no Helm.
async fn objects(settings: &str) -> Result<Option<Vec<Value>>> {
    let chart = checkout(CHART).display().to_string();
    let call = ["template", "sandbox", &chart, "--namespace", "sandbox", "--kube-version", KUBERNETES];
    let Some(finished) = helm(&[&call[..], &["--set", settings]].concat(), None).await else {
        return Ok(None);
    };
    let text = finished.expect_ok("helm template")?;
    let text = format!("\n{text}");
    let documents = text.split("\n---\n").filter(|document| document.contains("kind: "));
    let objects = documents.map(|document| Ok(serde_saphyr::from_str::<Value>(document)?));
    objects.collect::<Result<Vec<Value>>>().map(Some)
}

fn of<'a>(objects: &'a [Value], kind: &str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> Result<&'a Value> {
    let found = of(objects, kind).find(|object| object["metadata"]["name"] == name);
    found.with_context(|| format!("no {kind} {name}"))
}

/// The YAML that the quickstart has its reader apply.
fn source_of(page: &str) -> Result<&str> {
    let shown = page.split("<<'YAML'\n").nth(1).and_then(|rest| rest.split("\nYAML\n").next());
    shown.context("no YAML in the quickstart")
}

/// The containers of a pod, those that run first among them.
fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"]
        .into_iter()
        .flat_map(move |list| pod[list].as_array().into_iter().flatten())
}

#[tokio::test]
async fn the_sandbox_has_no_lint_and_refuses_a_queue_without_a_bridge() -> Result<()> {
    let chart = checkout(CHART).display().to_string();
    let lint = ["lint", "--strict", "--kube-version", KUBERNETES, &chart];
    let (Some(sound), Some(wrong)) =
        (helm(&lint, None).await, helm(&[&lint[..], &["--set", "queue.enabled=true"]].concat(), None).await)
    else {
        return Ok(());
    };
    ensure!(sound.ok, "{}{}", sound.stdout, sound.stderr);
    ensure!(!wrong.ok && format!("{}{}", wrong.stdout, wrong.stderr).contains("image"), "{}", wrong.stdout);
    Ok(())
}

#[tokio::test]
async fn all_pods_of_the_sandbox_are_restricted() -> Result<()> {
    let Some(objects) = objects(QUEUE).await? else { return Ok(()) };
    let mut parts = BTreeSet::new();
    for deployment in of(&objects, "Deployment") {
        let pod = &deployment["spec"]["template"]["spec"];
        ensure!(pod["securityContext"]["runAsNonRoot"] == true, "{pod}");
        ensure!(pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", "{pod}");
        ensure!(pod["automountServiceAccountToken"] == false, "{pod}");
        for container in containers(pod) {
            let expected = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
            ensure!(container["securityContext"] == expected, "{container}");
        }
        let name = deployment["metadata"]["name"].as_str().context("no name")?;
        let service = named(&objects, "Service", name)?;
        ensure!(service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"], "{service}");
        parts.insert(name);
    }
    let all = ["sandbox-bridge", "sandbox-elasticsearch", "sandbox-models", "sandbox-s3", "sandbox-sqs"];
    ensure!(parts == BTreeSet::from(all), "{parts:?}");
    Ok(())
}

#[tokio::test]
async fn the_source_of_the_sandbox_names_what_is_there() -> Result<()> {
    let (Some(poll), Some(queue)) = (objects(POLL).await?, objects(QUEUE).await?) else { return Ok(()) };
    for objects in [&poll, &queue] {
        let source = named(objects, "IngestSource", "wire")?;
        let spec = serde_json::from_value::<IngestSource>(source.clone())?.spec.with_locations();
        let secret = named(objects, "Secret", "sandbox-s3")?;
        ensure!(secret["metadata"]["labels"]["docmill.io/use"] == "true", "{}", secret["metadata"]);
        ensure!(source["spec"]["storage"]["credentialsSecretRef"]["name"] == "sandbox-s3", "{source}");
        let folders = &named(objects, "Deployment", "sandbox-s3")?["spec"]["template"]["spec"];
        let folders = &folders["initContainers"][0]["command"];
        for bucket in [&spec.raw.bucket, &spec.snapshots.bucket, &spec.errors.bucket] {
            let folder = json!(format!("/data/{bucket}"));
            ensure!(folders.as_array().is_some_and(|all| all.contains(&folder)), "no {folder} in {folders}");
        }
        for (url, service, port) in [
            (&source["spec"]["storage"]["endpoint"], "sandbox-s3", 7070),
            (&source["spec"]["index"]["elasticsearch"]["urls"][0], "sandbox-elasticsearch", 9200),
        ] {
            ensure!(url == &format!("http://{service}.sandbox.svc:{port}"), "{url}");
            ensure!(named(objects, "Service", service)?["spec"]["ports"][0]["port"] == port, "{service}");
        }
    }
    ensure!(named(&poll, "IngestSource", "wire")?["spec"]["trigger"]["poll"]["intervalSeconds"] == 10);
    let source = named(&queue, "IngestSource", "wire")?;
    let bridge = &named(&queue, "Deployment", "sandbox-bridge")?["spec"]["template"]["spec"];
    let routes = bridge["containers"][0]["env"].as_array().into_iter().flatten();
    let routes =
        routes.filter(|variable| variable["name"] == "BRIDGE_ROUTES").find_map(|v| v["value"].as_str());
    let routes: Value = serde_json::from_str(routes.context("the bridge has no routes")?)?;
    ensure!(routes[0]["queueURL"] == source["spec"]["trigger"]["sqs"]["queueURL"], "{routes}");
    ensure!(routes[0]["bucket"] == source["spec"]["storage"]["bucket"], "{routes}");
    let config = named(&queue, "ConfigMap", "sandbox-sqs")?["data"]["elasticmq.conf"].as_str();
    ensure!(config.is_some_and(|config| config.contains("host = \"sandbox-sqs.sandbox.svc\"")), "{config:?}");
    Ok(())
}

#[tokio::test]
async fn images_of_your_own_have_their_commands_and_volumes() -> Result<()> {
    let values = concat!(
        "s3.command={/part/versitygw},s3.extraVolumes[0].name=part,s3.extraVolumeMounts[0].name=part,",
        "elasticsearch.command={java},elasticsearch.args={Launcher},elasticsearch.runAsUser=65532,",
        "elasticsearch.dataPath=/data,elasticsearch.extraVolumes[0].name=part,",
        "elasticsearch.extraVolumeMounts[0].name=part",
    );
    let (Some(own), Some(default)) = (objects(values).await?, objects(POLL).await?) else { return Ok(()) };
    let pod = |objects: &[Value], name: &str| -> Result<Value> {
        Ok(named(objects, "Deployment", name)?["spec"]["template"]["spec"].clone())
    };
    for (name, command) in [("sandbox-s3", "/part/versitygw"), ("sandbox-elasticsearch", "java")] {
        let (pod, default) = (pod(&own, name)?, pod(&default, name)?);
        let container = &pod["containers"][0];
        ensure!(container["command"] == json!([command]), "{container}");
        ensure!(container["volumeMounts"][0]["mountPath"] == "/data", "{container}");
        let has = |list: &Value| list.as_array().is_some_and(|all| all.contains(&json!({"name": "part"})));
        ensure!(has(&pod["volumes"]) && has(&container["volumeMounts"]), "{pod}");
        ensure!(pod["securityContext"]["runAsUser"] == 65532, "{pod}");
        ensure!(default["containers"][0]["command"].is_null(), "{default}");
    }
    ensure!(pod(&own, "sandbox-elasticsearch")?["containers"][0]["args"] == json!(["Launcher"]));
    let elasticsearch = pod(&default, "sandbox-elasticsearch")?;
    ensure!(elasticsearch["securityContext"]["fsGroup"] == 1000, "{elasticsearch}");
    ensure!(elasticsearch["containers"][0]["args"].is_null(), "{elasticsearch}");
    Ok(())
}

#[tokio::test]
async fn the_quickstart_has_the_source_of_the_sandbox() -> Result<()> {
    let page = fs::read_to_string(checkout(QUICKSTART))?;
    let shown = source_of(&page)?;
    let lines = shown.lines().count();
    ensure!(lines <= MOST_LINES, "{lines} lines, in place of {MOST_LINES}:\n{shown}");
    let shown: Value = serde_saphyr::from_str(shown)?;
    let Some(objects) = objects(POLL).await? else { return Ok(()) };
    let source = named(&objects, "IngestSource", "wire")?;
    ensure!(&shown == source, "the quickstart has\n{shown}\nand the sandbox\n{source}");
    Ok(())
}

#[test]
fn every_value_of_the_sandbox_has_a_comment_that_the_schema_repeats() -> Result<()> {
    let comments = comments(&fs::read_to_string(checkout(CHART).join("values.yaml"))?);
    let schema = fs::read_to_string(checkout(CHART).join("values.schema.json"))?;
    let mut described = BTreeMap::new();
    describe(&serde_json::from_str(&schema)?, "", &mut described);
    // What Helm adds to the values of every chart.
    described.remove("global");
    ensure!(comments.len() > 20, "{} comments", comments.len());
    ensure!(comments == described, "values.yaml: {comments:#?}\nschema: {described:#?}");
    Ok(())
}

#[test]
fn the_sandbox_has_the_versions_that_the_testbed_tests() -> Result<()> {
    let versions = fs::read_to_string(checkout("tests/testbed/versions.toml"))?;
    let values = fs::read_to_string(checkout(CHART).join("values.yaml"))?;
    for (key, image) in
        [("versitygw", "versitygw"), ("elasticmq", "elasticmq-native"), ("java-21", "elasticsearch")]
    {
        let start = format!("{key} = \"");
        let version = versions.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
        let version = version.with_context(|| format!("versions.toml has no {key}"))?;
        ensure!(values.contains(&format!("/{image}:{version}\n")), "the image of {image} is not {version}");
    }
    Ok(())
}
