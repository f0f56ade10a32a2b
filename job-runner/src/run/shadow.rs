//! Mode Shadow: converts with a proposed conversion and reports what would change. Nothing is written except
//! the report.
//!
//! - `snapshot_lines`, `compare`, `report`: what differs, and how it is reported; no I/O;
//! - this module: reads the raw object, the record and the snapshot of each unit.
//!
//! The object streams through the conversion and is never held in memory. The snapshot is, up to a limit: for
//! a larger one only the digests are compared, which tell whether the unit changes but not what changes.

mod compare;
pub(super) mod report;
mod snapshot_lines;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::elastic::{Address, ElasticError};
use docmill_convert::{Addressing, Converter, Document, FirstLook};
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::runs::Tally;
use docmill_crds::records::units::{UnitId, UnitState, units_index};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::Semaphore;

use super::context::RunContext;
use super::error::RunError;
use super::manifest::{FileResult, ManifestLine};
use super::report::Report as _;
use crate::ingest::error::IngestError;
use crate::ingest::prepare::document_extractor::DocumentExtractor;
use crate::ingest::retry::retry_step;
use crate::ingest::snapshot::read;
use crate::ingest::source::object::{self, ObjectFound, OpenedObject};
use crate::ingest::source::range_reader::RangeReader;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;
use compare::{Predicted, Recorded, UnitComparison};
use report::{FailureExample, ShadowReport};
use snapshot_lines::OpenSnapshot;

/// Units that are converted concurrently.
const UNITS_AT_A_TIME: usize = 8;
/// The largest snapshot that is held in memory.
const MAX_SNAPSHOT_BYTES: usize = 8 * 1024 * 1024;
/// How many snapshots larger than usual are held at a time.
const LARGE_SNAPSHOTS: usize = 2;
/// The size from which a snapshot is larger than usual.
const LARGE_SNAPSHOT_BYTES: usize = 1024 * 1024;
/// The requested fields of a record.
const RECORD_FIELDS: [&str; 5] = ["state", "reason", "documentsDigest", "documents", "snapshot"];

/// Rehearses the units of a file.
pub async fn work_file(context: &RunContext, lines: &[ManifestLine]) -> Result<FileResult, RunError> {
    let rehearsal = Rehearsal::new(context)?;
    let results: Vec<_> =
        stream::iter(lines).map(|line| rehearsal.unit(line)).buffered(UNITS_AT_A_TIME).try_collect().await?;
    let mut tally = Tally { lines: i64::try_from(lines.len()).unwrap_or(i64::MAX), ..Tally::default() };
    let mut report = ShadowReport { revision: rehearsal.revision.clone(), ..Default::default() };
    for (predicted, unit_report) in results {
        count(&mut tally, predicted.as_ref());
        report.merge(unit_report);
    }
    Ok(FileResult { tally, report: serde_json::to_value(report).unwrap_or_default() })
}

/// Counts a unit as mode Reconvert would.
fn count(tally: &mut Tally, predicted: Option<&Predicted>) {
    match predicted {
        None => tally.skipped += 1,
        Some(Predicted { state: UnitState::Failed, .. }) => tally.failed += 1,
        Some(Predicted { changed, .. }) => {
            tally.done += 1;
            *(if *changed { &mut tally.changed } else { &mut tally.unchanged }) += 1;
        }
    }
}

/// What a rehearsal needs, shared by all units of a file.
struct Rehearsal<'a> {
    context: &'a RunContext,
    ledger_index: String,
    extractor: DocumentExtractor,
    revision: String,
    max_object_bytes: u64,
    addressing: Arc<Addressing>,
    large_snapshots: Semaphore,
}

impl<'a> Rehearsal<'a> {
    fn new(context: &'a RunContext) -> Result<Self, RunError> {
        let source = context.source();
        let model = context.order.spec.conversion.as_ref().unwrap_or(&source.conversion).resolve()?;
        let addressing = Addressing::of_index(source.index.as_ref()).map_err(IngestError::from)?;
        Ok(Self {
            context,
            ledger_index: units_index(&context.order.ingest.namespace, &context.order.ingest.source),
            extractor: DocumentExtractor::new(&model)?,
            revision: model.revision(),
            max_object_bytes: model.limits.max_object_bytes,
            addressing: Arc::new(addressing),
            large_snapshots: Semaphore::new(LARGE_SNAPSHOTS),
        })
    }

    /// Rehearses one unit; the prediction is left out if the unit would be skipped.
    async fn unit(&self, line: &ManifestLine) -> Result<(Option<Predicted>, ShadowReport), RunError> {
        let object_ref = ObjectRef {
            bucket: self.context.source().raw.bucket.clone(),
            key: line.key.clone(),
            version_id: line.version_id.clone(),
            etag: line.etag.clone(),
        };
        let stop = &self.context.stop.abort;
        retry_step("rehearse", stop, || self.attempt(&object_ref))
            .await
            .map_err(|Unfinished| RunError::given_up(stop))
    }

