//! The quickstart, command by command: from an empty namespace to the first article that a search finds. The images of
//! the sandbox are those that the testbed runs its own stores from.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::cluster::Cluster;
use e2e::elastic::Elastic;
use e2e::env::{Env, Service};
use e2e::install::checkout;
use e2e::s3::S3;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use serde_json::{Value, json};

use super::{CHART, QUICKSTART, source_of};

/// Within how long an article is found: the bucket is listed, and pods start.
const SEARCHABLE: Duration = Duration::from_mins(2);
/// Namespace of the testbed's own stores.
const TESTBED: &str = "docmill-testbed";

#[tokio::test]
async fn the_quickstart_leads_from_an_empty_namespace_to_a_searchable_article() -> Result<()> {
    world::run("sandbox", follow).await
}

async fn follow(world: &World) -> Result<()> {
    let page = Page::read(&world.name)?;
    let images = images_of_the_testbed(&world.cluster).await?;
    let began = Instant::now();
    install(world, &page, &images).await?;
    let (kubectl, source) = (["apply", "--filename", "-"], source_of(&page.0)?);
    world.cluster.try_kubectl(&kubectl, Some(source)).await?.expect_ok("kubectl apply")?;
    let installed = began.elapsed().as_secs();
    let article = put(world, &page).await?;
    let hit = found(world, &page).await?;
    let searchable = began.elapsed().as_secs();
    println!("quickstart: ready after {installed} s, an article is found after {searchable} s");
    let guid = hit["_source"]["guid"].as_str().context("a document without a guid")?;
    ensure!(article.contains(guid), "another document was found: {hit}");
    Ok(())
}

/// The quickstart, with another namespace in place of `sandbox`.
struct Page(String);

impl Page {
    fn read(namespace: &str) -> Result<Self> {
        let mut text = fs::read_to_string(checkout(QUICKSTART))?;
        for (before, after) in [("--namespace ", ""), ("namespace: ", ""), (".", ".svc")] {
            let there = format!("{before}sandbox{after}");
            ensure!(text.contains(&there), "the quickstart has no {there:?}");
            text = text.replace(&there, &format!("{before}{namespace}{after}"));
        }
        Ok(Self(text))
    }

    /// The words of the first line with this text in it.
    fn line(&self, text: &str) -> Result<Vec<&str>> {
        let line = self.0.lines().find(|line| line.contains(text));
        let line = line.with_context(|| format!("the quickstart has no line with {text:?}"))?;
        Ok(line.split_whitespace().collect())
    }
}

/// Installs the sandbox and waits until it is ready.
async fn install(world: &World, page: &Page, images: &[String]) -> Result<()> {
    let chart = checkout(CHART).display().to_string();
    let words = page.line("helm install sandbox ")?.into_iter().skip(1);
    let words = words.map(|word| if word == CHART { chart.as_str() } else { word });
    let settings = images.iter().flat_map(|setting| ["--set-json", setting.as_str()]);
    world.cluster.helm(&words.chain(settings).collect::<Vec<_>>()).await?;
    let wait = page.line("wait deployments ")?;
    world.cluster.kubectl(&wait[1..]).await.map(drop)
}

/// Puts the article of the quickstart into the bucket, and gives its text.
async fn put(world: &World, page: &Page) -> Result<String> {
    let words = page.line("--upload-file ")?;
    let &[_, file, url] = words.as_slice() else { bail!("not a file and a URL: {words:?}") };
    let place = url.split_once(":7070/").and_then(|(_, path)| path.split_once('/'));
    let (bucket, key) = place.with_context(|| format!("no bucket and key in {url}"))?;
    let article = fs::read_to_string(checkout(file)).with_context(|| format!("failed to read {file}"))?;
    store(world).await?.put(bucket, key, article.clone().into_bytes()).await?;
    Ok(article)
}

