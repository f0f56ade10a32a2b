//! One batch at one model.

use docmill_clients::clock;
use docmill_clients::model_server::protocol::Reply;
use docmill_crds::api::enricher::Protocol;
use docmill_crds::api::enrichment_run::OnModelChange;
use docmill_crds::contract::EnrichStep;
use docmill_crds::records::enrichments::FailureReason;
use docmill_crds::untrusted_text::version;

use super::batch::Batch;
use super::context::Flow;
use super::first_error::FirstError;
use super::model_client::ModelClient;
use crate::enrich::article_work::{ArticleWork, ModelQuery};
use crate::enrich::error::EnrichError;
use crate::enrich::model::builtin;
use crate::enrich::model::input::ModelInput;
use crate::enrich::records::shared_counts::SharedCounts;
use crate::enrich::slice_plan::{PlannedEnricher, SlicePlan};

/// Gets the questions of a batch answered. After an error nothing of the batch moves on: whoever works on the
/// slice next takes its documents up again.
pub(crate) async fn take(
    flow: &Flow<'_>,
    asker: &ModelClient<'_>,
    batch: Batch,
    halt: &FirstError<'_>,
) -> Vec<ArticleWork> {
    match answer(flow, asker, batch, halt).await {
        Ok(works) => works,
        Err(error) => {
            halt.by(error);
            Vec::new()
        }
    }
}

async fn answer(
    flow: &Flow<'_>,
    asker: &ModelClient<'_>,
    batch: Batch,
    halt: &FirstError<'_>,
) -> Result<Vec<ArticleWork>, EnrichError> {
    let mut done = Vec::with_capacity(batch.works.len());
    let (mut asking, mut inputs) = (Vec::new(), Vec::new());
    for (mut work, question) in batch.works {
        let Some(question) = question else {
            done.push(work);
            continue;
        };
        match texts(flow, &question, &work, halt).await? {
            Ok(texts) => {
                inputs.push(texts);
                asking.push((work, question));
            }
            Err(reason) => {
                work.fail(asker.model, FailureReason::InvalidInput, &reason);
                done.push(work);
            }
        }
    }
    if inputs.is_empty() {
        return Ok(done);
    }
    if flow.slice_plan.step == EnrichStep::DryRun {
        would_ask(flow, asker.model, &inputs);
        done.extend(asking.into_iter().map(|(mut work, _)| {
            work.would_call();
            work
        }));
        return Ok(done);
    }
    let replies = replies(asker, &inputs).await?;
    check_version(flow.slice_plan, flow.tally, asker.model, &replies)?;
    let now = clock::rfc3339(clock::now_millis());
    for ((mut work, question), reply) in asking.into_iter().zip(replies) {
        work.answer(asker.model, &question, reply, &flow.slice_plan.run, &now);
        done.push(work);
    }
    Ok(done)
}

/// Counts what a request would need.
fn would_ask(flow: &Flow<'_>, model: &PlannedEnricher, inputs: &[Vec<String>]) {
    if model.enricher.builtin.is_some() {
        return;
    }
    flow.tally.count(|counts| {
        counts.calls += 1;
        counts.input_characters +=
            inputs.iter().flatten().map(|text| text.chars().count() as u64).sum::<u64>();
    });
}

/// The inputs as they are sent; the inner error is a fault of the document. Objects are fetched only now.
async fn texts(
    flow: &Flow<'_>,
    question: &ModelQuery,
    work: &ArticleWork,
    halt: &FirstError<'_>,
) -> Result<Result<Vec<String>, String>, EnrichError> {
    let mut texts = Vec::with_capacity(question.given.len());
    for given in &question.given {
        let text = match (given, flow.objects) {
            (ModelInput::Text(text), _) => Ok(text.clone()),
            (ModelInput::Object(object), Some(objects)) => {
                objects.input(object, &work.article.source, &halt.token).await?
            }
            (ModelInput::Object(_), None) => Err("the order tells of no bucket of raw objects".to_owned()),
        };
        match text {
            Ok(text) => texts.push(text),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    Ok(Ok(texts))
}

async fn replies(asker: &ModelClient<'_>, inputs: &[Vec<String>]) -> Result<Vec<Reply>, EnrichError> {
    match asker.model.enricher.protocol() {
        Some(Protocol::Builtin(function)) => {
            let text = |inputs: &Vec<String>| inputs.first().cloned().unwrap_or_default();
            let outputs = &asker.model.enricher.outputs;
            Ok(inputs.iter().map(|inputs| builtin::answer(function, &text(inputs), outputs)).collect())
        }
        _ => asker.ask(inputs).await,
    }
}

/// Compares the version that came with the answers with the previous one.
fn check_version(
    slice_plan: &SlicePlan,
    tally: &SharedCounts,
    model: &PlannedEnricher,
    replies: &[Reply],
) -> Result<(), EnrichError> {
    let told = replies.iter().filter_map(|reply| reply.as_ref().ok()?.version.as_deref());
    for told in told {
        let mut change = None;
        tally.count(|counts| {
            let before = model.version.clone().or_else(|| counts.versions.get(model.name()).cloned());
            match before {
                Some(before) if before != told => {
                    let (before, told) = (version(&before), version(told));
                    change = Some(format!("from version {before:?} to {told:?}"));
                    let model = model.model();
                    counts.model_changed = change.as_ref().map(|change| format!("{model} {change}"));
                }
                _ => drop(counts.versions.insert(model.name().to_owned(), told.to_owned())),
            }
        });
        if let (Some(change), OnModelChange::Stop) = (change, slice_plan.on_model_change) {
            return Err(EnrichError::ModelChanged { model: model.model().to_owned(), change });
        }
    }
    Ok(())
}
