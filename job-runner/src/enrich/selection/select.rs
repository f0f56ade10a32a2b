//! The documents of a slice, a page at a time, from a point in time: those that were indexed within its
//! bounds, or those that failed before.

use docmill_clients::elastic::{Elastic, ElasticError, Pit};
use docmill_clients::retry::retry_transient;
use docmill_crds::api::enrichment_run::{Bounds, DocumentState};
use docmill_crds::records::enrichment_query::DocumentQuery;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::hits::{self, Article, PAGE};
use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::slice_plan::SlicePlan;

/// The documents of one page.
#[derive(Debug, Default)]
pub(crate) struct ArticlePage {
    pub(crate) articles: Vec<Article>,
    /// Ids of documents that failed before and no longer exist.
    pub(crate) gone: Vec<String>,
}

/// The documents of a slice.
pub(crate) struct Selection {
    articles: Elastic,
    from_index: String,
    /// The query for documents of which only the ids are known.
    by_ids: Option<Value>,
    view: View,
    /// How many there are.
    pub(crate) documents: u64,
}

/// A view of an index that does not change.
struct View {
    cluster: Elastic,
    index: String,
    cursor: Cursor,
    query: Value,
    sort_by: String,
    last: Option<Value>,
    as_error: fn(ElasticError) -> EnrichError,
}

/// How a view is iterated.
enum Cursor {
    /// There is nothing to read.
    Nothing,
    /// By a point in time.
    Pit(Pit),
    /// By a scroll, if the cluster has no points in time. Its id, once it has started.
    Scroll(Option<String>),
}

impl Selection {
    /// Opens the view. Makes visible what was indexed before.
    pub(crate) async fn open(
        slice_plan: &SlicePlan,
        from: &Elastic,
        to: &Elastic,
        stop: &CancellationToken,
    ) -> Result<Self, EnrichError> {
        // With a long refresh interval, documents within the bounds would otherwise be missed.
        if let Err(error) = from.refresh(&slice_plan.from_index).await {
            tracing::warn!(%error, "failed to refresh the source; the next run takes what is not visible yet");
        }
        let is_failed = slice_plan.select.state == DocumentState::Failed;
        let (view, documents) = if is_failed {
            View::open(to, slice_plan.failures_to_retry(), &slice_plan.bounds, EnrichError::target, stop)
                .await?
        } else {
            View::open(from, slice_plan.articles(), &slice_plan.bounds, EnrichError::source, stop).await?
        };
        let by_ids =
            is_failed.then(|| json!({"bool": {"filter": slice_plan.from_query.clone().map(Value::Object)}}));
        Ok(Self {
            articles: from.clone(),
            from_index: slice_plan.from_index.clone(),
            by_ids,
            view,
            documents,
        })
    }

    /// The next documents; `None` at the end.
    pub(crate) async fn next_page(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<Option<ArticlePage>, EnrichError> {
        let Some(answer) = self.view.next(stop).await? else { return Ok(None) };
        if self.by_ids.is_none() {
            let (articles, last) = hits::read_page(answer).map_err(EnrichError::source)?;
            self.view.last = last;
            return Ok((!articles.is_empty()).then_some(ArticlePage { articles, gone: Vec::new() }));
        }
        let (ids, last) = hits::read_failures(&answer).map_err(EnrichError::target)?;
        self.view.last = last;
        if ids.is_empty() { Ok(None) } else { self.fetch(ids, stop).await.map(Some) }
    }

    /// The documents with these ids.
    async fn fetch(&self, ids: Vec<String>, stop: &CancellationToken) -> Result<ArticlePage, EnrichError> {
        let query = json!({"bool": {"filter": [{"ids": {"values": ids}}, self.by_ids]}});
        // Twice as many: an id may exist in two indices of a pattern for a moment, while a document moves.
        let body = json!({"query": query, "size": 2 * PAGE, "version": true, "sort": ["_doc"]});
        let search = async || self.articles.search(&self.from_index, &body).await;
        let answer = retry_transient(PATIENCE, stop, search).await.map_err(EnrichError::source)?;
        let (articles, _) = hits::read_page(answer).map_err(EnrichError::source)?;
        let gone = ids.into_iter().filter(|id| !articles.iter().any(|article| article.id == *id)).collect();
        Ok(ArticlePage { articles, gone })
    }

    /// Closes the view; one that cannot be closed expires.
    pub(crate) async fn close(self) {
        let closed = match self.view.cursor {
            Cursor::Pit(pit) => self.view.cluster.close_pit(pit).await,
            Cursor::Scroll(Some(id)) => self.view.cluster.close_scroll(&id).await,
            Cursor::Scroll(None) | Cursor::Nothing => Ok(()),
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "failed to close the search context; it will expire");
        }
    }
}

