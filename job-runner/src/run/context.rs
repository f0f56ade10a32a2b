//! What every step of a run needs.

use std::sync::Arc;

use docmill_clients::aws;
use docmill_clients::rate::Rate;
use docmill_clients::secrets::mounted;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::{RunOrder, RunStep, secret_mount};
use docmill_crds::records::runs::{run_folder, runs_index};
use tokio::sync::OnceCell;

use super::error::RunError;
use crate::ingest::clusters::Clusters;
use crate::ingest::processor::{Processor, ShutdownTokens};

/// What every step of a run needs, shared by all of its files.
#[derive(Debug)]
pub struct RunContext {
    /// The order.
    pub order: RunOrder,
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// The clusters of ledger and articles.
    pub clusters: Clusters,
    /// Name of the pod.
    pub runner: String,
    /// When the worker has to end.
    pub stop: ShutdownTokens,
    /// How often a unit may begin, if the run has a limit.
    rate: Option<Rate>,
    processor: OnceCell<Arc<Processor>>,
}

impl RunContext {
    /// Connects to the stores with the credentials that are mounted into the pod.
    pub async fn connect(order: RunOrder, runner: String, stop: ShutdownTokens) -> Result<Self, RunError> {
        let spec = &order.ingest.spec;
        let s3 = aws::s3_client(&spec.storage, &mounted(secret_mount::STORAGE)?).await?;
        let clusters = Clusters::connect(spec)?;
        let rate = rate(&order);
        Ok(Self { order, s3, clusters, runner, stop, rate, processor: OnceCell::new() })
    }

    /// Waits until the next unit may begin. False if the worker is asked to end first.
    pub(crate) async fn next_unit(&self) -> bool {
        let turn = async {
            if let Some(rate) = &self.rate {
                rate.turn().await;
            }
        };
        tokio::select! {
            biased;
            () = self.stop.closing.cancelled() => false,
            () = turn => true,
        }
    }

    /// The path of a unit, created on first use: not every step of a run ingests.
    pub async fn processor(&self) -> Result<&Arc<Processor>, RunError> {
        let make = async || {
            let run = Some(self.order.run_uid.clone());
            let processor =
                Processor::new(&self.order.ingest, self.runner.clone(), run, self.stop.clone()).await?;
            processor.ensure_indices().await?;
            Ok(processor)
        };
        self.processor.get_or_try_init(make).await
    }

    /// The source as it was when the run began.
    pub fn source(&self) -> &IngestSourceSpec {
        &self.order.ingest.spec
    }

    /// `<namespace>/<name>` of the source.
    pub fn source_name(&self) -> String {
        format!("{}/{}", self.order.ingest.namespace, self.order.ingest.source)
    }

    /// Index with the records of runs.
    pub fn runs_index(&self) -> String {
        runs_index(&self.order.ingest.namespace, &self.order.ingest.source)
    }

    /// Key, in the snapshot bucket, of a file of this run.
    pub fn file_key(&self, name: &str) -> String {
        format!("{}{name}", run_folder(&self.source().snapshots.prefix, &self.order.run_uid))
    }
}

/// This pod's share of the limit of a run.
fn rate(order: &RunOrder) -> Option<Rate> {
    let per_second = order.spec.max_units_per_second.and_then(|rate| u32::try_from(rate).ok())?;
    let pods = match order.step {
        RunStep::Plan => 1,
        RunStep::Work { parts, .. } => order.spec.parallelism.min(parts),
    };
    Some(Rate::share(per_second, u32::try_from(pods).unwrap_or(1).max(1)))
}