    async fn attempt(&self, object_ref: &ObjectRef) -> Result<(Option<Predicted>, ShadowReport), RunError> {
        let opened = match object::open(&self.context.s3, object_ref).await {
            Ok(ObjectFound::Object(opened)) => opened,
            // What cannot be read stays as it was, until it can.
            Err(error) if error.fault() == Some(StoreFault::Archived) => return self.stays(object_ref).await,
            Err(error) => return self.unreadable(object_ref, error).await,
            Ok(ObjectFound::Gone | ObjectFound::Replaced) => return self.stays(object_ref).await,
        };
        let recorded = self.recorded(&opened.unit.id).await?;
        let superseded = recorded.as_ref().is_some_and(|recorded| {
            let reason = recorded.reason.as_deref();
            recorded.state == UnitState::Skipped && reason == Some(SkipReason::Superseded.as_str())
        });
        if superseded {
            return Ok((None, ShadowReport::of_skipped()));
        }
        if recorded.as_ref().is_some_and(|recorded| has_failed_as(recorded, Reason::Poison)) {
            // Workers died of it, and this one would, too.
            return self.stays(object_ref).await;
        }
        let snapshot = match recorded.as_ref().and_then(|recorded| recorded.snapshot.as_deref()) {
            Some(reference) => self.snapshot(reference).await?,
            None => Some(HeldSnapshot::default()),
        };
        let length = opened.length;
        let Some((unit, object)) = self.object(object_ref, *opened).await? else {
            return self.stays(object_ref).await;
        };
        let (predicted, report) = self
            .compare(unit, length, object, recorded, snapshot)
            .await
            .map_err(|error| StoreError::unavailable(object::action(object_ref), &error))?;
        Ok((Some(predicted), report))
    }

    /// What would become of an object; `None` if it is gone.
    async fn object(
        &self,
        object_ref: &ObjectRef,
        opened: OpenedObject,
    ) -> Result<Option<(Unit, Object)>, StoreError> {
        if u64::try_from(opened.length).is_ok_and(|length| length > self.max_object_bytes) {
            return Ok(Some((opened.unit, Object::TooLarge)));
        }
        Ok(match &self.extractor {
            DocumentExtractor::Convert(converter) => {
                let Some((opened, look)) = self.look_at(converter, object_ref, opened).await? else {
                    return Ok(None);
                };
                let unit = opened.unit.clone();
                let reader = RangeReader::start(&self.context.s3, opened);
                Some((unit, Object::ToConvert(Arc::clone(converter), look, Box::new(reader))))
            }
            DocumentExtractor::Describe(describer) => {
                let whole = describer.describe(&self.context.s3, object_ref, opened).await?;
                whole.map(|whole| (whole.unit, Object::Described(Box::new(whole.document))))
            }
        })
    }

    /// The object and what has to be known of it before; it is opened again where that takes reading it. `None` if it is
    /// gone by then.
    async fn look_at(
        &self,
        converter: &Arc<Converter>,
        object_ref: &ObjectRef,
        opened: OpenedObject,
    ) -> Result<Option<(OpenedObject, FirstLook)>, StoreError> {
        if !FirstLook::is_needed(converter) {
            return Ok(Some((opened, FirstLook::default())));
        }
        let converter = Arc::clone(converter);
        let mut reader = RangeReader::start(&self.context.s3, opened);
        let looking = tokio::task::spawn_blocking(move || FirstLook::at(&converter, &mut reader)).await;
        let look = looking.map_err(io::Error::from).flatten();
        let look = look.map_err(|error| StoreError::unavailable(object::action(object_ref), &error))?;
        Ok(match object::open(&self.context.s3, object_ref).await? {
            ObjectFound::Object(opened) => Some((*opened, look)),
            ObjectFound::Gone | ObjectFound::Replaced => None,
        })
    }

    /// An object that the store refuses. If its unit ended because of that, it stays; otherwise others may be refused, too.
    async fn unreadable(
        &self,
        object_ref: &ObjectRef,
        error: StoreError,
    ) -> Result<(Option<Predicted>, ShadowReport), RunError> {
        let (bucket, key) = (object_ref.bucket.clone(), object_ref.key.clone());
        if let Some(version) = object_ref.version().filter(|_| is_refusal(&error))
            && let Some(recorded) = self.recorded(&UnitId { bucket, key, version }).await?
            && has_failed_as(&recorded, Reason::ObjectUnreadable)
        {
            return self.stays(object_ref).await;
        }
        Err(error.into())
    }

    /// An object that is gone, or that another version has replaced: its unit stays as recorded.
    async fn stays(&self, object_ref: &ObjectRef) -> Result<(Option<Predicted>, ShadowReport), RunError> {
        let (bucket, key) = (object_ref.bucket.clone(), object_ref.key.clone());
        let recorded = match object_ref.version() {
            Some(version) => self.recorded(&UnitId { bucket, key, version }).await?,
            None => None,
        };
        let recorded = recorded.filter(|recorded| recorded.state != UnitState::Skipped);
        let unchanged = recorded.map(|recorded| Predicted { state: recorded.state, changed: false });
        Ok((unchanged, ShadowReport::of_skipped()))
    }

