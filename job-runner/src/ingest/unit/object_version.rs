//! A version of an object, as the store itself tells it.

use docmill_crds::records::units::UnitId;

use super::Unit;
use super::object_ref::ObjectRef;

/// A version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Its version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// Its `ETag` without quotes.
    pub etag: Option<String>,
    /// When it landed, in milliseconds since 1970.
    pub last_modified_millis: i64,
}

impl ObjectVersion {
    /// Whether this is the version of the unit.
    pub fn is(&self, unit: &Unit) -> bool {
        match &unit.version_id {
            Some(version) => self.version_id.as_ref() == Some(version),
            None => self.etag.as_ref() == Some(&unit.id.version),
        }
    }

    /// Whether a unit with this version is of this object.
    pub fn is_version(&self, version: &str) -> bool {
        self.version_id.as_deref() == Some(version) || self.etag.as_deref() == Some(version)
    }

    /// The same object as a notification would name it.
    pub fn landed(self, bucket: &str, key: &str) -> ObjectRef {
        let Self { version_id, etag, .. } = self;
        ObjectRef { bucket: bucket.to_owned(), key: key.to_owned(), version_id, etag }
    }

    /// The id of its unit.
    pub fn unit_id(&self, bucket: &str, key: &str) -> UnitId {
        let version = self.version_id.clone().or_else(|| self.etag.clone()).unwrap_or_default();
        UnitId { bucket: bucket.to_owned(), key: key.to_owned(), version }
    }
}
