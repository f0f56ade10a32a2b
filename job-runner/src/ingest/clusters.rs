//! The clusters of a source, and their clients with the credentials that are mounted into the pod.

use docmill_clients::elastic::Elastic;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::secret_mount;

use super::error::IngestError;

/// The clusters of a source. If it names the same one for both purposes, both fields share one client.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// Holds the ledger, the heads and the records of runs.
    pub ledger: Elastic,
    /// Holds the documents; `None` if they are only converted.
    pub index: Option<Elastic>,
}

impl Clusters {
    /// Creates the clients; sends nothing yet.
    pub fn connect(spec: &IngestSourceSpec) -> Result<Self, IngestError> {
        let index = match spec.index_cluster() {
            Some(cluster) => Some(Elastic::mounted(cluster, secret_mount::INDEX)?),
            None => None,
        };
        let ledger = match (spec.own_ledger_cluster(), &index) {
            (Some(ledger), _) => Elastic::mounted(ledger, secret_mount::LEDGER)?,
            (None, Some(index)) => index.clone(),
            (None, None) => return Err(IngestError::NoLedger),
        };
        Ok(Self { ledger, index })
    }

    /// How often Elasticsearch throttled a bulk request (429), in part or as a whole.
    pub fn pushed_back(&self) -> u64 {
        self.ledger.pushed_back() + self.index.as_ref().map_or(0, Elastic::pushed_back)
    }
}
