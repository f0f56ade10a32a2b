//! The documents of a slice, a page at a time, out of a point in time.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::hits::{self, Article};
use super::recipe::Recipe;
use super::{EnrichError, PATIENCE};
use crate::elastic::{Elastic, ElasticError, Pit};
use crate::retry::persist;

/// An open view of the documents of a slice.
pub(super) struct Selection {
    cluster: Elastic,
    /// None if there is nothing to look at.
    pit: Option<Pit>,
    query: Value,
    last: Option<Value>,
}

impl Selection {
    /// Opens the view. What was indexed before is made visible first: with a long refresh interval, documents that are
    /// within the bounds would otherwise be missed.
    pub(super) async fn open(
        recipe: &Recipe,
        cluster: &Elastic,
        stop: &CancellationToken,
    ) -> Result<Self, EnrichError> {
        if let Err(error) = cluster.refresh(&recipe.from_index).await {
            tracing::warn!(%error, "the source cannot be refreshed; what is not visible yet is left to the next run");
        }
        let query = hits::query(&recipe.bounds);
        let open = async || {
            // Also because OpenSearch has no view of a pattern that matches no index.
            let found = cluster.count(&recipe.from_index, &query).await?;
            if found == 0 { Ok(None) } else { cluster.open_pit(&recipe.from_index).await.map(Some) }
        };
        let pit = persist(PATIENCE, stop, open).await.map_err(EnrichError::source)?;
        Ok(Self { cluster: cluster.clone(), pit, query, last: None })
    }

    /// The next documents; `None` at the end.
    pub(super) async fn next_page(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<Option<Vec<Article>>, EnrichError> {
        if stop.is_cancelled() {
            return Err(EnrichError::Stopped);
        }
        let (cluster, Some(pit)) = (&self.cluster, &mut self.pit) else { return Ok(None) };
        let body = hits::page_body(&self.query, &pit.sort_by_date(hits::INDEXED_TIME), self.last.as_ref());
        let search = async || match cluster.search_pit(pit, body.clone()).await {
            // Waiting brings no lost view back.
            Err(error) if error.lost_view() => Ok(Err(error)),
            Err(error) => Err(error),
            Ok(answer) => Ok::<_, ElasticError>(Ok(answer)),
        };
        let answer = persist(PATIENCE, stop, search).await.and_then(|answer| answer);
        let (articles, last) = answer.and_then(hits::read_page).map_err(EnrichError::source)?;
        self.last = last;
        Ok(if articles.is_empty() { None } else { Some(articles) })
    }

    /// Closes the view; one that cannot be closed expires.
    pub(super) async fn close(self) {
        if let Some(pit) = self.pit
            && let Err(error) = self.cluster.close_pit(pit).await
        {
            tracing::debug!(%error, "a point in time is left to expire");
        }
    }
}
