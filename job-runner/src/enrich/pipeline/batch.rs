//! Gathers documents into the batches that are sent to a model. No I/O.

use std::collections::VecDeque;

use docmill_clients::clock;
use futures::StreamExt as _;
use futures::stream::{self, Fuse, LocalBoxStream, Stream};
use tokio_util::sync::CancellationToken;

use crate::enrich::article_work::{ArticleWork, ModelQuery};
use crate::enrich::slice_plan::PlannedEnricher;

/// Documents that need no answer move on once there are this many, without waiting for a full batch.
const MOST_WITHOUT_QUERY: usize = 128;

/// Documents that move on together: with queries that one request asks, or without any.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The documents, each with its query if it has one.
    pub(crate) works: Vec<(ArticleWork, Option<ModelQuery>)>,
}

struct Gather<'a> {
    input: Fuse<LocalBoxStream<'a, Vec<ArticleWork>>>,
    arrived: VecDeque<ArticleWork>,
    with_query: Vec<(ArticleWork, Option<ModelQuery>)>,
    without_query: Vec<(ArticleWork, Option<ModelQuery>)>,
}

/// Gathers full batches for a run; only the last one may have fewer queries. Nothing more comes once `stop`
/// is cancelled.
pub(crate) fn batches<'a>(
    input: LocalBoxStream<'a, Vec<ArticleWork>>,
    model: &'a PlannedEnricher,
    run: &'a str,
    stop: &'a CancellationToken,
) -> impl Stream<Item = Batch> + 'a {
    let gather = Gather {
        input: input.fuse(),
        arrived: VecDeque::new(),
        with_query: Vec::new(),
        without_query: Vec::new(),
    };
    stream::unfold(gather, move |mut gather| async move {
        let works = gather.next(model, run, stop).await?;
        Some((Batch { works }, gather))
    })
}

impl Gather<'_> {
    async fn next(
        &mut self,
        model: &PlannedEnricher,
        run: &str,
        stop: &CancellationToken,
    ) -> Option<Vec<(ArticleWork, Option<ModelQuery>)>> {
        let size = model.enricher.documents_a_request();
        loop {
            let now = clock::rfc3339(clock::now_millis());
            while let Some(mut work) = self.arrived.pop_front() {
                if stop.is_cancelled() {
                    return None;
                }
                match work.prepare(model, run, &now) {
                    Some(query) => self.with_query.push((work, Some(query))),
                    None => self.without_query.push((work, None)),
                }
                if self.with_query.len() == size {
                    return Some(std::mem::take(&mut self.with_query));
                }
                if self.without_query.len() == MOST_WITHOUT_QUERY {
                    return Some(std::mem::take(&mut self.without_query));
                }
            }
            match self.input.next().await {
                Some(works) => self.arrived.extend(works),
                None if stop.is_cancelled() => return None,
                None if !self.with_query.is_empty() => return Some(std::mem::take(&mut self.with_query)),
                None if !self.without_query.is_empty() => {
                    return Some(std::mem::take(&mut self.without_query));
                }
                None => return None,
            }
        }
    }
}
