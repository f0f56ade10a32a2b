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

/// Gets the queries of a batch answered. After an error nothing of the batch moves on: whoever works on the
/// slice next takes its documents up again.
pub(crate) async fn take(
    flow: &Flow<'_>,
    model_client: &ModelClient<'_>,
    batch: Batch,
    first_error: &FirstError<'_>,
) -> Vec<ArticleWork> {
    match answer(flow, model_client, batch, first_error).await {
        Ok(works) => works,
        Err(error) => {
            first_error.record(error);
            Vec::new()
        }
    }
}

async fn answer(
    flow: &Flow<'_>,
    model_client: &ModelClient<'_>,
    batch: Batch,
    first_error: &FirstError<'_>,
) -> Result<Vec<ArticleWork>, EnrichError> {
    let mut finished = Vec::with_capacity(batch.works.len());
    let (mut to_ask, mut inputs) = (Vec::new(), Vec::new());
    for (mut work, query) in batch.works {
        let Some(query) = query else {
            finished.push(work);
            continue;
        };
        match texts(flow, &query, &work, first_error).await? {
            Ok(texts) => {
                inputs.push(texts);
                to_ask.push((work, query));
            }
            Err(reason) => {
                work.fail(model_client.model, FailureReason::InvalidInput, &reason);
                finished.push(work);
            }
        }
    }
    if inputs.is_empty() {
        return Ok(finished);
    }
    if flow.slice_plan.step == EnrichStep::DryRun {
        count_call(flow, model_client.model, &inputs);
        finished.extend(to_ask.into_iter().map(|(mut work, _)| {
            work.record_call();
            work
        }));
        return Ok(finished);
    }
    let replies = replies(model_client, &inputs).await?;
    check_version(flow.slice_plan, flow.counts, model_client.model, &replies)?;
    let now = clock::rfc3339(clock::now_millis());
    for ((mut work, query), reply) in to_ask.into_iter().zip(replies) {
        work.answer(model_client.model, &query, reply, &flow.slice_plan.run, &now);
        finished.push(work);
    }
    Ok(finished)
}

/// Counts what a request would need.
fn count_call(flow: &Flow<'_>, model: &PlannedEnricher, inputs: &[Vec<String>]) {
    if model.enricher.builtin.is_some() {
        return;
    }
    flow.counts.count(|counts| {
        counts.calls += 1;
        counts.input_characters +=
            inputs.iter().flatten().map(|text| text.chars().count() as u64).sum::<u64>();
    });
}

/// The inputs as they are sent; the inner error is a fault of the document. Objects are fetched only now.
async fn texts(
    flow: &Flow<'_>,
    query: &ModelQuery,
    work: &ArticleWork,
    first_error: &FirstError<'_>,
) -> Result<Result<Vec<String>, String>, EnrichError> {
    let mut texts = Vec::with_capacity(query.inputs.len());
    for input in &query.inputs {
        let text = match (input, flow.objects) {
            (ModelInput::Text(text), _) => Ok(text.clone()),
            (ModelInput::Object(object), Some(objects)) => {
                objects.input(object, &work.article.source, &first_error.token).await?
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

async fn replies(model_client: &ModelClient<'_>, inputs: &[Vec<String>]) -> Result<Vec<Reply>, EnrichError> {
    match model_client.model.enricher.protocol() {
        Some(Protocol::Builtin(function)) => {
            let text = |inputs: &Vec<String>| inputs.first().cloned().unwrap_or_default();
            let outputs = &model_client.model.enricher.outputs;
            Ok(inputs.iter().map(|inputs| builtin::answer(function, &text(inputs), outputs)).collect())
        }
        _ => model_client.ask(inputs).await,
    }
}

/// Compares the version that came with the answers with the previous one.
fn check_version(
    slice_plan: &SlicePlan,
    shared_counts: &SharedCounts,
    model: &PlannedEnricher,
    replies: &[Reply],
) -> Result<(), EnrichError> {
    let reported_versions = replies.iter().filter_map(|reply| reply.as_ref().ok()?.version.as_deref());
    for reported in reported_versions {
        let mut change = None;
        shared_counts.count(|counts| {
            let previous = model.version.clone().or_else(|| counts.versions.get(model.name()).cloned());
            match previous {
                Some(previous) if previous != reported => {
                    let (previous, reported) = (version(&previous), version(reported));
                    change = Some(format!("from version {previous:?} to {reported:?}"));
                    let model = model.model();
                    counts.model_changed = change.as_ref().map(|change| format!("{model} {change}"));
                }
                _ => drop(counts.versions.insert(model.name().to_owned(), reported.to_owned())),
            }
        });
        if let (Some(change), OnModelChange::Stop) = (change, slice_plan.on_model_change) {
            return Err(EnrichError::ModelChanged { model: model.model().to_owned(), change });
        }
    }
    Ok(())
}
