//! A unit on its way: one version of one raw object, and the message that told of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use docmill_crds::ledger::UnitId;
use tokio::sync::Notify;

/// A unit whose object was read.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Which one.
    pub id: UnitId,
    /// Version id for requests, where the bucket is versioned.
    pub version_id: Option<String>,
    /// When the object landed, in milliseconds since 1970 (S3 resolves seconds). It orders the versions of a key.
    pub last_modified_millis: i64,
}

/// A message in this worker's hands. It is deleted when every unit that it told of has its final state in the
/// ledger, and is left to come back if one of them has not.
#[derive(Debug)]
pub struct Delivery {
    /// The queue's handle of this delivery.
    pub receipt: String,
    /// How often the message was delivered, this time included.
    pub attempts: i64,
    open: AtomicUsize,
    released: AtomicBool,
    settled: Notify,
}

impl Delivery {
    /// A message that told of so many units.
    #[must_use]
    pub fn new(receipt: String, attempts: i64, units: usize) -> Arc<Self> {
        Arc::new(Self {
            receipt,
            attempts,
            open: AtomicUsize::new(units),
            released: AtomicBool::new(false),
            settled: Notify::new(),
        })
    }

    /// Takes note that one unit is final in the ledger (`true`) or has to come back (`false`). Gives what is to be
    /// done with the message, once all of its units are told of.
    pub fn settle(&self, is_final: bool) -> Option<Settled> {
        if !is_final {
            self.released.store(true, Ordering::SeqCst);
        }
        let was_last = self.open.fetch_sub(1, Ordering::SeqCst) == 1;
        if !was_last {
            return None;
        }
        self.settled.notify_one();
        Some(if self.released.load(Ordering::SeqCst) { Settled::Release } else { Settled::Acknowledge })
    }

    /// Waits until all units are told of. For one task only.
    pub async fn settled(&self) {
        self.settled.notified().await;
    }
}

/// What is to be done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Delete it: all its units are final.
    Acknowledge,
    /// Let it come back: some are not.
    Release,
}

#[cfg(test)]
mod tests {
    use super::{Delivery, Settled};

    #[test]
    fn a_message_is_acknowledged_after_its_last_unit() {
        let delivery = Delivery::new("r".into(), 1, 2);
        assert_eq!(delivery.settle(true), None);
        assert_eq!(delivery.settle(true), Some(Settled::Acknowledge));
    }

    #[test]
    fn one_unfinished_unit_brings_the_message_back() {
        let delivery = Delivery::new("r".into(), 1, 3);
        assert_eq!(delivery.settle(true), None);
        assert_eq!(delivery.settle(false), None);
        assert_eq!(delivery.settle(true), Some(Settled::Release));
    }
}
