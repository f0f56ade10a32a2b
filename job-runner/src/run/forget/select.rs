//! The keys that a run forgets: those that it names, and those that hold the documents that it names.

use std::collections::BTreeSet;

use docmill_clients::elastic::{Elastic, ElasticError, search_hits};
use docmill_clients::retry;
use docmill_convert::Addressing;
use docmill_crds::records::heads::{DocumentHead, heads_index};
use docmill_crds::records::units::units_index;
use serde_json::{Value, json};

use crate::ingest::error::IngestError;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// Units of one document that are looked at.
const UNITS: usize = 1000;

/// What a run forgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The keys.
    pub keys: BTreeSet<String>,
    /// How many ids no store knows.
    pub unknown: i64,
}

/// Finds out which keys the run is about.
pub(crate) async fn select(context: &RunContext) -> Result<Selection, RunError> {
    let forget = context.order.spec.forget.clone().unwrap_or_default();
    let mut selection = Selection { keys: forget.keys.into_iter().collect(), unknown: 0 };
    let search = KeySearch::open(context).await?;
    for id in &forget.documents {
        let found = search.keys_of(id).await?;
        selection.unknown += i64::from(found.is_empty());
        selection.keys.extend(found);
    }
    Ok(selection)
}

/// Finds the keys of documents.
struct KeySearch<'a> {
    context: &'a RunContext,
    heads_index: String,
    ledger_index: String,
    articles: Option<(&'a Elastic, String)>,
}

impl<'a> KeySearch<'a> {
    async fn open(context: &'a RunContext) -> Result<Self, RunError> {
        let addressing = Addressing::of_index(context.source().index.as_ref()).map_err(IngestError::from)?;
        let (namespace, name) = (&context.order.ingest.namespace, &context.order.ingest.source);
        let search = Self {
            context,
            heads_index: heads_index(namespace, name),
            ledger_index: units_index(namespace, name),
            articles: context.clusters.index.as_ref().zip(addressing.pattern()),
        };
        search.refresh(&context.clusters.ledger, &search.ledger_index).await?;
        if let Some((elastic, pattern)) = &search.articles {
            search.refresh(elastic, pattern).await?;
        }
        Ok(search)
    }

    async fn refresh(&self, elastic: &Elastic, index: &str) -> Result<(), ElasticError> {
        let refresh = async || elastic.refresh(index).await;
        retry::retry_transient(PATIENCE, &self.context.stop.closing, refresh).await
    }

    /// The keys whose objects hold a document: as its head says, as records name it, and as the index has it.
    async fn keys_of(&self, id: &str) -> Result<BTreeSet<String>, RunError> {
        let ledger = &self.context.clusters.ledger;
        let stop = &self.context.stop.closing;
        let read = async || ledger.get(&self.heads_index, &DocumentHead::id(id)).await;
        let head = retry::retry_transient(PATIENCE, stop, read).await?;
        let of_head = head.and_then(|head| head.source.get("key")?.as_str().map(str::to_owned));
        let mut keys: BTreeSet<String> = of_head.into_iter().filter(|key| !key.is_empty()).collect();
        let bucket = &self.context.source().raw.bucket;
        let recorded = json!([{"term": {"documents.id": id}}, {"term": {"unit.bucket": bucket}}]);
        keys.extend(self.search(ledger, &self.ledger_index, &recorded, "unit", "/_source/unit/key").await?);
        if let Some((elastic, pattern)) = &self.articles {
            let source = self.context.source_name();
            let indexed = json!([{"ids": {"values": [id]}}, {"term": {"_docmill.source": source}},
                {"term": {"_docmill.unit.bucket": bucket}}]);
            let key = "/_source/_docmill/unit/key";
            keys.extend(self.search(elastic, pattern, &indexed, "_docmill.unit", key).await?);
        }
        Ok(keys)
    }

    async fn search(
        &self,
        elastic: &Elastic,
        index: &str,
        filter: &Value,
        field: &str,
        key: &str,
    ) -> Result<Vec<String>, RunError> {
        let body = json!({"size": UNITS, "query": {"bool": {"filter": filter}}, "_source": [field],
            "track_total_hits": false});
        let search = async || elastic.search(index, &body).await;
        let answer = retry::retry_transient(PATIENCE, &self.context.stop.closing, search).await?;
        let hits = search_hits(&answer);
        Ok(hits.iter().filter_map(|hit| Some(hit.pointer(key)?.as_str()?.to_owned())).collect())
    }
}
