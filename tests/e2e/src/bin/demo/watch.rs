//! Waits for what the demo shows, and tells how far it is.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::cluster::{Cluster, Kind};
use e2e::wait::{Look, until};
use e2e::world::find_condition;
use serde_json::Value;

use crate::documents::Documents;
use crate::show;
use crate::stage::NAMESPACE;

/// The demo's source.
pub const SOURCE: &str = "wire";
/// The demo's run.
pub const RUN: &str = "wire-1";
/// How long the articles may take to the index, and then through the models.
const LIMIT: Duration = Duration::from_mins(5);

/// Shows both kinds of resources as kubectl does.
pub async fn table(cluster: &Cluster) -> Result<()> {
    // Two calls, since one would give the columns of the two kinds no heads of their own.
    for kind in ["ingestsources", "enrichmentruns"] {
        let found = cluster.kubectl(&["get", kind, "--namespace", NAMESPACE]).await?;
        show::block(&format!("kubectl get {kind} --namespace {NAMESPACE}"), &found);
    }
    Ok(())
}

/// Waits until the source is ready.
pub async fn ready(cluster: &Cluster) -> Result<()> {
    until("the IngestSource to be ready", Duration::from_mins(1), async || {
        let source = cluster.get(Kind::IngestSource, NAMESPACE, SOURCE).await?;
        let ready = find_condition(&source, "Ready");
        Ok(Look::holds(ready["status"] == "True", ready["message"].to_string()))
    })
    .await
}

/// Waits until every document is accounted for, and shows how far it is.
pub async fn ingested(cluster: &Cluster, documents: &Documents) -> Result<()> {
    let (sound, faulty) = (documents.sound(), documents.faulty());
    let source = until("the articles to be indexed", LIMIT, async || {
        let source = cluster.get(Kind::IngestSource, NAMESPACE, SOURCE).await?;
        let units = &source["status"]["units"];
        let count = |name: &str| units[name].as_u64().unwrap_or_default();
        show::progress(&format!(
            "pending {}, indexed {}, failed {}, workers {}",
            count("pending"),
            count("indexed"),
            count("failed"),
            source["status"]["workers"]["active"].as_i64().unwrap_or_default(),
        ));
        let all = count("indexed") + count("failed") + count("skipped");
        let settled = count("pending") == 0 && all >= documents.len();
        Ok(if settled { Look::Done(source) } else { Look::NotYet(source["status"].to_string()) })
    })
    .await?;
    let units = &source["status"]["units"];
    ensure!(
        units["indexed"] == sound && units["failed"] == faulty,
        "{sound} articles should be indexed and {faulty} refused, and the status says {units}: \
         kubectl get isrc {SOURCE} -n {NAMESPACE} -o yaml tells more"
    );
    Ok(())
}

/// Waits until the run has ended, and shows how far it is.
pub async fn enriched(cluster: &Cluster) -> Result<()> {
    let run = until("the EnrichmentRun to end", LIMIT, async || {
        let run = cluster.get(Kind::EnrichmentRun, NAMESPACE, RUN).await?;
        let status = &run["status"];
        show::progress(&format!("{}, {}", text(&status["phase"]), text(&status["progress"])));
        let ended = ["Complete", "Failed"].iter().any(|kind| find_condition(&run, kind)["status"] == "True");
        Ok(if ended { Look::Done(run) } else { Look::NotYet(status.to_string()) })
    })
    .await?;
    let failed = find_condition(&run, "Failed");
    ensure!(failed["status"] != "True", "the EnrichmentRun failed: {}", failed["message"]);
    ensure!(
        run["status"]["done"] == run["status"]["selected"],
        "not every article was enriched: {}",
        run["status"]
    );
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("…")
}
