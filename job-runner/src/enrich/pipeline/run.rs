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
        let halt = FirstError::new(self.stop);
        let models = self.slice_plan.models.iter().zip(self.links).filter(|(model, _)| self.is_asked(model));
        let askers: Vec<ModelClient<'_>> =
            models.map(|(model, link)| self.asker(model, link, &halt)).collect();
        let (pages, read) = mpsc::channel(PAGES_AHEAD);
        let (answered, finished) = mpsc::channel(BATCHES_WAITING);
        tokio::join!(
            async {
                if let Err(error) = pages::read(self, selection, pages, &halt).await {
                    halt.by(error);
                }
            },
            self.ask_all(&askers, read, answered, &halt),
            async {
                if let Err(error) = writer::store_all(self, finished).await {
                    halt.by(error);
                }
            },
        );
        halt.result()
    }

    /// A comparison calls the two models that are compared.
    fn is_asked(&self, model: &PlannedEnricher) -> bool {
        match &self.slice_plan.step {
            EnrichStep::Compare(compare) => {
                [&compare.left, &compare.right].into_iter().flatten().any(|name| name == model.name())
            }
            EnrichStep::Enrich | EnrichStep::DryRun | EnrichStep::Clear => true,
        }
    }

    fn asker<'s>(
        &'s self,
        model: &'s PlannedEnricher,
        link: &'s MountedLink,
        halt: &'s FirstError<'_>,
    ) -> ModelClient<'s> {
        ModelClient {
            model,
            link,
            limits: Limits::of(model, self.slice_plan.pods),
            budget: self.budget,
            tally: self.tally,
            patience: MODEL_PATIENCE,
            stop: &halt.token,
            answers: AtomicU64::new(0),
            shortening: Shortening::of(model),
        }
    }

    /// From model to model, in their order.
    async fn ask_all(
        &self,
        askers: &[ModelClient<'_>],
        read: mpsc::Receiver<Vec<ArticleWork>>,
        answered: mpsc::Sender<Vec<ArticleWork>>,
        halt: &FirstError<'_>,
    ) {
        let mut works: LocalBoxStream<'_, Vec<ArticleWork>> =
            stream::unfold(read, |mut read| async move { Some((read.recv().await?, read)) }).boxed_local();
        for asker in askers {
            let batches = batches(works, asker.model, &self.slice_plan.run, &halt.token);
            let ask = move |batch: Batch| stage::take(self, asker, batch, halt);
            works = batches.map(ask).buffer_unordered(asker.limits.at_a_time()).boxed_local();
        }
        while let Some(batch) = works.next().await {
            if !batch.is_empty() && answered.send(batch).await.is_err() {
                return;
            }
        }
    }
}
