//! A worker of an `EnrichmentRun`: sends the documents of one slice through models and stores the enriched copies.
//!
//! In the order in which a document travels:
//! - [`recipe`]: the order, read and checked once;
//! - `select` and `hits`: the documents of the slice, a page at a time, from a view that does not change;
//! - [`standing`]: what the stored copy of a document tells about what has still to be done;
//! - [`input`]: what a model is given, and the digest by which an unchanged input is recognised;
//! - [`inference`]: the Open Inference Protocol, written and read; `client` sends it;
//! - [`attach`]: the results and where they come from, put into the document;
//! - `store`: the copies into the target index; `progress`: how far the slice is, beside them;
//! - `page` and `work`: take one page of documents along all of this.
//!
//! A slice that is started again goes over its range again. What is done is known by the copies themselves: nothing is
//! asked twice of a model, and the counts are those of the whole run. A model that is down is waited for and never
//! makes a document a failure; a failure is never stored, so that the next run tries it again.

pub mod attach;
mod client;
mod counts;
mod error;
mod hits;
pub mod inference;
pub mod input;
mod page;
mod progress;
pub mod recipe;
mod select;
pub mod standing;
mod store;
mod target;
mod work;

use std::time::{Duration, Instant};

use docmill_crds::contract::{EnrichOrder, Report};
use tokio_util::sync::CancellationToken;

pub use error::EnrichError;

use crate::elastic::Elastic;
use crate::retry::Patience;
use client::ModelClient;
use counts::Counts;
use page::Stage;
use progress::Progress;
use recipe::Recipe;
use select::Selection;
use store::Store;

/// For how long a cluster or a model may be away before the worker gives up and leaves it to the Job to try again.
const PATIENCE: Patience = Patience::lasting(Duration::from_mins(3));

/// How often a slice is gone over from its start because the cluster lost the view of it (a node restarted).
const VIEWS: u32 = 3;

/// Works one slice of a run to its end. `from` and `to` are the clusters of the order.
pub async fn run(
    order: &EnrichOrder,
    slice: i32,
    from: &Elastic,
    to: &Elastic,
    stop: &CancellationToken,
) -> Result<Report, EnrichError> {
    let started = Instant::now();
    let recipe = Recipe::read(order, slice)?;
    let store = Store::prepare(&recipe, from, to, stop).await?;
    let progress = Progress::resume(&recipe, to, stop).await?;
    let models = ModelClient::new(PATIENCE)?;
    let stage = Stage { recipe: &recipe, models: &models, store: &store, stop };
    let counts = go_over(&stage, from, progress).await?;
    Ok(Report {
        done: counts.done,
        failed: counts.failed,
        skipped: counts.passed_over,
        busy_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        ended: "the slice is done".to_owned(),
        error: counts.first_failure,
    })
}

async fn go_over(stage: &Stage<'_>, from: &Elastic, mut progress: Progress) -> Result<Counts, EnrichError> {
    let mut views = 0;
    loop {
        views += 1;
        let mut selection = Selection::open(stage.recipe, from, stage.stop).await?;
        let result = go_through(stage, &mut selection, &mut progress).await;
        selection.close().await;
        match result {
            Err(error) if error.lost_view() && views < VIEWS => {
                tracing::warn!(%error, "the view of the documents is lost; starting over");
                progress.start_over();
            }
            Err(error) => return Err(error),
            Ok(()) => return progress.finish(stage.stop).await,
        }
    }
}

async fn go_through(
    stage: &Stage<'_>,
    selection: &mut Selection,
    progress: &mut Progress,
) -> Result<(), EnrichError> {
    while let Some(articles) = selection.next_page(stage.stop).await? {
        stage.take(articles, &mut progress.counts).await?;
        progress.write(stage.stop).await?;
    }
    Ok(())
}
