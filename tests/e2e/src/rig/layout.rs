//! In which clusters a rig's documents and records are.

use serde_json::{Value, json};

use crate::env::Env;

/// In which clusters a rig's documents and records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Both in the first one.
    Together,
    /// The documents in the first one, the records in the second.
    LedgerApart,
    /// There is no index; the records are in the first one.
    ConvertOnly,
}

impl Layout {
    /// Base URL of the cluster with the records.
    pub(super) fn records(self, env: &Env) -> &str {
        match self {
            Self::LedgerApart => &env.es_enriched.outside,
            Self::Together | Self::ConvertOnly => &env.es_raw.outside,
        }
    }

    /// Changes a spec that has both together.
    pub(super) fn arrange(self, spec: &mut Value, env: &Env) {
        match self {
            Self::Together => {}
            Self::LedgerApart => {
                let cluster = json!({"urls": [env.es_enriched.outside]});
                spec["ledger"] =
                    json!({"elasticsearch": cluster, "numberOfShards": 3, "numberOfReplicas": 0});
            }
            Self::ConvertOnly => {
                let index = spec.as_object_mut().and_then(|spec| spec.remove("index")).unwrap_or_default();
                spec["ledger"] = json!({"elasticsearch": index["elasticsearch"]});
            }
        }
    }
}
