//! The demo in a cluster of which nothing but the kubeconfig is known: charts/docmill-sandbox brings an S3 server and
//! Elasticsearch, and functions that need no server take the place of models.

mod port_forward;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::cluster::Cluster;
use e2e::elastic::Elastic;
use e2e::install::{self, checkout};
use e2e::s3::S3;
use serde_json::{Value, json};

use crate::documents::Documents;
use crate::show;
use crate::stage::NAMESPACE;
use crate::watch::{RUN, SOURCE, enriched, ingested, ready, table};
use port_forward::PortForward;

/// Name of the sandbox's release, which the names of its Services begin with.
const RELEASE: &str = "sandbox";
/// Bucket and region of the sandbox's S3 server, by the defaults of its chart.
const BUCKET: &str = "sandbox";
const REGION: &str = "us-east-1";
/// The patterns of the indices.
const ARTICLES: &str = "articles-*";
const ENRICHED: &str = "enriched-*";

/// The context of the cluster, if the addresses of stores are not given as well.
pub fn context() -> Option<String> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    given("DOCMILL_CONTEXT").filter(|_| given("S3_ENDPOINT").is_none())
}

/// Takes the documents from the bucket to the enriched index.
pub async fn demo(context: &str) -> Result<()> {
    let cluster = Cluster::connect(Some(context)).await?;
    let documents = Documents::read()?;
    show::step("install the operator with Helm", install_operator(&cluster)).await?;
    show::step("take away what an earlier demo left", clean(&cluster)).await?;
    let installing = "install charts/docmill-sandbox, with a source that lists its bucket";
    show::step(installing, install_sandbox(&cluster)).await?;
    show::step("see the source become ready", ready(&cluster)).await?;
    table(&cluster).await?;

    let s3 = PortForward::start(context, NAMESPACE, &format!("{RELEASE}-s3"), 7070)?;
    let elasticsearch = PortForward::start(context, NAMESPACE, &format!("{RELEASE}-elasticsearch"), 9200)?;
    show::step(&documents.to_string(), Box::pin(put(&cluster, &s3, &documents))).await?;
    show::step("pods start, convert, validate, snapshot, index and record", ingested(&cluster, &documents))
        .await?;
    show::step("apply an EnrichmentRun", cluster.apply(NAMESPACE, &enrichment())).await?;
    show::step("pods add the language and the keywords of every article", enriched(&cluster)).await?;
    table(&cluster).await?;

    let found = one_enriched(&Elastic::new(elasticsearch.url())).await?;
    show::block(&format!("enriched: {}/{}", found["_index"], found["_id"]), &show::pretty(&found["_source"]));
    println!("Everything is left running. To try next:\n");
    println!("  kubectl --context {context} --namespace {NAMESPACE} get isrc,irun,erun");
    println!("  kubectl --context {context} --namespace {NAMESPACE} describe isrc {SOURCE}");
    println!("  helm get notes {RELEASE} --kube-context {context} --namespace {NAMESPACE}");
    println!("  kubectl --context {context} delete namespace {NAMESPACE}");
    Ok(())
}

/// Installs or upgrades the operator to a given image; without one, the operator that is there has to do.
async fn install_operator(cluster: &Cluster) -> Result<()> {
    let Some(image) = std::env::var("DOCMILL_IMAGE").ok().filter(|image| !image.is_empty()) else {
        let get = ["get", "customresourcedefinition", "ingestsources.docmill.io"];
        let installed = cluster.try_kubectl(&get, None).await?.ok;
        ensure!(
            installed,
            "no Docmill is installed in this cluster, and no image of it is published yet. Build one with \
             release/release.sh --skip-tests, load it into the nodes (kind load image-archive …) or push it to a \
             registry, and name it: cargo testbed demo --context … --image NAME:TAG"
        );
        return Ok(());
    };
    let (repository, tag) = image.rsplit_once(':').context("the image has no tag: write it as name:tag")?;
    let (repository, tag) = (format!("image.repository={repository}"), format!("image.tag={tag}"));
    let chart = checkout("charts/docmill").display().to_string();
    let release = ["upgrade", install::RELEASE, &chart, "--install", "--create-namespace"];
    let namespace = ["--namespace", install::NAMESPACE, "--wait", "--timeout=5m"];
    let values = ["--set-string", &repository, "--set-string", &tag, "--set", "replicaCount=1"];
    cluster.helm(&[&release[..], &namespace, &values].concat()).await.map(drop)
}

async fn clean(cluster: &Cluster) -> Result<()> {
    let delete = ["delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=180s"];
    cluster.kubectl(&delete).await.map(drop)
}

/// Installs the sandbox and waits until its stores answer.
async fn install_sandbox(cluster: &Cluster) -> Result<()> {
    let chart = checkout("charts/docmill-sandbox").display().to_string();
    let name = format!("ingestSource.name={SOURCE}");
    let release = ["install", RELEASE, &chart, "--namespace", NAMESPACE, "--create-namespace"];
    let values = ["--set", "ingestSource.create=true", "--set", &name, "--wait", "--timeout=10m"];
    cluster.helm(&[&release[..], &values].concat()).await.map(drop)
}

/// Puts the documents where the source looks for them.
async fn put(cluster: &Cluster, server: &PortForward, documents: &Documents) -> Result<()> {
    let secret = format!("{RELEASE}-s3");
    let get = ["get", "secret", &secret, "--namespace", NAMESPACE, "--output", "json"];
    let secret: Value = serde_json::from_str(&cluster.kubectl(&get).await?)?;
    let key = |name: &str| -> Result<String> {
        let text = secret["data"][name].as_str().with_context(|| format!("the Secret has no {name}"))?;
        Ok(String::from_utf8(STANDARD.decode(text)?)?)
    };
    let keys = (key("AWS_ACCESS_KEY_ID")?, key("AWS_SECRET_ACCESS_KEY")?);
    let s3 = S3::at(server.url(), REGION, (&keys.0, &keys.1)).await?;
    let objects = documents.all().map(|(key, bytes)| (format!("raw/{key}"), bytes.clone()));
    s3.put_all(BUCKET, objects.collect::<Vec<_>>()).await.map(drop)
}

/// A run with functions that need no server, into indices of the same cluster.
fn enrichment() -> Value {
    let text = json!([{"name": "text", "template": "{headline}. {body}"}]);
    let cluster = json!({"urls": [format!("http://{RELEASE}-elasticsearch.{NAMESPACE}.svc:9200")]});
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentRun",
        "metadata": {"name": RUN, "namespace": NAMESPACE},
        "spec": {
            "from": {"sourceRef": {"name": SOURCE}},
            "to": {"elasticsearch": cluster, "index": {"name": "enriched-{publishedAt:%Y}"}},
            "enrichers": [
                {"name": "language", "builtin": "Language", "inputs": text,
                 "outputs": [{"field": "detectedLanguage", "type": "Keyword", "optional": true}]},
                {"name": "keywords", "builtin": "Keywords", "inputs": text,
                 "outputs": [{"field": "keyphrases", "type": "Keyword", "repeated": true}]},
            ],
        },
    })
}

async fn one_enriched(elastic: &Elastic) -> Result<Value> {
    elastic.refresh(&format!("{ARTICLES},{ENRICHED}")).await?;
    let one = json!({"size": 1, "query": {"exists": {"field": "detectedLanguage"}}});
    elastic.search(ENRICHED, one).await?.pop().context("no enriched article is found")
}
