//! Units whose object the store does not return, or whose JSON it does not accept. They end as refused.

use std::time::Instant;

use docmill_clients::aws::listing::{self, ENCODED};
use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::clock;
use docmill_crds::reason::Reason;
use docmill_crds::records::units::UnitId;
use tokio_util::sync::CancellationToken;

use super::preparation::Preparation;
use crate::ingest::snapshot::packed::packer::PackReservation;
use crate::ingest::source::access_tracker::{Access, AccessFailure, Suspected, retry_unless_own_fault};
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::prepared::{Converted, refused_unread};
use crate::ingest::unit::refusal::{RefusedPart, Stage};

/// Objects that are listed to find out whether a bucket serves any.
const LOOKED_AT: i32 = 20;
/// How many of them are read.
const READ_OF_THEM: usize = 3;

impl Preparation {
    /// Reads an object by steps whose requests belong to [`Self::raw_access`] or [`Self::snapshot_access`]. A
    /// fault of the object's own ends it. [`Unfinished`]: to be tried again later.
    pub(crate) async fn read_unless_own_fault<'a, T, F>(
        &'a self,
        what: &'static str,
        landed: &ObjectRef,
        reservation: Option<&PackReservation>,
        stop: &CancellationToken,
        attempt: impl FnMut() -> F,
    ) -> Result<Result<T, Box<Converted>>, Unfinished>
    where
        F: Future<Output = Result<T, AccessFailure<'a>>>,
    {
        let name = format!("{}\0{}", landed.key, landed.version().unwrap_or_default());
        let suspected = Suspected { unit: &name, reservation };
        let failure = match retry_unless_own_fault(
            what,
            suspected,
            stop,
            || Box::pin(self.serves_another(landed)),
            attempt,
        )
        .await?
        {
            Ok(done) => return Ok(Ok(done)),
            Err(failure) => failure,
        };
        let refused = if std::ptr::eq(failure.access, &raw const self.snapshot_access) {
            refused_snapshot(&failure.error)
        } else {
            unreadable_object(&failure.error)
        };
        Ok(Err(refused_unread(Box::pin(self.unit_of_unread(landed)).await, refused)))
    }

    /// Whether the raw bucket serves an object other than this one.
    async fn serves_another(&self, landed: &ObjectRef) -> bool {
        let list =
            self.s3.list_objects_v2().bucket(&landed.bucket).prefix(&self.raw_prefix).encoding_type(ENCODED);
        let Ok(listed) = list.max_keys(LOOKED_AT).send().await else { return false };
        let keys = listed.contents().iter().filter(|object| object.size().unwrap_or(0) > 0);
        let keys = keys.filter_map(|object| Some(listing::key(listed.encoding_type(), object.key()?)));
        let others = keys.filter(|key| *key != landed.key);
        for key in others.take(READ_OF_THEM) {
            let started_at = Instant::now();
            let request = self.s3.get_object().bucket(&landed.bucket).key(key).range("bytes=0-0");
            if request.send().await.is_ok() {
                self.raw_access.served(started_at);
                return true;
            }
        }
        false
    }

    /// The unit of an object that cannot be read. Its landing time comes from the object's metadata, or else
    /// from a listing; if neither has it, the object counts as landed now.
    pub(crate) async fn unit_of_unread(&self, landed: &ObjectRef) -> Unit {
        let head = self.s3.head_object().bucket(&landed.bucket).key(&landed.key);
        let head = head.set_version_id(landed.version_id.clone()).send().await.ok();
        let metadata = match head {
            Some(head) => (head.last_modified, head.e_tag),
            None => self.listed_metadata(landed).await,
        };
        let etag = metadata.1.map(|etag| etag.trim_matches('"').to_owned());
        let landed_at = metadata.0.and_then(|time| time.to_millis().ok());
        Unit {
            id: UnitId {
                bucket: landed.bucket.clone(),
                key: landed.key.clone(),
                version: landed.version().or(etag).unwrap_or_default(),
            },
            version_id: landed.version_id.clone(),
            last_modified_millis: landed_at.unwrap_or_else(clock::now_millis),
        }
    }

    async fn listed_metadata(
        &self,
        landed: &ObjectRef,
    ) -> (Option<aws_sdk_s3::primitives::DateTime>, Option<String>) {
        let list = self.s3.list_objects_v2().bucket(&landed.bucket).prefix(&landed.key).max_keys(1);
        let Ok(listed) = list.encoding_type(ENCODED).send().await else { return (None, None) };
        let is_own = |key: Option<&str>| {
            key.is_some_and(|key| listing::key(listed.encoding_type(), key) == landed.key)
        };
        let own = listed.contents().iter().find(|object| is_own(object.key()));
        own.map_or((None, None), |own| (own.last_modified().copied(), own.e_tag().map(str::to_owned)))
    }
}

/// The refusal of an object that the store does not return.
fn unreadable_object(error: &StoreError) -> RefusedPart {
    let detail = error.detail();
    let (reason, message) = if error.fault() == Some(StoreFault::Archived) {
        let message = format!(
            "the object is archived and cannot be read ({detail}); restore it, and replay it with an IngestRun of mode Replay"
        );
        (Reason::ObjectArchived, message)
    } else {
        let message = format!(
            "the object store does not give this object, though it gives others of the bucket ({detail}); mend its rights or its encryption, and replay it with an IngestRun of mode Replay"
        );
        (Reason::ObjectUnreadable, message)
    };
    RefusedPart::of_object(Stage::Fetch, reason, message)
}

/// The refusal of a unit whose JSON the store does not accept.
pub(crate) fn refused_snapshot(error: &StoreError) -> RefusedPart {
    let message = format!(
        "the object store does not take the snapshot of this unit, though it takes others ({}); mend the rights of its key, and replay it with an IngestRun of mode Replay",
        error.detail()
    );
    RefusedPart::of_object(Stage::Snapshot, Reason::SnapshotRefused, message)
}

/// Notes that a request was served.
pub(crate) fn record_access<T>(
    access: &Access,
    started_at: Instant,
    result: Result<T, StoreError>,
) -> Result<T, AccessFailure<'_>> {
    if result.is_ok() {
        access.served(started_at);
    }
    result.map_err(AccessFailure::at(access))
}
