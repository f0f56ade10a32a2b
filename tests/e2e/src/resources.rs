//! The resources that tests create, as JSON, so that a test can change any field of theirs, also wrongly.

use serde_json::{Value, json};

use super::articles::Form;
use super::env::Env;

/// Name of the Secret with the object store's keys.
pub const SECRET: &str = "s3";
/// Name of the source in each world.
pub const SOURCE: &str = "wire";

/// The Secret with the object store's keys.
pub fn secret(env: &Env) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "labels": {"docmill.io/use": "true"}},
        "stringData": {
            "AWS_ACCESS_KEY_ID": env.access_key_id,
            "AWS_SECRET_ACCESS_KEY": env.secret_access_key,
        },
    })
}

/// The preset that reads articles of a form.
const fn preset(form: Form) -> &'static str {
    match form {
        Form::NewsMlG2 => "newsml-g2",
        Form::Nitf => "nitf",
    }
}

/// A source whose buckets and indices begin with a world's name. Its workers go soon after their work, and a backlog
/// of more than a hundred brings up more than one.
pub fn ingest_source(env: &Env, world: &str, queue_url: &str, form: Form) -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestSource",
        "metadata": {"name": SOURCE},
        "spec": {
            "storage": {
                "region": env.region,
                "endpoint": env.s3.inside,
                "forcePathStyle": true,
                "credentialsSecretRef": {"name": SECRET},
            },
            "raw": {"bucket": format!("{world}-raw"), "prefix": "wire/", "suffixes": [".xml"]},
            "trigger": {"sqs": {"queueURL": queue_url}},
            "conversion": {"preset": preset(form)},
            "snapshots": {"bucket": format!("{world}-json"), "prefix": "json/"},
            "errors": {"bucket": format!("{world}-errors"), "prefix": "errors/"},
            "index": {
                "elasticsearch": {"urls": [env.es_raw.inside]},
                "name": format!("articles-{world}-{{publishedAt:%Y.%m}}"),
                "id": "{guid}",
            },
            "workers": {"max": 3, "targetLagSeconds": 5, "idleSeconds": 3},
        },
    })
}

/// A conversion model.
pub fn conversion_model(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "ConversionModel",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// A schedule of such enrichments for every minute.
pub fn enrichment_schedule(env: &Env, world: &str, name: &str) -> Value {
    let run = enrichment_run(env, world, name);
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentSchedule",
        "metadata": {"name": name},
        "spec": {"schedule": "* * * * *", "runTemplate": {"spec": run["spec"]}},
    })
}

/// A schedule of audits of the source, for every minute.
pub fn ingest_schedule(name: &str) -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestSchedule",
        "metadata": {"name": name},
        "spec": {
            "schedule": "* * * * *",
            "runTemplate": {"spec": {"sourceRef": {"name": SOURCE}, "mode": "Audit"}},
        },
    })
}

/// The same source for objects of any kind, each found by its key.
pub fn binary_source(env: &Env, world: &str, queue_url: &str) -> Value {
    let mut source = ingest_source(env, world, queue_url, Form::Nitf);
    let spec = &mut source["spec"];
    spec["raw"] = json!({"bucket": format!("{world}-raw"), "prefix": "wire/"});
    spec["conversion"] = json!({"format": "Binary"});
    spec["index"]["name"] = format!("articles-{world}-{{lastModified:%Y.%m}}").into();
    spec["index"]["id"] = "{key}".into();
    source
}

/// An enrichment of that source's articles by both models, into the second cluster.
pub fn enrichment_run(env: &Env, world: &str, name: &str) -> Value {
    let model = |model: &str| json!({"url": env.models.inside, "model": model, "version": "v1"});
    let inputs = json!([{"name": "text", "template": "{headline}. {body}"}]);
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentRun",
        "metadata": {"name": name},
        "spec": {
            "from": {"sourceRef": {"name": SOURCE}},
            "to": {
                "elasticsearch": {"urls": [env.es_enriched.inside]},
                "index": {"name": format!("enriched-{world}-{{publishedAt:%Y.%m}}")},
            },
            "enrichers": [
                {
                    "name": "embedding",
                    "openInference": model("minilm"),
                    "inputs": inputs,
                    "outputs": [{"from": "embedding", "field": "embedding", "type": "Vector"}],
                },
                {
                    "name": "sentiment",
                    "openInference": model("sentiment"),
                    "inputs": inputs,
                    "outputs": [
                        {"from": "compound", "field": "sentiment", "type": "Number"},
                        {"from": "lang", "field": "detectedLanguage", "type": "String"},
                    ],
                },
            ],
        },
    })
}

/// The enricher of the small model of which the testbed serves two versions.
pub fn tone(env: &Env, version: &str) -> Value {
    json!({
        "name": "tone",
        "openInference": {"url": env.models.inside, "model": "tone", "version": version},
        "inputs": [{"name": "text", "template": "{headline}. {body}"}],
        "outputs": [
            {"from": "compound", "field": "tone", "type": "Number"},
            {"from": "label", "field": "toneLabel", "type": "Keyword", "values": ["negative", "neutral", "positive"]},
        ],
    })
}
