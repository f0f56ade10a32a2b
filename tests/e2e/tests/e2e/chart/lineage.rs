//! OpenLineage in the values of the chart.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{pod, template};

#[tokio::test]
async fn events_are_sent_where_the_values_say_and_nowhere_by_default() -> Result<()> {
    let url = "openLineage.url=http://marquez.lineage:5000/api/v1/lineage";
    let settings = ["--set", url, "--set", "openLineage.secret=receiver"];
    let Some(text) = template(&settings).await else { return Ok(()) };
    let pod = pod(&text.expect_ok("helm template")?)?;
    let arguments = pod["containers"][0]["args"].as_array().cloned().unwrap_or_default();
    for argument in [
        "--openlineage-url=http://marquez.lineage:5000/api/v1/lineage",
        "--openlineage-namespace=docmill",
        "--openlineage-secret-dir=/etc/docmill/openlineage",
    ] {
        ensure!(arguments.iter().any(|given| given == argument), "no {argument} in {arguments:?}");
    }
    let names = |volume: &Value| volume["secret"]["secretName"] == "receiver";
    ensure!(pod["volumes"].as_array().is_some_and(|volumes| volumes.iter().any(names)), "{pod}");
    let mounts = |mount: &Value| mount["mountPath"] == "/etc/docmill/openlineage";
    let mounted = pod["containers"][0]["volumeMounts"].as_array();
    ensure!(mounted.is_some_and(|mounted| mounted.iter().any(mounts)), "{pod}");

    let Some(text) = template(&[]).await else { return Ok(()) };
    ensure!(!text.expect_ok("helm template")?.contains("openlineage"), "events are sent by default");
    let unsound = template(&["--set", "openLineage.url=marquez"]).await;
    ensure!(unsound.is_some_and(|unsound| !unsound.ok), "a URL without a scheme is taken");
    Ok(())
}
