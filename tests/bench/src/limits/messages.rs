//! Receiving and deleting, ten at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::stores::Sqs;

/// How long the service waits for a message.
const WAIT_SECONDS: u32 = 1;

/// Receives and deletes until so many messages are gone.
pub async fn messages(sqs: &str, queue: &str, count: usize, connections: usize) -> Result<()> {
    let gone = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let mut sqs = Sqs::new(sqs)?;
        let (gone, queue) = (Arc::clone(&gone), queue.to_owned());
        tasks.spawn(async move {
            while gone.load(Ordering::Relaxed) < count {
                let messages = sqs.receive(&queue, WAIT_SECONDS).await?;
                if !messages.is_empty() {
                    sqs.delete(&queue, &messages).await?;
                    gone.fetch_add(messages.len(), Ordering::Relaxed);
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}
