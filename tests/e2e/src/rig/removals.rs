//! Objects that are removed from the raw bucket.

use anyhow::Result;
use serde_json::Value;

use super::Rig;
use crate::notices;

impl Rig {
    /// [`Rig::spec`], but documents go with their objects.
    pub fn removing_spec(&self) -> Value {
        removing(self.spec())
    }

    /// Removes objects, and tells of nothing.
    pub async fn take_away(&self, keys: &[&str]) -> Result<()> {
        for key in keys {
            self.s3.remove(&self.raw_bucket(), key).await?;
        }
        Ok(())
    }

    /// Tells of the removal of objects, each in a message of its own.
    pub async fn tell_removed(&self, keys: &[&str]) -> Result<()> {
        self.send(self.removals(keys)).await
    }

    /// Messages about the removal of objects.
    pub fn removals(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| notices::removal(&self.raw_bucket(), key, None)).collect()
    }

    /// Sends messages as they are.
    pub async fn send(&self, messages: Vec<String>) -> Result<()> {
        self.sqs.send_all(&self.queue_url, messages).await
    }

    /// [`Rig::drain`] where documents go with their objects.
    pub async fn drain_removing(&self) -> Result<()> {
        self.drain_for(&self.removing_spec()).await
    }
}

/// A spec by which documents go with their objects.
pub fn removing(mut spec: Value) -> Value {
    spec["raw"]["onDelete"] = "Delete".into();
    spec
}
