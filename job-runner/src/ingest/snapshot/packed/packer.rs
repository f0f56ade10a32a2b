//! Gathers the units that are prepared at the same time into packs, and stores each pack before any of its
//! units learns where its snapshot is.
//!
//! A pack is closed when it is full, when its first unit has waited long enough, or at once when waiting
//! gains nothing: every unit under way is in it already, and it is either worth an object, or the first one
//! after a pause. So a lone article is not delayed, and a stream of them makes a few packs per second.

use std::sync::Arc;
use std::time::Duration;

use docmill_clients::aws::StoreError;
use docmill_clients::clock;
use docmill_crds::api::storage::BucketLocation;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Frame, MEDIA_TYPE, Pack, SealedPack};
use crate::ingest::retry::retry_step;
use crate::ingest::snapshot;
use crate::ingest::unfinished::Unfinished;

/// A pack is closed when it has this many units, …
const PACK_UNITS: usize = 500;
/// … or this many bytes of frames, …
const PACK_BYTES: usize = 4 * 1024 * 1024;
/// … or when its first unit has waited this long.
const PACK_AGE: Duration = Duration::from_millis(200);
/// A pack of this many units saves nearly all of their writes; it does not wait for more if none are under
/// way.
const WORTH_UNITS: usize = 64;
/// Packs that are stored concurrently. While they are, the next one fills.
const PACKS_AT_A_TIME: usize = 2;

/// Where packs go, and what they say of themselves.
#[derive(Clone, Debug)]
pub struct PackStore {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// Bucket and prefix of all snapshots.
    pub location: BucketLocation,
    /// `<namespace>/<name>` of the `IngestSource`.
    pub source: String,
    /// Digest of the conversion model.
    pub revision: String,
}

/// Accepts units until all who could submit some are gone.
#[derive(Clone, Debug)]
pub struct Packer {
    frames: mpsc::Sender<PendingFrame>,
    reserved: watch::Sender<usize>,
}

/// A unit that waits for its pack.
#[derive(Debug)]
struct PendingFrame {
    frame: Frame,
    submitted_at: Instant,
    reply_to: oneshot::Sender<String>,
}

/// A unit that is on its way to a pack, or to the point where it turns out to need none.
#[derive(Debug)]
pub struct PackReservation(watch::Sender<usize>);

impl PackReservation {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }

    /// Waits for something that may need packs to be closed first; meanwhile the unit does not count as
    /// reserved.
    pub async fn aside<T>(&self, waiting: impl Future<Output = T>) -> T {
        self.0.send_modify(|count| *count -= 1);
        let guard = ReservationGuard(&self.0);
        let result = waiting.await;
        drop(guard);
        result
    }
}

impl Drop for PackReservation {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Counts a unit as reserved again, even if nobody waits for it any more.
struct ReservationGuard<'a>(&'a watch::Sender<usize>);

impl Drop for ReservationGuard<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count += 1);
    }
}

impl Packer {
    /// Starts packing.
    pub fn start(pack_store: PackStore, stop: CancellationToken) -> Self {
        let (frames, receiver) = mpsc::channel(PACK_UNITS);
        let (reserved, count) = watch::channel(0);
        tokio::spawn(pack_all(receiver, count, pack_store, stop));
        Self { frames, reserved }
    }

    /// Announces a unit.
    pub fn expect(&self) -> PackReservation {
        PackReservation::new(&self.reserved)
    }

    /// Packs a unit, and returns the reference of its snapshot once the pack is stored. [`Unfinished`]: it
    /// could not be stored, and the unit has to be tried again later.
    pub async fn pack(
        &self,
        frame: Frame,
        reservation: Option<PackReservation>,
    ) -> Result<String, Unfinished> {
        let (reply_to, reference) = oneshot::channel();
        self.frames.send(PendingFrame { frame, submitted_at: Instant::now(), reply_to }).await?;
        drop(reservation);
        Ok(reference.await?)
    }
}

async fn pack_all(
    mut frames: mpsc::Receiver<PendingFrame>,
    mut reserved: watch::Receiver<usize>,
    pack_store: PackStore,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(PACKS_AT_A_TIME));
    let mut last = None;
    while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
        let Some(first) = frames.recv().await else { return };
        let quiet = last.is_none_or(|last: Instant| last.elapsed() >= PACK_AGE);
        let open_pack = gather(first, quiet, &mut frames, &mut reserved).await;
        last = Some(Instant::now());
        let (pack_store, stop) = (pack_store.clone(), stop.clone());
        tokio::spawn(async move {
            pack_store.store(open_pack, &stop).await;
            drop(slot);
        });
    }
}

/// A pack and those who wait for it, in its order.
#[derive(Debug, Default)]
struct OpenPack {
    pack: Pack,
    reply_senders: Vec<oneshot::Sender<String>>,
}

impl OpenPack {
    fn push(&mut self, pending: PendingFrame) {
        self.pack.push(pending.frame);
        self.reply_senders.push(pending.reply_to);
    }

    fn is_full(&self) -> bool {
        self.pack.units() >= PACK_UNITS || self.pack.len() >= PACK_BYTES
    }
}

/// Fills a pack. `quiet`: none was closed for a while.
async fn gather(
    first: PendingFrame,
    quiet: bool,
    frames: &mut mpsc::Receiver<PendingFrame>,
    reserved: &mut watch::Receiver<usize>,
) -> OpenPack {
    let deadline = first.submitted_at + PACK_AGE;
    let mut open_pack = OpenPack::default();
    open_pack.push(first);
    while !open_pack.is_full() {
        // A submitting unit is counted until it is in the channel, so this order misses none.
        let none_reserved = *reserved.borrow_and_update() == 0;
        if let Ok(next) = frames.try_recv() {
            open_pack.push(next);
            continue;
        }
        if none_reserved && (quiet || open_pack.pack.units() >= WORTH_UNITS) {
            break;
        }
        tokio::select! {
            next = frames.recv() => match next {
                Some(next) => open_pack.push(next),
                None => break,
            },
            Ok(()) = reserved.changed() => {}
            () = tokio::time::sleep_until(deadline) => break,
        }
    }
    open_pack
}

impl PackStore {
    /// Stores a pack, and notifies those who wait. If it could not be stored, they notice when the
    /// sender of their reply is dropped.
    async fn store(&self, open_pack: OpenPack, stop: &CancellationToken) {
        let OpenPack { pack, reply_senders } = open_pack;
        let sealed = match pack.seal(&self.location.prefix, clock::now_millis()) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(%error, "failed to seal a pack; its units will be retried later");
                return;
            }
        };
        if retry_step("snapshot", stop, || self.put(&sealed)).await.is_ok() {
            for (reply_to, reference) in reply_senders.into_iter().zip(sealed.references) {
                // Nobody waits any more when the worker is about to end.
                let _ = reply_to.send(reference);
            }
        }
    }

    /// Stores a pack. Idempotent: the same bytes have the same key.
    pub async fn put(&self, pack: &SealedPack) -> Result<(), StoreError> {
        let SealedPack { key, bytes, references } = pack;
        let request = self.s3.put_object().bucket(&self.location.bucket).key(key);
        let request = request
            .content_type(MEDIA_TYPE)
            .metadata(snapshot::SOURCE, &self.source)
            .metadata(snapshot::REVISION, &self.revision)
            .metadata("docmill-count", references.len().to_string());
        let sent = request.body(bytes.clone().into()).send().await;
        sent.map_err(|error| StoreError::from_sdk(snapshot::action(&self.location, key), &error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
