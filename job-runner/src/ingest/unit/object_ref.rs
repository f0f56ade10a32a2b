//! An object as a notification or a listing names it.

/// An object that landed, as its notification names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRef {
    /// Name of the bucket.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// Version id, where the bucket is versioned.
    pub version_id: Option<String>,
    /// `ETag` without quotes, where the notification has one.
    pub etag: Option<String>,
}

impl ObjectRef {
    /// The object that the key has now, whatever its version; `None` if this reference asks for that already.
    pub fn current(&self) -> Option<Self> {
        let names_one = self.version_id.is_some() || self.etag.is_some();
        names_one.then(|| Self { version_id: None, etag: None, ..self.clone() })
    }

    /// The named version: the version id, or else the `ETag`.
    pub fn version(&self) -> Option<String> {
        self.version_id.clone().or_else(|| self.etag.clone())
    }
}
