//! The records of the units of a day, sorted by key and version.

use docmill_clients::elastic::{ElasticError, Pit};
use docmill_clients::retry;
use docmill_crds::records::lineage::Day;
use docmill_crds::records::units::{UnitRecord, units_index};
use serde_json::{Value, json};

use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// Records per page. Each names up to 1,000 documents, and most name one.
const PAGE: usize = 200;

/// The records of a day at one point in time, which later writes do not change.
pub(super) struct DayUnits<'a> {
    context: &'a RunContext,
    index: String,
    query: Value,
    pit: Pit,
    after: Option<Value>,
}

impl<'a> DayUnits<'a> {
    /// Opens the point in time. What was recorded before is part of it.
    pub(super) async fn open(context: &'a RunContext, day: Day) -> Result<Self, RunError> {
        let index = units_index(&context.order.ingest.namespace, &context.order.ingest.source);
        let (ledger, stop) = (&context.clusters.ledger, &context.stop.closing);
        retry::retry_transient(PATIENCE, stop, async || ledger.refresh(&index).await).await?;
        let pit = retry::retry_transient(PATIENCE, stop, async || ledger.open_pit(&index).await).await?;
        let query = day.units(&context.source().raw.bucket);
        Ok(Self { context, index, query, pit, after: None })
    }

    /// The next records; none at the end.
    pub(super) async fn next_page(&mut self) -> Result<Vec<UnitRecord>, RunError> {
        let body = page(&self.query, self.after.as_ref());
        let (ledger, stop) = (&self.context.clusters.ledger, &self.context.stop.closing);
        let pit = &mut self.pit;
        let search = async || ledger.search_pit(pit, body.clone()).await;
        let mut answer = retry::retry_transient(PATIENCE, stop, search).await?;
        let Some(Value::Array(hits)) = answer.pointer_mut("/hits/hits").map(Value::take) else {
            return Err(ElasticError::Unreadable("a search without hits".into()).into());
        };
        if let Some(last) = hits.last() {
            self.after = last.get("sort").cloned();
        }
        hits.into_iter().map(|hit| self.record(hit)).collect()
    }

    fn record(&self, mut hit: Value) -> Result<UnitRecord, RunError> {
        serde_json::from_value(hit["_source"].take()).map_err(|_| {
            ElasticError::Unreadable(format!("a record of {} is not of its form", self.index)).into()
        })
    }

    /// Closes the point in time. If that fails, it expires.
    pub(super) async fn close(self) {
        if let Err(error) = self.context.clusters.ledger.close_pit(self.pit).await {
            tracing::debug!(%error, "failed to close a point in time; it expires");
        }
    }
}

/// The search for a page. Key and version are unique within a bucket.
fn page(query: &Value, after: Option<&Value>) -> Value {
    let sorted = json!({"order": "asc", "unmapped_type": "keyword"});
    let mut body = json!({
        "size": PAGE,
        "track_total_hits": false,
        "query": query,
        "sort": [{"unit.key": sorted}, {"unit.version": sorted}],
    });
    if let Some(after) = after {
        body["search_after"] = after.clone();
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::page;

    #[test]
    fn a_page_goes_on_after_the_last_one() {
        let query = json!({"match_all": {}});
        assert!(page(&query, None).get("search_after").is_none());
        let body = page(&query, Some(&json!(["a", "1", 7])));
        assert_eq!(body["search_after"], json!(["a", "1", 7]));
        assert_eq!(body["sort"][0]["unit.key"]["order"], "asc");
    }
}