/// Searches as the quickstart does until there is a hit.
async fn found(world: &World, page: &Page) -> Result<Value> {
    let words = page.line("/_search")?.join(" ");
    let indices = words.split_once(":9200/").and_then(|(_, path)| path.split_once("/_search"));
    let (indices, _) = indices.with_context(|| format!("no indices in {words}"))?;
    let elastic = Elastic::new(&address(world, "sandbox-elasticsearch").await?);
    until("the article in a search", SEARCHABLE, async || {
        let hit = elastic.search(indices, json!({})).await?.into_iter().next();
        Ok(hit.map_or_else(|| Look::NotYet("no hit".to_owned()), Look::Done))
    })
    .await
}

/// The sandbox's S3 server, with the keys that its chart has made.
async fn store(world: &World) -> Result<S3> {
    let get = ["get", "secret", "sandbox-s3", "--namespace", &world.name, "--output", "json"];
    let secret: Value = serde_json::from_str(&world.cluster.kubectl(&get).await?)?;
    let key = |name: &str| -> Result<String> {
        let text = secret["data"][name].as_str().with_context(|| format!("the Secret has no {name}"))?;
        Ok(String::from_utf8(STANDARD.decode(text)?)?)
    };
    let url = address(world, "sandbox-s3").await?;
    let env = Env {
        s3: Service { outside: url.clone(), inside: url },
        access_key_id: key("AWS_ACCESS_KEY_ID")?,
        secret_access_key: key("AWS_SECRET_ACCESS_KEY")?,
        ..world.env.clone()
    };
    S3::connect(&env).await
}

/// URL of a Service, in place of the quickstart's `kubectl port-forward`: the testbed's machine reaches Services.
async fn address(world: &World, service: &str) -> Result<String> {
    let form = "jsonpath={.spec.clusterIP} {.spec.ports[0].port}";
    let get = ["get", "service", service, "--namespace", &world.name, "--output", form];
    let found = world.cluster.kubectl(&get).await?;
    let (address, port) = found.trim().split_once(' ').context("the Service has no port")?;
    Ok(format!("http://{}", SocketAddr::new(address.parse()?, port.parse()?)))
}

/// The values of the sandbox, as `--set-json` takes them, that have it run the programs of the testbed's stores.
async fn images_of_the_testbed(cluster: &Cluster) -> Result<[String; 2]> {
    let (s3, elasticsearch) = (pod(cluster, "s3").await?, pod(cluster, "es-raw").await?);
    let [s3_container, container] = [&s3["containers"][0], &elasticsearch["containers"][0]];
    let s3_data = ["buckets", "versions"];
    let s3 = json!({
        "image": s3_container["image"],
        "command": s3_container["command"],
        "extraVolumes": without(&s3["volumes"], &s3_data),
        "extraVolumeMounts": without(&s3_container["volumeMounts"], &s3_data),
    });
    let mounts = container["volumeMounts"].as_array().into_iter().flatten();
    let data = mounts.filter(|mount| mount["name"] == "data").find_map(|mount| mount["mountPath"].as_str());
    let elasticsearch = json!({
        "image": container["image"],
        "command": container["command"],
        "args": container["args"],
        "runAsUser": 65532,
        "dataPath": data.context("es-raw has no data")?,
        // Other tests have pods of theirs on the same small node.
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
        "extraVolumes": without(&elasticsearch["volumes"], &["data"]),
        "extraVolumeMounts": without(&container["volumeMounts"], &["data"]),
    });
    Ok([format!("s3={s3}"), format!("elasticsearch={elasticsearch}")])
}

/// The pod of one of the testbed's Deployments.
async fn pod(cluster: &Cluster, deployment: &str) -> Result<Value> {
    let get = ["get", "deployment", deployment, "--namespace", TESTBED, "--output", "json"];
    let mut deployment: Value = serde_json::from_str(&cluster.kubectl(&get).await?)?;
    Ok(deployment["spec"]["template"]["spec"].take())
}

/// A list of volumes or mounts without those of these names.
fn without(list: &Value, names: &[&str]) -> Value {
    let all = list.as_array().into_iter().flatten();
    all.filter(|one| !names.iter().any(|name| one["name"] == *name)).cloned().collect()
}
