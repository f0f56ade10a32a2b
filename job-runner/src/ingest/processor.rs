//! The whole path of a unit, whoever reports it: look up, fetch, convert, snapshot, index, refuse, record.
//!
//! Many units are processed concurrently. Each is prepared separately; prepared units are gathered and
//! committed in batches. A bounded channel between the two applies backpressure: a slow index holds up those
//! who submit units, and memory does not grow.

mod batches;
pub mod keyed_lock;
pub mod poison;
mod unnamed;

use std::sync::Arc;
use std::time::Duration;

use docmill_clients::aws::StoreFault;
use docmill_clients::aws::objects::Objects;
use docmill_clients::retry::{self, RetryPolicy};
use docmill_clients::secrets::mounted;
use docmill_convert::Addressing;
use docmill_crds::api::ingest_source::{Index, IngestSourceSpec};
use docmill_crds::api::storage::Packing;
use docmill_crds::contract::{IngestOrder, secret_mount};
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::heads::heads_index;
use docmill_crds::records::own_index::{OwnIndex, Owner};
use docmill_crds::records::units::{UnitId, UnitState, units_index};
use futures::FutureExt as _;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::bucket::locations;
use super::clusters::Clusters;
use super::commit::commit_request::{CommitRequest, has_to_claim_again};
use super::commit::committer::Committer;
use super::commit::from_snapshot;
use super::counts::UnitCounts;
use super::error::IngestError;
use super::index::articles::Articles;
use super::index::heads::Heads;
use super::index::index_creation_limit::IndexCreationLimit;
use super::index::indexer::Indexer;
use super::ledger::lookup::{Known, Lookup};
use super::ledger::member_evidence::MemberEvidence;
use super::ledger::record::Recorder;
use super::prepare::document_extractor::DocumentExtractor;
use super::prepare::preparation::Preparation;
use super::retry::retry_step;
use super::snapshot::packed::packer::{PackReservation, PackStore, Packer};
use super::source::access_tracker::Access;
use super::source::current;
use super::source::object::MemoryBudget;
use super::unfinished::Unfinished;
use super::unit::known::KnownRecord;
use super::unit::object_ref::ObjectRef;
use super::unit::prepared::{ConvertedDocuments, Prepared, refused_unread, skipped};
use super::unit::refusal::{RefusedPart, Stage};
use super::unit::task::{Reprocess, UnitOutcome, UnitTask};
use crate::telemetry;
use crate::telemetry::traces::UNIT_SPAN;
use keyed_lock::KeyedLock;
use poison::{PoisonGuard, PoisonUnits, PoisonVerdict, SUSPECTED_FROM};

/// Memory for raw objects, in KiB. Their JSON takes about as much again, and twice that while it is being
/// sent.
const ROOM_KIBIBYTES: u32 = 16 * 1024;
/// How long a worker waits for Elasticsearch before it holds anything; after that it reports why it could not
/// start.
const PATIENCE_AT_START: RetryPolicy = RetryPolicy::lasting(Duration::from_mins(2));

/// When a worker ends.
#[derive(Clone, Debug)]
pub struct ShutdownTokens {
    /// Take nothing more; finish what is in flight.
    pub closing: CancellationToken,
    /// Let go of what is in flight; it comes back.
    pub abort: CancellationToken,
}

/// Everything that units of one source need on their way.
#[derive(Debug)]
pub struct Processor {
    /// The source, as it was when the worker was created.
    pub spec: IngestSourceSpec,
    /// The last steps, and the clients of the stores.
    pub committer: Arc<Committer>,
    /// The first steps.
    pub preparation: Arc<Preparation>,
    lookup: Lookup,
    unit_locks: KeyedLock,
    poison_units: PoisonUnits,
    owner: Owner,
    own_indices: [OwnIndex; 2],
    batches: mpsc::Sender<CommitRequest>,
    stop: ShutdownTokens,
}

