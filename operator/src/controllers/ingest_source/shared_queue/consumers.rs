//! How many sources take from each queue. It is counted every few seconds, so that a source at rest does not look at all
//! the others each time that it is looked at.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_crds::IngestSource;
use kube::core::DeserializeGuard;

use super::{identity, takes};

/// How long a count is kept.
const KEPT: Duration = Duration::from_secs(10);

/// Sources by the identity of the queue that they take from, as they were last counted. Losing it costs another count.
#[derive(Debug, Default)]
pub struct QueueConsumers(Mutex<Option<Counted>>);

#[derive(Debug)]
struct Counted {
    at: Instant,
    sources: HashMap<String, usize>,
}

impl QueueConsumers {
    /// Whether at most one source took from the queue with this URL at the last count. `all` gives the sources for the
    /// next count, and `queue_url` the URL of a source's queue.
    pub fn has_one(
        &self,
        url: &str,
        now: Instant,
        all: impl FnOnce() -> Vec<Arc<DeserializeGuard<IngestSource>>>,
        queue_url: impl Fn(&IngestSource) -> Option<String>,
    ) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = counted.take().filter(|counted| now.saturating_duration_since(counted.at) < KEPT);
        let counted = counted.insert(fresh.unwrap_or_else(|| Counted::of(&all(), now, queue_url)));
        counted.sources.get(&identity(url)).is_none_or(|count| *count <= 1)
    }
}

impl Counted {
    fn of(
        all: &[Arc<DeserializeGuard<IngestSource>>],
        at: Instant,
        queue_url: impl Fn(&IngestSource) -> Option<String>,
    ) -> Self {
        let mut sources = HashMap::new();
        let readable = all.iter().filter_map(|guard| guard.0.as_ref().ok());
        for url in readable.filter(|source| takes(source)).filter_map(queue_url) {
            *sources.entry(identity(&url)).or_default() += 1;
        }
        Self { at, sources }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use docmill_crds::IngestSource;
    use kube::core::DeserializeGuard;

    use super::{KEPT, QueueConsumers};
    use crate::controllers::ingest_source::tests::source;

    const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/1/wire";
    const SAME_QUEUE: &str = "https://SQS.eu-west-1.amazonaws.com/1/wire/";

    fn taking(url: &str) -> Arc<DeserializeGuard<IngestSource>> {
        let mut source = source();
        if let Some(sqs) = &mut source.spec.trigger.sqs {
            sqs.queue_url = url.into();
        }
        Arc::new(DeserializeGuard(Ok(source)))
    }

    fn url(source: &IngestSource) -> Option<String> {
        source.spec.trigger.queue_url().map(str::to_owned)
    }

    #[test]
    fn another_consumer_is_seen_at_the_next_count() {
        let (consumers, now) = (QueueConsumers::default(), Instant::now());
        let one = || vec![taking(QUEUE), taking("https://sqs.eu-west-1.amazonaws.com/1/other")];
        let two = || vec![taking(QUEUE), taking(SAME_QUEUE)];
        assert!(consumers.has_one(QUEUE, now, one, url));
        assert!(consumers.has_one(SAME_QUEUE, now + KEPT / 2, two, url), "not counted again yet");
        assert!(!consumers.has_one(QUEUE, now + KEPT, two, url));
        assert!(
            !consumers.has_one(QUEUE, now + KEPT + Duration::from_secs(1), one, url),
            "not counted again yet"
        );
        assert!(consumers.has_one(QUEUE, now + KEPT * 2, one, url));
    }

    #[test]
    fn one_that_is_suspended_does_not_count() {
        let consumers = QueueConsumers::default();
        let all = || {
            let mut suspended = source();
            suspended.spec.suspend = true;
            if let Some(sqs) = &mut suspended.spec.trigger.sqs {
                sqs.queue_url = QUEUE.into();
            }
            vec![taking(QUEUE), Arc::new(DeserializeGuard(Ok(suspended)))]
        };
        assert!(consumers.has_one(QUEUE, Instant::now(), all, url));
    }
}
