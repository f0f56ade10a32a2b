//! One batch at one model.

use docmill_crds::enricher::Protocol;
use docmill_crds::enrichment_run::OnModelChange;

use super::EnrichError;
use super::ask::Asker;
use super::batch::Batch;
use super::builtin;
use super::flow::Halt;
use super::input::Given;
use super::protocol::Reply;
use super::recipe::{Model, Recipe};
use super::tally::Tally;
use super::work::{Question, Work};
use crate::clock;

/// Has the questions of a batch answered. After an error nothing of the batch goes on: its documents are taken up again by
/// whoever works the slice next.
pub(super) async fn take(
    recipe: &Recipe,
    tally: &Tally,
    asker: &Asker<'_>,
    batch: Batch,
    halt: &Halt<'_>,
) -> Vec<Work> {
    match answer(recipe, tally, asker, batch).await {
        Ok(works) => works,
        Err(error) => {
            halt.by(error);
            Vec::new()
        }
    }
}

async fn answer(
    recipe: &Recipe,
    tally: &Tally,
    asker: &Asker<'_>,
    batch: Batch,
) -> Result<Vec<Work>, EnrichError> {
    let inputs: Vec<Vec<String>> =
        batch.works.iter().filter_map(|(_, question)| question.as_ref()).map(texts).collect();
    let replies = if inputs.is_empty() { Vec::new() } else { replies(asker, &inputs).await? };
    check_version(recipe, tally, asker.model, &replies)?;
    let now = clock::rfc3339(clock::now_millis());
    let mut replies = replies.into_iter();
    let answered = batch.works.into_iter().map(|(mut work, question)| {
        if let Some(question) = question {
            let reply = replies.next().unwrap_or_else(|| Err("no answer".to_owned()));
            work.answer(asker.model, &question, reply, &recipe.run, &now);
        }
        work
    });
    Ok(answered.collect())
}

fn texts(question: &Question) -> Vec<String> {
    let text = |given: &Given| match given {
        Given::Text(text) => text.clone(),
        Given::Object(_) => String::new(),
    };
    question.given.iter().map(text).collect()
}

async fn replies(asker: &Asker<'_>, inputs: &[Vec<String>]) -> Result<Vec<Reply>, EnrichError> {
    match asker.model.enricher.protocol() {
        Some(Protocol::Builtin(function)) => {
            let text = |inputs: &Vec<String>| inputs.first().cloned().unwrap_or_default();
            let outputs = &asker.model.enricher.outputs;
            Ok(inputs.iter().map(|inputs| builtin::answer(function, &text(inputs), outputs)).collect())
        }
        _ => asker.ask(inputs).await,
    }
}

/// Compares the version that came with the answers with the one before.
fn check_version(
    recipe: &Recipe,
    tally: &Tally,
    model: &Model,
    replies: &[Reply],
) -> Result<(), EnrichError> {
    let told = replies.iter().filter_map(|reply| reply.as_ref().ok()?.version.as_deref());
    for told in told {
        let mut change = None;
        tally.count(|counts| {
            let before = model.version.clone().or_else(|| counts.versions.get(model.name()).cloned());
            match before {
                Some(before) if before != told => {
                    change = Some(format!("from version {before:?} to {told:?}"));
                    let model = model.model();
                    counts.model_changed = change.as_ref().map(|change| format!("{model} {change}"));
                }
                _ => drop(counts.versions.insert(model.name().to_owned(), told.to_owned())),
            }
        });
        if let (Some(change), OnModelChange::Stop) = (change, recipe.on_model_change) {
            return Err(EnrichError::ModelChanged { model: model.model().to_owned(), change });
        }
    }
    Ok(())
}