impl Processor {
    /// Creates the clients and starts the background tasks. `run` is the UID of the `IngestRun` that this
    /// works for, if any.
    pub async fn new(
        order: &IngestOrder,
        runner: String,
        run: Option<String>,
        stop: ShutdownTokens,
    ) -> Result<Arc<Self>, IngestError> {
        let spec = order.spec.clone();
        let objects = Objects::connect(&spec.storage, &mounted(secret_mount::STORAGE)?).await?;
        let s3 = objects.sdk().clone();
        let clusters = Clusters::connect(&spec)?;
        let model = spec.conversion.resolve()?;
        let source = format!("{}/{}", order.namespace, order.source);
        let success_state = UnitState::of_success(&spec);
        let recorder =
            Recorder { source: source.clone(), revision: model.revision(), runner, success_state, run };
        let preparation = Arc::new(Preparation {
            s3: s3.clone(),
            objects,
            snapshots: locations::of_source(&spec.snapshots.location(), &source),
            packer: packer(&spec, &s3, &recorder, &stop),
            extractor: DocumentExtractor::new(&model)?,
            max_object_bytes: model.limits.max_object_bytes,
            addressing: Addressing::of_index(spec.index.as_ref())?,
            recorder: recorder.clone(),
            raw_prefix: spec.raw.prefix.clone(),
            raw_access: Access::default(),
            snapshot_access: Access::default(),
            memory_budget: MemoryBudget::new(ROOM_KIBIBYTES),
            large_objects: Arc::new(Semaphore::new(1)),
        });
        let ledger_index = units_index(&order.namespace, &order.source);
        let index = heads_index(&order.namespace, &order.source);
        let elastic = clusters.ledger.clone();
        let heads = Heads { elastic: elastic.clone(), index: index.clone(), s3: s3.clone() };
        let articles = clusters.index.clone().zip(preparation.addressing.pattern()).zip(spec.index.clone());
        let articles_of = |((elastic, pattern), index)| Articles::new(elastic, pattern, model, index);
        let articles = articles.map(articles_of).map(Arc::new);
        let index_creation_limit = spec.index.as_ref().zip(articles.as_ref()).map(|(index, articles)| {
            IndexCreationLimit::new(articles, heads.clone(), index.max_new_indices_per_hour)
        });
        let committer = Arc::new(Committer {
            index_creation_limit,
            indexer: Indexer { articles, heads, on_delete: spec.raw.on_delete },
            s3,
            snapshots: preparation.snapshots.clone(),
            addressing: preparation.addressing.clone(),
            errors: locations::of_source(&spec.errors, &recorder.source),
            archives: preparation.extractor.archives().map(MemberEvidence::new),
            blocked_patience: spec.index.as_ref().map_or(Duration::ZERO, Index::blocked_patience),
            on_delete: spec.raw.on_delete,
            ledger_index: ledger_index.clone(),
            recorder,
            counts: UnitCounts::default(),
            clusters,
        });
        let batches = batches::start(Arc::clone(&committer), stop.abort.clone());
        let lookup = Lookup::start(elastic.clone(), ledger_index, index.clone(), stop.abort.clone());
        let poison_units = PoisonUnits::new(elastic, index);
        Ok(Arc::new(Self {
            spec,
            committer,
            preparation,
            lookup,
            unit_locks: KeyedLock::default(),
            poison_units,
            owner: order.owner(),
            own_indices: order.unit_indices(),
            batches,
            stop,
        }))
    }

    /// Ensures that the ledger, the heads and the template of the articles exist before the first document,
    /// and that the first two belong to this source.
    pub async fn ensure_indices(&self) -> Result<(), IngestError> {
        let Committer { clusters, indexer, .. } = &*self.committer;
        let ensure = async || {
            for index in &self.own_indices {
                clusters.ledger.claim(index, &self.owner, self.spec.adopts()).await?;
            }
            match &indexer.articles {
                Some(articles) => Ok(articles.ensure_template_at_start().await?),
                None => Ok(()),
            }
        };
        retry::retry_transient(PATIENCE_AT_START, &self.stop.closing, ensure).await
    }

