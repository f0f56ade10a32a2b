//! The chart's sample resources, and the names of what they need.

use anyhow::{Context as _, Result};
use e2e::env::Env;
use e2e::install::checkout;
use serde_json::Value;

/// The texts of the samples, and their fields.
pub struct Samples {
    /// `ingestsource.yaml`
    pub source: String,
    /// `enrichmentrun.yaml`
    pub run: String,
    source_fields: Value,
    run_fields: Value,
}

/// Where the same thing is in this cluster.
type Address = fn(&Env) -> &str;

/// The addresses that the samples carry: those of the testbed.
const TESTBED: [(&str, Address); 5] = [
    ("http://s3.docmill-testbed.svc:7070", |env| &env.s3.inside),
    ("http://sqs.docmill-testbed.svc:9324", |env| &env.sqs.inside),
    ("http://es-raw.docmill-testbed.svc:9200", |env| &env.es_raw.inside),
    ("http://es-enriched.docmill-testbed.svc:9200", |env| &env.es_enriched.inside),
    ("http://models.docmill-testbed.svc:8080", |env| &env.models.inside),
];

impl Samples {
    /// Reads the samples. In the testbed they are taken as they are; elsewhere with the addresses of the stores there.
    pub fn read(env: &Env) -> Result<Self> {
        let [source, run] = ["ingestsource.yaml", "enrichmentrun.yaml"].map(|name| read(name, env));
        let (source, run) = (source?, run?);
        Ok(Self { source_fields: fields(&source)?, run_fields: fields(&run)?, source, run })
    }

    /// A text of the source's spec.
    pub fn source(&self, pointer: &str) -> Result<&str> {
        text(&self.source_fields, pointer)
    }

    /// The prefix of one of the source's places: raw, snapshots, errors; empty if it has none.
    pub fn prefix(&self, place: &str) -> &str {
        text(&self.source_fields, &format!("/spec/{place}/prefix")).unwrap_or_default()
    }

    /// Pattern of the indices with articles.
    pub fn articles(&self) -> Result<String> {
        text(&self.source_fields, "/spec/index/name").map(pattern)
    }

    /// Pattern of the indices with enriched articles.
    pub fn enriched(&self) -> Result<String> {
        text(&self.run_fields, "/spec/to/name").map(pattern)
    }

    /// The buckets: raw, snapshots, errors.
    pub fn buckets(&self) -> Result<[&str; 3]> {
        Ok([
            self.source("/spec/raw/bucket")?,
            self.source("/spec/snapshots/bucket")?,
            self.source("/spec/errors/bucket")?,
        ])
    }
}

fn read(name: &str, env: &Env) -> Result<String> {
    let path = checkout("charts/docmill/samples").join(name);
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let text = TESTBED.iter().fold(text, |text, (address, own)| text.replace(address, own(env)));
    Ok(text.replace("region: us-east-1", &format!("region: {}", env.region)))
}

fn fields(yaml: &str) -> Result<Value> {
    serde_saphyr::from_str(yaml).context("failed to read a sample")
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("the sample has no {pointer}"))
}

/// The part of a name before its first field, and a star.
fn pattern(name: &str) -> String {
    format!("{}*", name.split('{').next().unwrap_or_default())
}
