//! The documents of a slice in flight: reading, calling models and storing run concurrently. What is in
//! flight is bounded: some pages that were read, the batches that are sent to the models, and one bulk.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use docmill_clients::model_server::link::MountedLink;
use docmill_clients::retry::RetryPolicy;
use docmill_crds::contract::EnrichStep;
use futures::StreamExt as _;
use futures::stream::{self, LocalBoxStream};
use tokio::sync::mpsc;

use super::batch::{Batch, batches};
use super::context::Flow;
use super::first_error::FirstError;
use super::model_client::ModelClient;
use super::{pages, stage, writer};
use crate::enrich::article_work::ArticleWork;
use crate::enrich::error::EnrichError;
use crate::enrich::model::limits::Limits;
use crate::enrich::model::truncation::Shortening;
use crate::enrich::retry_policy::PATIENCE;
use crate::enrich::selection::select::Selection;
use crate::enrich::slice_plan::PlannedEnricher;

/// A model that is back should be used again soon; `limits` keeps its load low meanwhile.
const MODEL_PATIENCE: RetryPolicy = RetryPolicy { longest: Duration::from_secs(5), ..PATIENCE };
/// Pages that are read ahead of the models.
const PAGES_AHEAD: usize = 2;
/// Batches that wait to be stored.
const BATCHES_WAITING: usize = 8;

impl Flow<'_> {
    /// Processes all documents of a selection. On an error, what all models have answered for is stored
    /// before the error is returned.
    pub(crate) async fn run(&self, selection: &mut Selection) -> Result<(), EnrichError> {
        let first_error = FirstError::new(self.stop);
        let models = self.slice_plan.models.iter().zip(self.links).filter(|(model, _)| self.is_called(model));
        let model_clients: Vec<ModelClient<'_>> =
            models.map(|(model, link)| self.model_client(model, link, &first_error)).collect();
        let (page_sender, page_receiver) = mpsc::channel(PAGES_AHEAD);
        let (answered_sender, answered_receiver) = mpsc::channel(BATCHES_WAITING);
        tokio::join!(
            async {
                if let Err(error) = pages::read(self, selection, page_sender, &first_error).await {
                    first_error.record(error);
                }
            },
            self.ask_all(&model_clients, page_receiver, answered_sender, &first_error),
            async {
                if let Err(error) = writer::store_all(self, answered_receiver).await {
                    first_error.record(error);
                }
            },
        );
        first_error.result()
    }

    /// A comparison calls the two models that are compared.
    fn is_called(&self, model: &PlannedEnricher) -> bool {
        match &self.slice_plan.step {
            EnrichStep::Compare(compare) => {
                [&compare.left, &compare.right].into_iter().flatten().any(|name| name == model.name())
            }
            EnrichStep::Enrich | EnrichStep::DryRun | EnrichStep::Clear => true,
        }
    }

    fn model_client<'s>(
        &'s self,
        model: &'s PlannedEnricher,
        link: &'s MountedLink,
        first_error: &'s FirstError<'_>,
    ) -> ModelClient<'s> {
        ModelClient {
            model,
            link,
            limits: Limits::of(model, self.slice_plan.pods),
            budget: self.budget,
            counts: self.counts,
            retry_policy: MODEL_PATIENCE,
            stop: &first_error.token,
            answers: AtomicU64::new(0),
            shortening: Shortening::of(model),
        }
    }

    /// From model to model, in their order.
    async fn ask_all(
        &self,
        model_clients: &[ModelClient<'_>],
        pages: mpsc::Receiver<Vec<ArticleWork>>,
        answered: mpsc::Sender<Vec<ArticleWork>>,
        first_error: &FirstError<'_>,
    ) {
        let mut works: LocalBoxStream<'_, Vec<ArticleWork>> =
            stream::unfold(pages, |mut pages| async move { Some((pages.recv().await?, pages)) })
                .boxed_local();
        for model_client in model_clients {
            let batches = batches(works, model_client.model, &self.slice_plan.run, &first_error.token);
            let answer = move |batch: Batch| stage::take(self, model_client, batch, first_error);
            works = batches.map(answer).buffer_unordered(model_client.limits.at_a_time()).boxed_local();
        }
        while let Some(batch) = works.next().await {
            if !batch.is_empty() && answered.send(batch).await.is_err() {
                return;
            }
        }
    }
}