    /// Processes a unit to completion. May be called for many units concurrently; how many of them are in
    /// memory is bounded internally.
    pub async fn process(self: &Arc<Self>, mut task: UnitTask) -> UnitOutcome {
        if unnamed::is_suspect(&task) {
            let named = Box::pin(unnamed::named(&self.committer.s3, task, &self.stop.abort)).await;
            let Ok(named) = named else { return UnitOutcome::Unfinished };
            task = named;
        }
        let unit = digest(&task.landed);
        let span = self.span(&task.landed, unit.as_deref());
        let _unit_lock = match &unit {
            Some(unit) => Some(self.unit_locks.take(unit.clone()).await),
            None => None,
        };
        let in_flight_guard = telemetry::worker().start_unit();
        // What few units go through is on the heap: each of the hundreds in flight would be as large as that.
        let (id, redelivered_for) = (unit.clone(), task.redelivered_for);
        let attempt = self.attempt(task, unit).boxed().instrument(span.clone());
        let outcome = attempt.await.unwrap_or(UnitOutcome::Unfinished);
        drop(in_flight_guard);
        telemetry::worker().unit_ended(&outcome);
        if let Some(id) = id.as_deref() {
            telemetry::worker().unit_held(id, &outcome, redelivered_for);
        }
        if let UnitOutcome::Final { state, reason, .. } = &outcome {
            span.record("state", tracing::field::debug(state));
            span.record("reason", reason.as_deref());
        }
        outcome
    }

    /// The span that carries a unit's fields in logs and traces.
    fn span(&self, landed: &ObjectRef, unit: Option<&str>) -> Span {
        let recorder = &self.committer.recorder;
        tracing::info_span!(
            UNIT_SPAN,
            source = recorder.source,
            bucket = landed.bucket,
            key = landed.key,
            version = landed.version(),
            unit,
            run = recorder.run,
            state = tracing::field::Empty,
            reason = tracing::field::Empty,
        )
    }

    /// `unit` is the digest of the unit, if the task names a version.
    async fn attempt(
        self: &Arc<Self>,
        task: UnitTask,
        unit: Option<String>,
    ) -> Result<UnitOutcome, Unfinished> {
        let reservation = self.preparation.expect();
        let landed = &task.landed;
        let Known { record: known, is_forgotten } = match &unit {
            Some(unit) => self.lookup.unit(unit.clone(), &landed.bucket, &landed.key).await?,
            None => Known::default(),
        };
        if is_forgotten {
            return Box::pin(self.leave_forgotten(task, known)).await;
        }
        if let Some(known) = known.as_ref().filter(|known| self.leaves(task.reprocess, known)) {
            return Ok(UnitOutcome::Known(known.record.state));
        }
        // A unit that was released because of an index came back for that reason, and not because a worker
        // died.
        if task.attempts >= SUSPECTED_FROM
            && let Some(unit) = unit.filter(|unit| !telemetry::worker().is_held(unit))
        {
            return Box::pin(self.attempt_suspect(task, &unit, known, reservation)).await;
        }
        let prepared = self.prepare(&task, known.as_ref(), reservation).await?;
        self.store(task, prepared, known).await
    }

    /// Leaves a unit of a forgotten key unread, and records that it was left.
    async fn leave_forgotten(
        &self,
        task: UnitTask,
        known: Option<KnownRecord>,
    ) -> Result<UnitOutcome, Unfinished> {
        let reason = SkipReason::Forgotten;
        if known.is_some() {
            // What it still has of its content is erased by the run that forgets it.
            let reason = Some(reason.as_str().to_owned());
            return Ok(UnitOutcome::Final { state: UnitState::Skipped, reason, changed: false });
        }
        let prepared = skipped(&task.landed, reason);
        self.store(task, prepared, known).await
    }

    /// Whether a unit with this record is left as it is.
    fn leaves(&self, reprocess: Reprocess, known: &KnownRecord) -> bool {
        let Recorder { revision, success_state, .. } = &self.committer.recorder;
        let leaves = match reprocess {
            Reprocess::No => true,
            Reprocess::Refused => known.record.state != UnitState::Failed,
            Reprocess::Yes | Reprocess::Rewrite => false,
        };
        leaves && known.is_done(revision, *success_state)
    }

    /// Processes a repeatedly redelivered unit alone, so that one which kills its worker is identified.
    async fn attempt_suspect(
        self: &Arc<Self>,
        task: UnitTask,
        unit: &str,
        known: Option<KnownRecord>,
        reservation: Option<PackReservation>,
    ) -> Result<UnitOutcome, Unfinished> {
        let _permit = self.poison_units.waiting_permit().ok_or(Unfinished)?;
        let stop = &self.stop.abort;
        let mut suspect = match retry_step("mark", stop, || self.poison_units.begin(unit)).await? {
            PoisonVerdict::Try(suspect) => *suspect,
            PoisonVerdict::Poison(deaths) => {
                let prepared = self.poison(&task.landed, deaths).await?;
                return self.store(task, prepared, known).await;
            }
        };
        let outcome = self.try_suspect(task, known, reservation, &mut suspect).await;
        if let Err(error) = suspect.survived().await {
            tracing::warn!(%error, "failed to remove a mark; the next worker that finds it will assume that this one died");
        }
        outcome
    }

