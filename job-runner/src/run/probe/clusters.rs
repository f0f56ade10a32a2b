//! What a worker needs of the clusters of index and ledger.

use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_clients::outbound::tls::Distrust;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::ingest_run::probe::{Need, ProbeResult};
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::secret_mount;
use docmill_crds::template::Template;

use super::answer::{ANSWER_WITHIN, late};

/// The privileges of the cluster that templates and versions need.
const OF_CLUSTER: [&str; 2] = ["monitor", "manage_index_templates"];
/// The privileges on indices.
const OF_INDICES: [&str; 1] = ["all"];
/// All indices with records.
const RECORDS: &str = "docmill-*";

/// What is asked of a cluster.
struct ClusterNeeds<'a> {
    cluster: &'a ElasticsearchCluster,
    mount: &'static str,
    reach: Need,
    /// The privileges for each pattern of indices.
    privileges: Vec<(Need, String)>,
}

/// Asks for everything that a worker does in the clusters.
pub(super) async fn probe(spec: &IngestSourceSpec) -> Vec<ProbeResult> {
    let mut results = Vec::new();
    for needs in needs(spec) {
        results.extend(ask_cluster(&needs).await);
    }
    results
}

fn needs(spec: &IngestSourceSpec) -> Vec<ClusterNeeds<'_>> {
    let records = (Need::LedgerPrivileges, RECORDS.to_owned());
    let own_ledger = spec.own_ledger_cluster();
    let index = spec.index.as_ref().map(|index| {
        let mut privileges = Vec::new();
        if let Ok(name) = Template::parse(&index.name) {
            privileges.push((Need::IndexPrivileges, name.wildcard()));
        }
        if own_ledger.is_none() {
            privileges.push(records.clone());
        }
        let (cluster, mount) = (&index.elasticsearch, secret_mount::INDEX);
        ClusterNeeds { cluster, mount, reach: Need::IndexCluster, privileges }
    });
    let ledger = own_ledger.map(|cluster| {
        let (mount, privileges) = (secret_mount::LEDGER, vec![records.clone()]);
        ClusterNeeds { cluster, mount, reach: Need::LedgerCluster, privileges }
    });
    index.into_iter().chain(ledger).collect()
}

async fn ask_cluster(needs: &ClusterNeeds<'_>) -> Vec<ProbeResult> {
    let elastic = match Elastic::mounted(needs.cluster, needs.mount) {
        Ok(elastic) => elastic,
        Err(error) => return vec![ProbeResult::failed(needs.reach, &word(&error))],
    };
    if let Err(detail) = within(elastic.ping()).await {
        return vec![ProbeResult::failed(needs.reach, &detail)];
    }
    let mut results = vec![ProbeResult::passed(needs.reach)];
    for (need, pattern) in &needs.privileges {
        let missing = within(elastic.missing_privileges(&OF_CLUSTER, &OF_INDICES, pattern)).await;
        results.push(privileges(*need, missing));
    }
    results
}

fn privileges(need: Need, missing: Result<Option<Vec<String>>, String>) -> ProbeResult {
    match missing {
        Ok(Some(missing)) if missing.is_empty() => ProbeResult::passed(need),
        Ok(Some(missing)) => ProbeResult::failed(need, &missing.join(", ")),
        Ok(None) => ProbeResult::unknown(need, "the cluster does not tell privileges"),
        Err(detail) => ProbeResult::unknown(need, &detail),
    }
}

async fn within<T>(request: impl Future<Output = Result<T, ElasticError>>) -> Result<T, String> {
    match tokio::time::timeout(ANSWER_WITHIN, Box::pin(request)).await {
        Ok(answer) => answer.map_err(|error| word(&error)),
        Err(_) => Err(late()),
    }
}

/// One word for an error, or the status and type that the cluster gave.
fn word(error: &ElasticError) -> String {
    let word = match error {
        ElasticError::Refused(fault) => return fault.to_string(),
        ElasticError::NotAllowed(_) => "EndpointNotAllowed",
        ElasticError::Settings(_) => "InvalidSettings",
        ElasticError::Unreachable(_) => "Unreachable",
        ElasticError::Untrusted { whose: Distrust::UnknownCa, .. } => "UnknownCA",
        ElasticError::Untrusted { whose: Distrust::Server, .. } => "Untrusted",
        ElasticError::Untrusted { whose: Distrust::Client, .. } | ElasticError::Certificates(_) => {
            "BadClientCertificate"
        }
        ElasticError::Timeout(_) => "TimedOut",
        ElasticError::Unreadable(_) => "Unreadable",
        ElasticError::Stopped => "Stopped",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_run::probe::Need;
    use docmill_crds::api::ingest_run::probe::ProbeOutcome::{Failed, Passed, Unknown};
    use docmill_crds::api::ingest_source::IngestSourceSpec;
    use serde_json::{Value, json};

    use super::{needs, privileges};

    fn spec(ledger: Option<Value>) -> IngestSourceSpec {
        let mut spec = json!({
            "storage": {"region": "eu-west-1", "bucket": "news"},
            "trigger": {"poll": {"intervalSeconds": 60}},
            "conversion": {"preset": "nitf"},
            "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "articles-{date:%Y}", "id": "{id}"},
        });
        if let Some(ledger) = ledger {
            spec["ledger"] = ledger;
        }
        serde_json::from_value(spec).unwrap()
    }

    fn asked(spec: &IngestSourceSpec) -> Vec<(Need, Vec<(Need, String)>)> {
        needs(spec).into_iter().map(|needs| (needs.reach, needs.privileges)).collect()
    }

    #[test]
    fn the_ledger_is_asked_for_where_it_is() {
        let records = (Need::LedgerPrivileges, "docmill-*".to_owned());
        let articles = (Need::IndexPrivileges, "articles-*".to_owned());
        let one = asked(&spec(None));
        assert_eq!(one, [(Need::IndexCluster, vec![articles.clone(), records.clone()])]);
        let two = asked(&spec(Some(json!({"elasticsearch": {"urls": ["http://other:9200"]}}))));
        assert_eq!(two, [(Need::IndexCluster, vec![articles]), (Need::LedgerCluster, vec![records])]);
    }

    #[test]
    fn missing_privileges_are_named() {
        let judged = |missing| privileges(Need::IndexPrivileges, missing);
        assert_eq!(judged(Ok(Some(Vec::new()))).outcome, Passed);
        let missing = judged(Ok(Some(vec!["monitor".to_owned(), "all on articles-*".to_owned()])));
        assert_eq!((missing.outcome, missing.detail.as_str()), (Failed, "monitor, all on articles-*"));
        assert_eq!(judged(Ok(None)).outcome, Unknown);
        assert_eq!(judged(Err("TimedOut".to_owned())).outcome, Unknown);
    }
}
