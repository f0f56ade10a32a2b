//! A unit: one version of one raw object.

pub mod document;
pub mod duplicates;
pub mod indexing;
pub mod known;
pub mod object_ref;
pub mod object_version;
pub mod overwritten;
pub mod prepared;
pub mod refusal;
pub mod task;

use docmill_convert::ObjectInfo;
use docmill_crds::records::units::UnitId;
use jiff::Timestamp;

/// A unit whose object was looked at.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Which one.
    pub id: UnitId,
    /// Version id for requests, where the bucket is versioned.
    pub version_id: Option<String>,
    /// When the object landed, in milliseconds since 1970 (S3 has a resolution of one second). It orders the
    /// versions of a key.
    pub last_modified_millis: i64,
}

impl Unit {
    /// When the object landed, if that is known.
    pub fn landed(&self) -> Option<Timestamp> {
        let known = Some(self.last_modified_millis).filter(|millis| *millis > 0)?;
        Timestamp::from_millisecond(known).ok()
    }

    /// What documents may take of the object, whose bytes have this SHA-256.
    pub fn object_info(&self, raw_digest: &str) -> ObjectInfo {
        let (key, digest) = (self.id.key.clone(), raw_digest.to_owned());
        ObjectInfo { key: Some(key), digest: Some(digest), landed: self.landed() }
    }
}
