//! The stores of a source as an erasure needs them: clients, locations, and whether buckets keep versions.

use docmill_clients::elastic::Elastic;
use docmill_clients::retry;
use docmill_clients::secrets::mounted;
use docmill_convert::Addressing;
use docmill_crds::api::storage::BucketLocation;
use docmill_crds::contract::secret_mount;
use docmill_crds::records::heads::heads_index;
use docmill_crds::records::units::{UnitState, units_index};

use crate::ingest::bucket::locations;
use crate::ingest::error::IngestError;
use crate::ingest::index::heads::Heads;
use crate::ingest::ledger::record::Recorder;
use crate::ingest::source::listing;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// The stores of a source.
pub(super) struct Stores<'a> {
    /// The run.
    pub context: &'a RunContext,
    /// The source's own location for snapshots.
    pub snapshots: Bucket,
    /// The source's own location for refusals.
    pub errors: Bucket,
    /// The bucket of raw objects; its prefix is that of the source.
    pub raw: Bucket,
    /// Name of the ledger's index.
    pub ledger_index: String,
    /// The heads.
    pub heads: Heads,
    /// How documents are addressed.
    pub addressing: Addressing,
    /// The indices with documents; `None` if there are none.
    pub articles: Option<DocumentIndices>,
    /// The indices with enriched copies.
    pub enriched: Vec<EnrichedIndices<'a>>,
    /// Makes records.
    pub recorder: Recorder,
}

/// A location in a bucket.
pub(super) struct Bucket {
    /// Bucket and prefix.
    pub location: BucketLocation,
    /// Whether the bucket keeps versions.
    pub is_versioned: bool,
}

/// Indices of a cluster.
pub(super) struct DocumentIndices {
    /// The cluster.
    pub elastic: Elastic,
    /// Pattern of their names.
    pub pattern: String,
}

/// Indices with enriched copies.
pub(super) struct EnrichedIndices<'a> {
    /// Where they are.
    pub indices: DocumentIndices,
    /// The target keys by which documents are named that could not be enriched.
    pub target_keys: &'a [String],
}

impl<'a> Stores<'a> {
    /// Finds out what has to be known of the stores. Of documents, nothing is read yet.
    pub(super) async fn open(context: &'a RunContext) -> Result<Self, RunError> {
        let (order, spec, source) = (&context.order, context.source(), context.source_name());
        let addressing = Addressing::of_index(spec.index.as_ref()).map_err(IngestError::from)?;
        let articles = context.clusters.index.clone().zip(addressing.pattern());
        let raw = BucketLocation { bucket: spec.raw.bucket.clone(), prefix: spec.raw.prefix.clone() };
        let (namespace, name) = (&order.ingest.namespace, &order.ingest.source);
        Ok(Self {
            context,
            snapshots: bucket(context, locations::of_source(&spec.snapshots.location(), &source)).await?,
            errors: bucket(context, locations::of_source(&spec.errors, &source)).await?,
            raw: bucket(context, raw).await?,
            ledger_index: units_index(namespace, name),
            heads: Heads {
                elastic: context.clusters.ledger.clone(),
                index: heads_index(namespace, name),
                s3: context.s3.clone(),
            },
            addressing,
            articles: articles.map(|(elastic, pattern)| DocumentIndices { elastic, pattern }),
            enriched: enriched(context)?,
            recorder: Recorder {
                source,
                revision: spec.conversion.revision()?,
                runner: context.runner.clone(),
                success_state: UnitState::of_success(spec),
                run: Some(order.run_uid.clone()),
            },
        })
    }

    /// Whether raw objects are erased too.
    pub(super) fn erases_raw(&self) -> bool {
        self.context.order.spec.forget.as_ref().is_some_and(|forget| forget.raw)
    }

    /// All indices with documents or copies of them.
    pub(super) fn indices(&self) -> impl Iterator<Item = &DocumentIndices> {
        self.articles.iter().chain(self.enriched.iter().map(|enriched| &enriched.indices))
    }

    /// Fails if any index is closed, in which a search finds nothing whatever it holds.
    pub(super) async fn check_that_all_are_open(&self) -> Result<(), RunError> {
        for DocumentIndices { elastic, pattern } in self.indices() {
            let ask = async || elastic.closed_indices(pattern).await;
            let closed = retry::retry_transient(PATIENCE, &self.context.stop.abort, ask).await?;
            if !closed.is_empty() {
                tracing::error!(?closed, pattern, "closed indices may hold what is to be forgotten");
                return Err(RunError::Closed { pattern: pattern.clone(), count: closed.len() });
            }
        }
        Ok(())
    }

    /// Makes earlier writes visible to searches.
    pub(super) async fn refresh(&self) -> Result<(), RunError> {
        let stop = &self.context.stop.abort;
        let ledger = &self.context.clusters.ledger;
        let refresh = async || ledger.refresh(&self.ledger_index).await;
        retry::retry_transient(PATIENCE, stop, refresh).await?;
        for DocumentIndices { elastic, pattern } in self.indices() {
            retry::retry_transient(PATIENCE, stop, async || elastic.refresh(pattern).await).await?;
        }
        Ok(())
    }
}

async fn bucket(context: &RunContext, location: BucketLocation) -> Result<Bucket, RunError> {
    let ask = async || listing::is_versioned(&context.s3, &location.bucket).await;
    let is_versioned = retry::retry_transient(PATIENCE, &context.stop.closing, ask).await?;
    Ok(Bucket { location, is_versioned })
}

fn enriched(context: &RunContext) -> Result<Vec<EnrichedIndices<'_>>, RunError> {
    let mut all = Vec::new();
    for (place, target) in context.order.enriched.iter().enumerate() {
        let secrets = mounted(&secret_mount::enriched(place))?;
        let elastic = Elastic::new(&target.elasticsearch, &secrets)?;
        let indices = DocumentIndices { elastic, pattern: target.pattern.clone() };
        all.push(EnrichedIndices { indices, target_keys: &target.target_keys });
    }
    Ok(all)
}
