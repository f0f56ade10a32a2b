//! Keeps keys out: the tombstone of a forgotten key lets no unit of it in.

use std::collections::BTreeSet;

use docmill_clients::{clock, retry};
use docmill_crds::records::heads::KeyHead;

use super::stores::Stores;
use crate::ingest::index::claim;
use crate::ingest::index::heads::CommitError;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

impl Stores<'_> {
    /// Writes the tombstones of keys. Returns the keys that had none.
    pub(super) async fn close_all(&self, keys: &BTreeSet<String>) -> Result<BTreeSet<String>, RunError> {
        let mut closed = BTreeSet::new();
        for key in keys {
            if self.close(key).await? {
                closed.insert(key.clone());
            }
        }
        Ok(closed)
    }

    async fn close(&self, key: &str) -> Result<bool, RunError> {
        let (bucket, stop) = (&self.raw.location.bucket, &self.context.stop.abort);
        let close = async || {
            let (head, if_unchanged) = self.heads.key(bucket, key).await?.unzip();
            if head.as_ref().is_some_and(|head| head.forgotten) {
                return Ok(false);
            }
            let tombstone = claim::forgotten(head.as_ref(), bucket, key, clock::now_millis());
            self.heads.set_key(&tombstone, if_unchanged, stop).await?;
            Ok::<_, CommitError>(true)
        };
        Ok(retry::retry_transient(PATIENCE, stop, close).await?)
    }

    /// The tombstone of a key that is kept out.
    pub(super) async fn tombstone(&self, key: &str) -> Result<Option<KeyHead>, RunError> {
        let read = async || self.heads.key(&self.raw.location.bucket, key).await;
        let head = retry::retry_transient(PATIENCE, &self.context.stop.abort, read).await?;
        Ok(head.map(|(head, _)| head))
    }
}
