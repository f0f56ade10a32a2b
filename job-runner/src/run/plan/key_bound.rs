//! For keys that only grow: up to which key a listing has seen everything. Pure.
//!
//! Objects do not become visible in the order of their keys: two uploads that begin at the same time end one
//! after the other. So the bound stays before the first object that landed recently, and the next listing
//! covers those again.

use std::time::Duration;

use crate::ingest::source::listing::ListedObject;

/// How much later than its neighbours an object may become visible.
pub const OVERLAP: Duration = Duration::from_mins(10);

/// Follows a listing from key to key.
#[derive(Clone, Debug)]
pub struct Growing {
    settled_before_millis: i64,
    bound: Option<String>,
    closed: bool,
}

impl Growing {
    /// Starts after the bound of an earlier run.
    pub fn new(bound: Option<String>, now_millis: i64) -> Self {
        let overlap = i64::try_from(OVERLAP.as_millis()).unwrap_or(i64::MAX);
        Self { settled_before_millis: now_millis.saturating_sub(overlap), bound, closed: false }
    }

    /// Records the next object of the listing.
    pub fn see(&mut self, listed: &ListedObject) {
        if listed.version.last_modified_millis >= self.settled_before_millis {
            self.closed = true;
        }
        if !self.closed {
            self.bound = Some(listed.key.clone());
        }
    }

    /// The key up to which everything was seen.
    pub fn bound(self) -> Option<String> {
        self.bound
    }
}

#[cfg(test)]
mod tests {
    use super::{Growing, OVERLAP};
    use crate::ingest::source::listing::ListedObject;
    use crate::ingest::unit::object_version::ObjectVersion;

    #[test]
    fn the_bound_stays_before_the_first_object_that_landed_lately() {
        let now = 10_000_000_i64;
        let old = now - i64::try_from(OVERLAP.as_millis()).unwrap() - 1;
        let object = |key: &str, millis| ListedObject {
            key: key.into(),
            version: ObjectVersion { version_id: None, etag: None, last_modified_millis: millis },
        };
        let mut growing = Growing::new(Some("a".into()), now);
        assert_eq!(growing.clone().bound().as_deref(), Some("a"));
        for (key, landed) in [("b", old), ("c", old), ("d", now - 5), ("e", old)] {
            growing.see(&object(key, landed));
        }
        assert_eq!(growing.bound().as_deref(), Some("c"), "an object beside d may still become visible");
    }
}
