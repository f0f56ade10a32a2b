//! What every step of a run needs.

use std::sync::Arc;

use docmill_clients::aws;
use docmill_clients::secrets::mounted;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::{RunOrder, secret_mount};
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
    processor: OnceCell<Arc<Processor>>,
}

impl RunContext {
    /// Connects to the stores with the credentials that are mounted into the pod.
    pub async fn connect(order: RunOrder, runner: String, stop: ShutdownTokens) -> Result<Self, RunError> {
        let spec = &order.ingest.spec;
        let s3 = aws::s3_client(&spec.storage, &mounted(secret_mount::STORAGE)?).await?;
        let clusters = Clusters::connect(spec)?;
        Ok(Self { order, s3, clusters, runner, stop, processor: OnceCell::new() })
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
