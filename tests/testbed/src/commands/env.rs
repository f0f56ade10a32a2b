//! `env`: what a shell, a test or a demo needs to reach the cluster and the stores.

use std::{
    env,
    io::{self, Write as _},
};

use serde_json::{Map, Value};

use crate::{
    home::Home,
    ip_family::IpFamily,
    parts::{
        cargo,
        image::nginx,
        opensearch, product,
        stores::{
            ACCESS_KEY_ID, BRIDGE, EMBEDDINGS, ES_ENRICHED, ES_RAW, MODELS, NAMESPACE, REGION, S3,
            SECRET_ACCESS_KEY, SQS,
        },
    },
    versions::Versions,
};

/// Prints the settings, as shell lines or as JSON.
pub(crate) fn run(home: &Home, as_json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let settings = settings(home)?;
    if as_json {
        let object: Map<String, Value> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?;
        return Ok(());
    }
    for (name, value) in settings {
        writeln!(out, "export {name}={}", quoted(&value))?;
    }
    Ok(())
}

/// Names and values. Fails when this checkout's image is not imported.
pub(crate) fn settings(home: &Home) -> anyhow::Result<Vec<(&'static str, String)>> {
    let names = product::names(home)?;
    let family = IpFamily::of(home)?;
    let mut settings = vec![
        ("KUBECONFIG", home.kubeconfig().display().to_string()),
        ("PATH", path(home, &Versions::read()?)),
        ("DOCMILL_IMAGE", names.product),
        // For the test of the console behind a proxy.
        ("DOCMILL_PROXY_IMAGE", nginx::IMAGE.to_owned()),
        // For tests that make the cluster fail.
        ("DOCMILL_TESTBED", env::current_exe()?.display().to_string()),
        ("DOCMILL_TESTBED_NAMESPACE", NAMESPACE.to_owned()),
        // For tests that need more objects than could be put one by one.
        ("DOCMILL_S3_FOLDER", home.in_state("data").join("s3/buckets").display().to_string()),
        ("DOCMILL_HOST_ADDRESS", family.addresses().node.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
    ];
    let opensearch = opensearch::folder(home, &Versions::read()?);
    if opensearch.is_dir() {
        settings.push(("DOCMILL_OPENSEARCH", opensearch.display().to_string()));
    }
    settings.extend([
        ("S3_ENDPOINT", S3.url(family)),
        ("SQS_ENDPOINT", SQS.url(family)),
        ("ES_RAW_URL", ES_RAW.url(family)),
        ("ES_ENRICHED_URL", ES_ENRICHED.url(family)),
        ("MODELS_URL", MODELS.url(family)),
        ("EMBEDDINGS_URL", EMBEDDINGS.url(family)),
        ("BRIDGE_URL", BRIDGE.url(family)),
        ("S3_ENDPOINT_INTERNAL", S3.internal_url()),
        ("SQS_ENDPOINT_INTERNAL", SQS.internal_url()),
        ("ES_RAW_URL_INTERNAL", ES_RAW.internal_url()),
        ("ES_ENRICHED_URL_INTERNAL", ES_ENRICHED.internal_url()),
        ("MODELS_URL_INTERNAL", MODELS.internal_url()),
        ("EMBEDDINGS_URL_INTERNAL", EMBEDDINGS.internal_url()),
        ("BRIDGE_URL_INTERNAL", BRIDGE.internal_url()),
        // ElasticMQ writes the same start into the URLs of the queues that it makes.
        ("SQS_QUEUE_URL_PREFIX", format!("{}/000000000000/", SQS.internal_url())),
    ]);
    Ok(settings)
}

/// The caller's path, behind the testbed's kubectl and helm, and the programs of this checkout, among which kubectl finds
/// its plugin.
fn path(home: &Home, versions: &Versions) -> String {
    let kubernetes = home.bin_dir("kubernetes", &versions.kubernetes);
    let ours = [kubernetes, home.bin_dir("helm", &versions.helm), cargo::programs(home)];
    let ours = ours.map(|folder| folder.display().to_string()).join(":");
    let callers = env::var("PATH").unwrap_or_default();
    if callers.starts_with(&ours) { callers } else { format!("{ours}:{callers}") }
}

/// In single quotes a shell changes nothing; a single quote itself must stand outside of them.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(quoted("/a b:$HOME"), "'/a b:$HOME'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
