//! Decides who may replace whom: the newest unit of a key, and the newest version of a document. Pure;
//! [`heads`](super::heads) reads and writes what is decided here.
//!
//! Versions of one key have the order of the bucket: by the time when they landed, and where that does not
//! decide (S3 has a resolution of one second, and dates a multipart upload from its start) by which of them
//! the bucket holds now. Versions of one document from different keys are ordered by time, and within the
//! same second by the digests of their units, so that every worker reaches the same answer.
//!
//! A removal leaves a tombstone in the head of its key, whether or not a unit of the key was met before. Only
//! what the bucket holds can replace a tombstone: a put that is reported late, and whose version can still be
//! read, is as removed as its key.

use docmill_crds::records::heads::{DocumentHead, KeyHead};
use docmill_crds::records::units::{DocumentAddress, UnitId};

use crate::ingest::unit::Unit;

/// How many earlier units and indices a head remembers. There are more only if that many replace each other
/// while not one of them completes.
const REMEMBERED: usize = 8;

/// A unit that claims its key and its documents.
#[derive(Clone, Debug)]
pub struct Claimant<'a> {
    /// The unit.
    pub id: &'a UnitId,
    /// Its digest.
    pub digest: String,
    /// When its object landed, in milliseconds since 1970.
    pub last_modified: i64,
}

impl<'a> Claimant<'a> {
    /// The claimant that stands for a unit.
    pub fn new(unit: &'a Unit) -> Self {
        Self { id: &unit.id, digest: unit.id.digest(), last_modified: unit.last_modified_millis }
    }

    fn version(&self) -> u64 {
        u64::try_from(self.last_modified).unwrap_or(0)
    }
}

/// The decision about a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<H> {
    /// The claimant has it already.
    Held(H),
    /// The claimant takes it, once this is written.
    Take(H),
    /// A newer one has it.
    Lost(H),
    /// Only the bucket can tell: does it hold the claimant now?
    AskStore,
}

/// Decides about the head of a key. `is_present` is the bucket's answer, if it was asked. With `renew`, a
/// unit that already has the key takes it once more, and with it each of its documents.
pub fn key(
    seen: Option<&KeyHead>,
    claimant: &Claimant<'_>,
    is_present: Option<bool>,
    renew: bool,
) -> Claim<KeyHead> {
    let take = |version, earlier| {
        let unit = claimant.id.clone();
        Claim::Take(KeyHead {
            unit,
            last_modified: claimant.last_modified,
            version,
            gone: false,
            forgotten: false,
            earlier,
        })
    };
    let Some(head) = seen else { return take(claimant.version(), Vec::new()) };
    if head.forgotten {
        return Claim::Lost(head.clone());
    }
    if head.unit == *claimant.id && !head.gone {
        let renewed = || KeyHead { version: head.version + 1, ..head.clone() };
        return if renew { Claim::Take(renewed()) } else { Claim::Held(head.clone()) };
    }
    // A head's version is at least the time of each unit that had the key before, so whoever is above it is
    // newer than all of them. Where the bucket had to decide before (after a removal, or within a second), it
    // decides again.
    let is_newest = !head.gone && claimant.version() > head.version;
    match (is_newest, is_present) {
        (true, _) | (false, Some(true)) => {
            take(claimant.version().max(head.version + 1), earlier(head, claimant))
        }
        (false, Some(false)) => Claim::Lost(head.clone()),
        (false, None) => Claim::AskStore,
    }
}

fn earlier(head: &KeyHead, claimant: &Claimant<'_>) -> Vec<String> {
    let all = std::iter::once(&head.unit.version).chain(&head.earlier);
    // The tombstone of a key whose units were never met names none.
    let others = all.filter(|version| !version.is_empty() && **version != claimant.id.version);
    others.take(REMEMBERED).cloned().collect()
}

/// The tombstone of a key that the bucket no longer holds, replacing the head that is there. An existing
/// tombstone is written again: a unit may be about to replace it that was what the bucket held, and no longer
/// is. `now_millis` only makes it likely that the version is above the times of units that were never met; a
/// clock that is wrong costs a request to the bucket.
pub fn tombstone(seen: Option<&KeyHead>, bucket: &str, key: &str, now_millis: i64) -> KeyHead {
    let now = u64::try_from(now_millis).unwrap_or(0);
    if let Some(head) = seen {
        return KeyHead { gone: true, version: now.max(head.version + 1), ..head.clone() };
    }
    let unit = UnitId { bucket: bucket.to_owned(), key: key.to_owned(), version: String::new() };
    KeyHead {
        unit,
        last_modified: now_millis,
        version: now,
        gone: true,
        forgotten: false,
        earlier: Vec::new(),
    }
}

/// The tombstone of a key that was forgotten, replacing the head that is there: no unit takes the key from then on.
/// Written again, it is newer than everything that was written before.
pub fn forgotten(seen: Option<&KeyHead>, bucket: &str, key: &str, now_millis: i64) -> KeyHead {
    KeyHead { forgotten: true, ..tombstone(seen, bucket, key, now_millis) }
}

/// Decides about the head of a document that belongs at `address`; `key_version` is the version of the
/// claimant's own key. Never returns [`Claim::AskStore`].
pub fn document(
    seen: Option<&DocumentHead>,
    claimant: &Claimant<'_>,
    key_version: u64,
    address: &DocumentAddress,
) -> Claim<DocumentHead> {
    let take = |version, stale| {
        Claim::Take(DocumentHead {
            address: address.clone(),
            key: claimant.id.key.clone(),
            unit: claimant.digest.clone(),
            key_version,
            last_modified: claimant.last_modified,
            version,
            gone: false,
            forgotten: false,
            stale,
        })
    };
    let Some(head) = seen else { return take(key_version, Vec::new()) };
    let is_mine = head.unit == claimant.digest && head.key_version == key_version;
    if is_mine && !head.gone && head.address == *address {
        return Claim::Held(head.clone());
    }
    let wins = if head.key == claimant.id.key {
        is_mine || head.key_version < key_version
    } else {
        // A document that was deleted with its object belongs to nobody.
        head.gone || (claimant.last_modified, &claimant.digest) > (head.last_modified, &head.unit)
    };
    if wins {
        take(key_version.max(head.version + 1), stale(head, address))
    } else {
        Claim::Lost(head.clone())
    }
}

fn stale(head: &DocumentHead, address: &DocumentAddress) -> Vec<String> {
    let all = std::iter::once(&head.address.index).chain(&head.stale);
    // That of a forgotten document names no index.
    all.filter(|index| !index.is_empty() && **index != address.index).take(REMEMBERED).cloned().collect()
}

/// A document that has to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Once this head is written.
    Now(DocumentHead),
    /// Its head says so already, but whoever wrote that may not have deleted the document.
    Before(DocumentHead),
}

/// Decides whether a document of a key has to be deleted: if no unit has claimed it that took the key with
/// the version `below`, or a later one.
pub fn retire(seen: Option<&DocumentHead>, key: &str, below: u64) -> Option<Retired> {
    let head = seen.filter(|head| head.key == key && head.key_version < below)?;
    if head.gone {
        return Some(Retired::Before(head.clone()));
    }
    // The key's version stays: a unit that takes the key at this moment has to win the document.
    Some(Retired::Now(DocumentHead { gone: true, version: head.version + 1, ..head.clone() }))
}

#[cfg(test)]
mod tests;
