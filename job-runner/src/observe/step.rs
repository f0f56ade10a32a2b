//! The steps of a unit whose time is taken.

use std::fmt;

use prometheus_client::encoding::EncodeLabelValue;

/// A step on a unit's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Step {
    /// Messages are taken from the queue.
    Receive,
    /// The ledger is asked what is known already.
    LookUp,
    /// The object is read.
    Fetch,
    /// It is converted, validated and addressed.
    Convert,
    /// Its snapshot is stored.
    Snapshot,
    /// Its documents are indexed.
    Index,
    /// Evidence of a refusal is kept in the errors bucket, or taken away from it.
    Refuse,
    /// Its record is written.
    Record,
    /// Its message is deleted.
    Acknowledge,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receive => "receive",
            Self::LookUp => "look up",
            Self::Fetch => "fetch",
            Self::Convert => "convert",
            Self::Snapshot => "snapshot",
            Self::Index => "index",
            Self::Refuse => "refuse",
            Self::Record => "record",
            Self::Acknowledge => "acknowledge",
        })
    }
}
