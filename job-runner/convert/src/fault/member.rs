//! A file in an archive.

use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A file in an archive. It is written as its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which file of the archive it is, from 0. Two files may have the same name.
    pub number: u32,
    /// Its name: without `./` at the start, without control characters, and of at most 1024 bytes.
    pub name: Arc<str>,
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}