impl View {
    async fn open(
        cluster: &Elastic,
        document_query: DocumentQuery,
        bounds: &Bounds,
        as_error: fn(ElasticError) -> EnrichError,
        stop: &CancellationToken,
    ) -> Result<(Self, u64), EnrichError> {
        let DocumentQuery { index, time_field: sort_by, .. } = &document_query;
        let query = document_query.within(bounds);
        let open = async || {
            // Also because OpenSearch has no view of a pattern that matches no index.
            let found = cluster.count(index, &query).await?;
            let cursor = if found == 0 { Cursor::Nothing } else { cursor(cluster, index).await? };
            Ok::<_, ElasticError>((cursor, found))
        };
        let (cursor, found) = retry_transient(PATIENCE, stop, open).await.map_err(as_error)?;
        let (cluster, index, sort_by) = (cluster.clone(), index.clone(), sort_by.clone());
        Ok((Self { cluster, index, cursor, query, sort_by, last: None, as_error }, found))
    }

    /// The response to the search for the next page; `None` if there is nothing at all.
    async fn next(&mut self, stop: &CancellationToken) -> Result<Option<Value>, EnrichError> {
        if stop.is_cancelled() {
            return Err(EnrichError::Stopped);
        }
        let Self { cluster, index, cursor, query, sort_by, last, as_error } = self;
        let search = async || match search(cluster, index, cursor, (query, sort_by, last.as_ref())).await {
            // Waiting does not bring a lost view back.
            Err(error) if error.lost_view() => Ok(Err(error)),
            Err(error) => Err(error),
            Ok(answer) => Ok::<_, ElasticError>(Ok(answer)),
        };
        retry_transient(PATIENCE, stop, search).await.and_then(|answer| answer).map_err(*as_error)
    }
}

async fn cursor(cluster: &Elastic, index: &str) -> Result<Cursor, ElasticError> {
    match cluster.open_pit(index).await {
        Err(error) if error.is_unknown_request() => {
            tracing::info!(%error, "the cluster does not support points in time; using a scroll instead");
            Ok(Cursor::Scroll(None))
        }
        pit => pit.map(Cursor::Pit),
    }
}

/// Searches for the next page. A page of a scroll that was sent and not received is lost with its view.
async fn search(
    cluster: &Elastic,
    index: &str,
    cursor: &mut Cursor,
    (query, sort_by, last): (&Value, &str, Option<&Value>),
) -> Result<Option<Value>, ElasticError> {
    match cursor {
        Cursor::Nothing => Ok(None),
        Cursor::Pit(pit) => {
            let body = hits::page_body(query, &pit.sort_by_date(sort_by), last);
            cluster.search_pit(pit, body).await.map(Some)
        }
        Cursor::Scroll(id) => {
            let answer = match id {
                None => cluster.open_scroll(index, &hits::scroll_body(query)).await,
                // A repeated request would return the page after the one that did not arrive.
                Some(id) => cluster.scroll_on(id).await.map_err(ElasticError::as_lost_view),
            }?;
            *id = answer.get("_scroll_id").and_then(Value::as_str).map(str::to_owned);
            Ok(Some(answer))
        }
    }
}
