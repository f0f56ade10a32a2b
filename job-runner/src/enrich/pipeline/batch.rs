//! Gathers documents into the batches that are sent to a model. No I/O.

use std::collections::VecDeque;

use docmill_clients::clock;
use futures::StreamExt as _;
use futures::stream::{self, Fuse, LocalBoxStream, Stream};
use tokio_util::sync::CancellationToken;

use crate::enrich::article_work::{ArticleWork, ModelQuery};
use crate::enrich::slice_plan::PlannedEnricher;

/// Documents that need no answer move on once there are this many, without waiting for a full batch.
const PASSING: usize = 128;

/// Documents that move on together: with questions that one request asks, or without any.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The documents, each with its question if it has one.
    pub(crate) works: Vec<(ArticleWork, Option<ModelQuery>)>,
}

struct Gather<'a> {
    input: Fuse<LocalBoxStream<'a, Vec<ArticleWork>>>,
    come: VecDeque<ArticleWork>,
    asking: Vec<(ArticleWork, Option<ModelQuery>)>,
    passing: Vec<(ArticleWork, Option<ModelQuery>)>,
}

/// Gathers full batches for a run; only the last one may have fewer questions. Nothing more comes once `halt`
/// is cancelled.
pub(crate) fn batches<'a>(
    input: LocalBoxStream<'a, Vec<ArticleWork>>,
    model: &'a PlannedEnricher,
    run: &'a str,
    halt: &'a CancellationToken,
) -> impl Stream<Item = Batch> + 'a {
    let gather =
        Gather { input: input.fuse(), come: VecDeque::new(), asking: Vec::new(), passing: Vec::new() };
    stream::unfold(gather, move |mut gather| async move {
        let works = gather.next(model, run, halt).await?;
        Some((Batch { works }, gather))
    })
}

impl Gather<'_> {
    async fn next(
        &mut self,
        model: &PlannedEnricher,
        run: &str,
        halt: &CancellationToken,
    ) -> Option<Vec<(ArticleWork, Option<ModelQuery>)>> {
        let size = model.enricher.documents_a_request();
        loop {
            let now = clock::rfc3339(clock::now_millis());
            while let Some(mut work) = self.come.pop_front() {
                if halt.is_cancelled() {
                    return None;
                }
                match work.prepare(model, run, &now) {
                    Some(question) => self.asking.push((work, Some(question))),
                    None => self.passing.push((work, None)),
                }
                if self.asking.len() == size {
                    return Some(std::mem::take(&mut self.asking));
                }
                if self.passing.len() == PASSING {
                    return Some(std::mem::take(&mut self.passing));
                }
            }
            match self.input.next().await {
                Some(works) => self.come.extend(works),
                None if halt.is_cancelled() => return None,
                None if !self.asking.is_empty() => return Some(std::mem::take(&mut self.asking)),
                None if !self.passing.is_empty() => return Some(std::mem::take(&mut self.passing)),
                None => return None,
            }
        }
    }
}
