//! The report of a run, built from the results of all of its files.

use docmill_crds::records::runs::Tally;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::mode;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::manifest::{FileResult, PLAN_NAME, RunPlan, done_name};

/// Name of the report.
const REPORT_NAME: &str = "report.json";
/// Results that are read concurrently.
const FILES_AT_A_TIME: usize = 16;

/// Writes the report, and records the bound if keys only grow. Every part has to be finished. Idempotent: a
/// repetition gives the same report.
pub(crate) async fn write(context: &RunContext, files: i64) -> Result<(), RunError> {
    let Some(plan) = context.read_json::<RunPlan>(PLAN_NAME).await? else {
        return Err(RunError::Missing(context.file_key(PLAN_NAME)));
    };
    let mut tally = Tally::default();
    let mut details = mode::merged(context.order.spec.mode, std::iter::empty());
    let mut results = stream::iter(0..files).map(|file| result(context, file)).buffered(FILES_AT_A_TIME);
    while let Some(result) = results.next().await {
        let FileResult { tally: more, report } = result?;
        tally += more;
        // Two at a time, so that the reports of all files are never held together.
        details = mode::merged(context.order.spec.mode, [details, report].into_iter());
    }
    context.write_json(REPORT_NAME, &report(context, &plan, &tally, &details)?).await?;
    match &plan.bound {
        Some(key) => context.record_key_bound(key).await,
        None => Ok(()),
    }
}

async fn result(context: &RunContext, file: i64) -> Result<FileResult, RunError> {
    let name = done_name(file);
    let result = context.read_json(&name).await?;
    result.ok_or_else(|| RunError::Missing(context.file_key(&name)))
}

fn report(context: &RunContext, plan: &RunPlan, tally: &Tally, details: &Value) -> Result<Value, RunError> {
    let order = &context.order;
    Ok(json!({
        "run": order.run,
        "runUid": order.run_uid,
        "source": context.source_name(),
        "mode": order.spec.mode,
        "revision": context.source().conversion.revision()?,
        "plan": plan,
        "counts": tally,
        "details": details,
    }))
}
