//! The chart's sample resources, and the names of what they need.

use anyhow::{Context as _, Result};
use docmill_crds::template::Template;
use docmill_crds::{EnrichmentRun, EnrichmentRunSpec, IngestSource, IngestSourceSpec};
use e2e::env::Env;
use e2e::install::checkout;
use serde::de::DeserializeOwned;

/// The texts of the samples, and what they say.
pub struct Samples {
    /// `ingestsource.yaml`
    pub source: String,
    /// `enrichmentrun.yaml`
    pub run: String,
    source_spec: Box<IngestSourceSpec>,
    run_spec: Box<EnrichmentRunSpec>,
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
        let source_spec = Box::new(parse::<IngestSource>(&source)?.spec);
        let run_spec = Box::new(parse::<EnrichmentRun>(&run)?.spec);
        Ok(Self { source, run, source_spec, run_spec })
    }

    /// The queue that tells of new objects.
    pub fn queue_url(&self) -> Result<&str> {
        self.source_spec.trigger.queue_url().context("the sample has no queue")
    }

    /// Prefix of the keys of raw objects; empty if there is none.
    pub fn raw_prefix(&self) -> &str {
        &self.source_spec.raw.prefix
    }

    /// Pattern of the indices with articles.
    pub fn articles(&self) -> Result<String> {
        pattern(&self.source_spec.index.as_ref().context("the sample has no index")?.name)
    }

    /// Pattern of the indices with enriched articles.
    pub fn enriched(&self) -> Result<String> {
        pattern(&self.run_spec.to.index.name)
    }

    /// The buckets: raw, snapshots, errors.
    pub fn buckets(&self) -> [&str; 3] {
        let spec = &self.source_spec;
        [&spec.raw.bucket, &spec.snapshots.bucket, &spec.errors.bucket]
    }
}

fn read(name: &str, env: &Env) -> Result<String> {
    let path = checkout("charts/docmill/samples").join(name);
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let text = TESTBED.iter().fold(text, |text, (address, own)| text.replace(address, own(env)));
    Ok(text.replace("region: us-east-1", &format!("region: {}", env.region)))
}

fn parse<T: DeserializeOwned>(yaml: &str) -> Result<T> {
    serde_saphyr::from_str(yaml).context("failed to read a sample")
}

/// The name with a star in place of each field.
fn pattern(name: &str) -> Result<String> {
    Ok(Template::parse(name).with_context(|| format!("{name} is no index name"))?.wildcard())
}
