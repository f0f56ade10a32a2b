//! One page of articles, from the search to the stored copies.

use tokio_util::sync::CancellationToken;

use super::EnrichError;
use super::client::ModelClient;
use super::counts::Counts;
use super::hits::Article;
use super::recipe::{Model, Recipe};
use super::standing::{Standing, standing};
use super::store::{Copy, Store};
use super::work::{Question, Work, target_index};
use crate::clock;
use crate::elastic::{Address, Outcome};

/// What a page passes through.
pub(super) struct Stage<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) models: &'a ModelClient,
    pub(super) store: &'a Store,
    pub(super) stop: &'a CancellationToken,
}

impl Stage<'_> {
    /// Takes a page from the articles to the stored copies. Where a model stays away or the worker is asked to end,
    /// what all models have given is stored before the error is told.
    pub(super) async fn take(&self, articles: Vec<Article>, counts: &mut Counts) -> Result<(), EnrichError> {
        let mut works = self.begin(articles, counts).await?;
        let asked = self.ask_all(&mut works, counts).await;
        if asked.is_err() {
            works.retain(|work| work.results() == self.recipe.models.len());
        }
        self.finish(&works, counts).await?;
        asked
    }

    /// Looks for the copies that are stored already and leaves out what needs no work.
    async fn begin(&self, articles: Vec<Article>, counts: &mut Counts) -> Result<Vec<Work>, EnrichError> {
        let mut placed = Vec::with_capacity(articles.len());
        for article in articles {
            match target_index(&self.recipe.target, &article) {
                Ok(index) => placed.push((index, article)),
                Err(reason) => {
                    counts.selected += 1;
                    counts.fail(&article.id, &reason);
                }
            }
        }
        let addresses: Vec<Address<'_>> =
            placed.iter().map(|(index, article)| Address { index, id: &article.id }).collect();
        let copies = self.store.copies(&addresses, self.stop).await?;
        let mut works = Vec::new();
        for ((index, article), copy) in placed.into_iter().zip(copies) {
            match standing(&article, copy.as_ref(), self.recipe) {
                Standing::Settled => counts.passed_over += 1,
                Standing::DoneByThisRun { cached } => {
                    counts.selected += 1;
                    counts.done += 1;
                    counts.cached += u64::from(cached);
                }
                Standing::Open => {
                    counts.selected += 1;
                    works.push(Work::new(index, article, copy));
                }
            }
        }
        Ok(works)
    }

    async fn ask_all(&self, works: &mut [Work], counts: &mut Counts) -> Result<(), EnrichError> {
        for model in &self.recipe.models {
            let questions: Vec<Question> = works
                .iter_mut()
                .enumerate()
                .filter_map(|(position, work)| work.prepare(position, model))
                .collect();
            let batch = usize::try_from(model.enricher.batch_size).unwrap_or(1).max(1);
            for questions in questions.chunks(batch) {
                self.ask(works, model, questions, counts).await?;
            }
        }
        Ok(())
    }

    async fn ask(
        &self,
        works: &mut [Work],
        model: &Model,
        questions: &[Question],
        counts: &mut Counts,
    ) -> Result<(), EnrichError> {
        let documents: Vec<&[String]> = questions.iter().map(|question| question.texts.as_slice()).collect();
        let replies = self.models.ask(model, &documents, self.stop, &mut counts.calls).await?;
        let now = clock::rfc3339(clock::now_millis());
        for (question, reply) in questions.iter().zip(replies) {
            if let Some(work) = works.get_mut(question.position) {
                work.answer(model, question, reply, &self.recipe.run, &now);
            }
        }
        Ok(())
    }

    /// Stores the copies that have at least one result, and counts.
    async fn finish(&self, works: &[Work], counts: &mut Counts) -> Result<(), EnrichError> {
        let (stored, without_results): (Vec<&Work>, Vec<&Work>) =
            works.iter().partition(|work| work.results() > 0);
        let copies = stored.iter().map(|work| Copy {
            address: Address { index: &work.index, id: &work.article.id },
            version: work.article.version,
            source: work.sealed(&self.recipe.run),
        });
        let outcomes = self.store.write(copies, self.stop).await?;
        for (work, outcome) in stored.into_iter().zip(outcomes) {
            match (outcome, work.failure()) {
                (Outcome::Rejected(fault), _) => counts.fail(&work.article.id, &fault.to_string()),
                (_, Some(reason)) => counts.fail(&work.article.id, reason),
                (Outcome::Done | Outcome::Superseded, None) => {
                    counts.done += 1;
                    counts.cached += u64::from(!work.called());
                }
            }
        }
        for work in without_results {
            counts.fail(&work.article.id, work.failure().unwrap_or("no model gave a result"));
        }
        Ok(())
    }
}
