//! What the chart lets the operator do, in the whole cluster and in single namespaces: the lists in `golden` are reviewed
//! by people, and a change of the chart changes them in the same commit.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::install::{IGNORED, checkout};
use e2e::rights::{Rights, granted};
use serde_json::{Value, json};

use super::chart::{template, template_with};

/// The operator's service account in a release with the name of these tests.
pub(super) const ACCOUNT: &str = "docmill-operator";
/// Everything that a release in the namespace [`IGNORED`] may do there.
pub(super) const NAMESPACED: &str = "tests/e2e/golden/rights-namespaced.txt";
const CLUSTER: &str = "tests/e2e/golden/rights-cluster.txt";
/// What no release that watches single namespaces has.
pub(super) const OF_THE_CLUSTER: [&str; 2] = ["kind: Cluster", "aggregate-to-"];

/// Compares rights with a list.
pub(super) fn same(found: &Rights, golden: &str) -> Result<()> {
    let listed: Rights = fs::read_to_string(checkout(golden))?.lines().map(str::to_owned).collect();
    let (more, less): (Vec<_>, Vec<_>) =
        (found.difference(&listed).collect(), listed.difference(found).collect());
    ensure!(more.is_empty() && less.is_empty(), "{golden}: not listed are {more:#?}, missing are {less:#?}");
    Ok(())
}

fn objects(text: &str) -> Result<Vec<Value>> {
    let objects = text.split("\n---\n").filter(|object| object.contains("rbac.authorization.k8s.io/v1"));
    objects.map(|object| serde_saphyr::from_str(object).context("no YAML")).collect()
}

#[tokio::test]
async fn the_operator_of_the_whole_cluster_has_the_listed_rights() -> Result<()> {
    let Some(text) = template(&[]).await else { return Ok(()) };
    same(&granted(&objects(&text.expect_ok("helm template")?)?, ACCOUNT), CLUSTER)
}

#[tokio::test]
async fn the_operator_of_single_namespaces_has_roles_alone() -> Result<()> {
    let values = format!("watchNamespaces={{{IGNORED}}},metrics.secure=false,crds.install=false");
    let Some(text) = template(&["--namespace", IGNORED, "--set", &values]).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    for part in OF_THE_CLUSTER {
        ensure!(!text.contains(part), "{part:?} in\n{text}");
    }
    ensure!(text.contains(&format!("\"--watch-namespaces={IGNORED}\"")), "{text}");
    same(&granted(&objects(&text)?, ACCOUNT), NAMESPACED)
}

#[tokio::test]
async fn each_watched_namespace_has_roles_for_the_operator_and_for_users() -> Result<()> {
    let values = json!({
        "watchNamespaces": ["news", "sport"],
        "clusterUID": "u-1",
        "metrics": {"secure": false, "monitors": {"enabled": true}},
        "networkPolicy": {"enabled": true},
    });
    let Some(text) = template_with(&values).await else { return Ok(()) };
    let text = text.expect_ok("helm template")?;
    let all = objects(&text)?;
    for namespace in ["news", "sport"] {
        for name in ["docmill-operator-watched", "docmill-view", "docmill-edit"] {
            let found = all.iter().any(|object| {
                let metadata = &object["metadata"];
                object["kind"] == "Role" && metadata["name"] == name && metadata["namespace"] == namespace
            });
            ensure!(found, "there is no Role {name} in {namespace}");
        }
    }
    let rights = granted(&all, ACCOUNT);
    ensure!(rights.contains("sport jobs.batch create"), "{rights:?}");
    ensure!(!rights.iter().any(|right| right.contains("namespaces")), "with a UID, none has to be read");
    ensure!(text.contains("\"--cluster-uid=u-1\"") && text.contains("{matchNames: [\"news\",\"sport\"]}"));
    let policies = text.matches("kind: NetworkPolicy\n").count();
    ensure!(policies == 3, "{policies} NetworkPolicies");
    Ok(())
}

#[tokio::test]
async fn values_of_namespaces_that_do_not_fit_together_are_refused() -> Result<()> {
    for (settings, word) in [
        ("watchNamespaces={news}", "metrics.secure=false"),
        ("watchNamespaces={news},ignoreNamespaces={sport},metrics.secure=false", "exclude each other"),
        ("watchNamespaces={News},metrics.secure=false", "watchNamespaces"),
        ("ignoreNamespaces={a,a}", "ignoreNamespaces"),
        ("clusterUID=a b", "clusterUID"),
    ] {
        let Some(finished) = template(&["--set", settings]).await else { return Ok(()) };
        ensure!(!finished.ok && finished.stderr.contains(word), "{settings}: {}", finished.stderr);
    }
    let Some(ignoring) = template(&["--set", "ignoreNamespaces={news,sport}"]).await else { return Ok(()) };
    ensure!(ignoring.expect_ok("helm template")?.contains("\"--ignore-namespaces=news,sport\""));
    Ok(())
}