    async fn try_suspect(
        self: &Arc<Self>,
        task: UnitTask,
        known: Option<KnownRecord>,
        reservation: Option<PackReservation>,
        suspect: &mut PoisonGuard,
    ) -> Result<UnitOutcome, Unfinished> {
        let prepared = self.prepare(&task, known.as_ref(), reservation).await?;
        suspect.mark_read().await.map_err(Unfinished::because)?;
        self.store(task, prepared, known).await
    }

    async fn prepare(
        self: &Arc<Self>,
        task: &UnitTask,
        known: Option<&KnownRecord>,
        reservation: Option<PackReservation>,
    ) -> Result<Prepared, Unfinished> {
        // On the heap, and gone before the unit waits for its batch.
        Box::pin(self.preparation.prepare(task, known, reservation, &self.stop.abort)).await
    }

    /// Refuses a unit unread because workers die of it.
    async fn poison(&self, landed: &ObjectRef, deaths: u32) -> Result<Prepared, Unfinished> {
        let look = || async {
            match current::present(&self.committer.s3, &landed.bucket, &landed.key).await {
                // An object whose metadata cannot be read either is refused all the same.
                Err(error)
                    if matches!(error.fault(), Some(StoreFault::AccessDenied | StoreFault::Refused)) =>
                {
                    Ok(true)
                }
                result => result.map(|found| found.is_some()),
            }
        };
        if !retry_step("look at an object", &self.stop.abort, look).await? {
            return Ok(skipped(landed, SkipReason::ObjectGone));
        }
        let unit = self.preparation.unit_of_unread(landed).await;
        let message =
            format!("{deaths} workers died while they worked on this object alone; it is not read any more");
        let refused = RefusedPart::of_object(Stage::Fetch, Reason::Poison, message);
        Ok(Prepared::Converted(refused_unread(unit, refused)))
    }

    /// Hands a prepared unit to the committer, and waits for its outcome.
    async fn store(
        &self,
        task: UnitTask,
        mut prepared: Prepared,
        known: Option<KnownRecord>,
    ) -> Result<UnitOutcome, Unfinished> {
        let (mut indexing, mut held) = (None, None);
        if let Prepared::Converted(converted) = &mut prepared
            && let (ConvertedDocuments::InSnapshot, Some(key)) =
                (&converted.content, converted.snapshot.clone())
        {
            let stop = &self.stop.abort;
            let renew = has_to_claim_again(task.reprocess, known.as_ref(), usize::MAX);
            let index = from_snapshot::index(
                &self.committer,
                &self.preparation,
                converted,
                &key,
                (&task, renew),
                stop,
            );
            let (unit_indexing, held_by) = Box::pin(index).await?;
            (indexing, held) = (Some(unit_indexing), held_by);
        }
        let (reply_to, outcome) = oneshot::channel();
        let UnitTask { attempts, redelivered_for, reprocess, .. } = task;
        let request =
            CommitRequest { prepared, indexing, known, attempts, redelivered_for, held, reprocess, reply_to };
        self.batches.send(request).await?;
        Ok(outcome.await?)
    }
}

/// The digest of the unit that a notification or a listing names; `None` if it names no version.
fn digest(landed: &ObjectRef) -> Option<String> {
    let version = landed.version()?;
    Some(UnitId { bucket: landed.bucket.clone(), key: landed.key.clone(), version }.digest())
}

fn packer(
    spec: &IngestSourceSpec,
    s3: &aws_sdk_s3::Client,
    recorder: &Recorder,
    stop: &ShutdownTokens,
) -> Option<Packer> {
    let Recorder { source, revision, .. } = recorder.clone();
    let pack_store = PackStore { s3: s3.clone(), location: spec.snapshots.location(), source, revision };
    (spec.snapshots.packing == Packing::Packed).then(|| Packer::start(pack_store, stop.abort.clone()))
}