    async fn recorded(&self, unit: &UnitId) -> Result<Option<Recorded>, RunError> {
        let digest = unit.digest();
        let fields = RECORD_FIELDS.map(str::to_owned);
        let address = Address { index: &self.ledger_index, id: &digest };
        let found = self.context.clusters.ledger.mget(&[address], &fields).await?.pop().flatten();
        let Some(found) = found else { return Ok(None) };
        serde_json::from_value(found.source.into()).map(Some).map_err(|_| {
            ElasticError::Unreadable(format!("record {digest} of {} is not of its form", self.ledger_index))
                .into()
        })
    }

    /// The lines of a snapshot; `None` if it is missing or too large.
    async fn snapshot(&self, reference: &str) -> Result<Option<HeldSnapshot<'_>>, StoreError> {
        let bucket = &self.context.source().snapshots.bucket;
        let Some(snapshot) = read::open(&self.context.s3, bucket, reference).await? else { return Ok(None) };
        // Without a length, it may have as many bytes as are held at most.
        let length = snapshot.length.unwrap_or(MAX_SNAPSHOT_BYTES);
        if length > MAX_SNAPSHOT_BYTES {
            return Ok(None);
        }
        let permit =
            if length > LARGE_SNAPSHOT_BYTES { self.large_snapshots.acquire().await.ok() } else { None };
        Ok(snapshot.bytes(MAX_SNAPSHOT_BYTES).await?.map(|lines| HeldSnapshot { lines, _permit: permit }))
    }

    /// Compares what would become of an object with what exists.
    async fn compare(
        &self,
        unit: Unit,
        length: i64,
        object: Object,
        recorded: Option<Recorded>,
        snapshot: Option<HeldSnapshot<'_>>,
    ) -> io::Result<(Predicted, ShadowReport)> {
        let lines = snapshot.as_ref().map(|snapshot| snapshot.lines.clone());
        let (addressing, success_state) =
            (Arc::clone(&self.addressing), UnitState::of_success(self.context.source()));
        let comparison_task = tokio::task::spawn_blocking(move || {
            let open_snapshot = lines.map(|lines| OpenSnapshot::new(lines, &addressing));
            let mut comparison = UnitComparison::new(&addressing, open_snapshot);
            match object {
                Object::TooLarge => {
                    let message = format!("the object has {length} bytes");
                    let example = FailureExample { message, ..Default::default() };
                    comparison.refuse(Reason::LimitExceeded, example);
                }
                Object::ToConvert(converter, look, mut reader) => {
                    let info = look.object_info(unit.id.key.clone(), unit.landed());
                    comparison.convert(&converter, (look.reading, &info), &mut *reader)?;
                    reader.finish()?;
                }
                Object::Described(document) => comparison.compare(&document),
            }
            let (predicted, report) = comparison.finish(&unit.id, recorded.as_ref(), success_state);
            io::Result::Ok((predicted, report))
        });
        comparison_task.await.map_err(io::Error::from).flatten()
    }
}

/// Whether a store refused a request in a way that may concern one object alone.
fn is_refusal(error: &StoreError) -> bool {
    matches!(error.fault(), Some(StoreFault::AccessDenied | StoreFault::Refused))
}

/// Whether a unit is recorded as failed for this reason.
fn has_failed_as(recorded: &Recorded, reason: Reason) -> bool {
    recorded.state == UnitState::Failed && recorded.reason.as_deref() == Some(reason.as_str())
}

/// An object for the comparison.
enum Object {
    TooLarge,
    ToConvert(Arc<Converter>, FirstLook, Box<RangeReader>),
    Described(Box<Document>),
}

/// The lines of a snapshot, with the permit for a large one.
#[derive(Default)]
struct HeldSnapshot<'a> {
    lines: Bytes,
    _permit: Option<tokio::sync::SemaphorePermit<'a>>,
}

#[cfg(test)]
mod tests {
    use docmill_crds::reason::Reason;
    use docmill_crds::records::units::UnitState;

    use super::{Recorded, has_failed_as};

    #[test]
    fn what_a_unit_failed_for_tells_whether_its_object_is_left() {
        let recorded = |state, reason: Option<&str>| Recorded {
            state,
            reason: reason.map(str::to_owned),
            documents_digest: None,
            documents: Vec::new(),
            snapshot: None,
        };
        for reason in [Reason::ObjectUnreadable, Reason::Poison] {
            assert!(has_failed_as(&recorded(UnitState::Failed, Some(reason.as_str())), reason));
            assert!(!has_failed_as(&recorded(UnitState::Failed, Some("MissingField")), reason));
            assert!(!has_failed_as(&recorded(UnitState::Indexed, None), reason));
        }
    }
}
