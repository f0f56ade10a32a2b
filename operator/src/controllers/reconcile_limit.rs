//! What keeps the reconciles of a resource from those of others: the concurrent ones of a namespace are limited, so that
//! no namespace takes all slots, and one that panics ends by itself.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt as _};

use crate::k8s::apply::ApplyError;
use crate::outcome::requeue;
use crate::telemetry::metrics::{Kind, Metrics, ReconcileOutcome};

/// Requeue interval of a reconcile that found its namespace at its limit.
const ANOTHER_TURN: Duration = Duration::from_secs(1);
/// Concurrent reconciles of one kind and namespace.
const OF_NAMESPACE: usize = 32;

/// The result of a reconcile.
pub type ReconcileResult = Result<Action, ApplyError>;

/// The reconciles of a kind: each is counted, and begins when its namespace is below its limit. A panic is an error of
/// that reconcile: all namespaces share the process.
pub fn limited_reconciles<K, C, R, P>(
    kind: Kind,
    metrics: Arc<Metrics>,
    reconcile: R,
) -> impl Fn(Arc<K>, Arc<C>) -> BoxFuture<'static, ReconcileResult>
where
    K: Resource + Send + Sync + 'static,
    R: Fn(Arc<K>, Arc<C>) -> P,
    P: Future<Output = ReconcileResult> + Send + 'static,
{
    let limiter = ReconcileLimiter::default();
    move |object, context| {
        let (limiter, metrics) = (limiter.clone(), metrics.clone());
        let reconciling = Box::pin(reconcile(object.clone(), context));
        async move {
            let (namespace, uid) = (object.namespace().unwrap_or_default(), object.uid().unwrap_or_default());
            let Some(_permit) = limiter.begin(&namespace) else {
                return Ok(Action::requeue(requeue::jitter(ANOTHER_TURN, &uid, Timestamp::now())));
            };
            let started = Instant::now();
            // What reconciles share is either replaced as a whole or may be lost.
            let result = AssertUnwindSafe(reconciling).catch_unwind().await;
            let result = result.unwrap_or(Err(ApplyError::Panicked));
            let outcome = if result.is_ok() { ReconcileOutcome::Done } else { ReconcileOutcome::Failed };
            metrics.reconciled(kind, outcome, started.elapsed());
            result
        }
        .boxed()
    }
}

/// The reconciles of one kind in flight, by namespace.
#[derive(Clone, Debug, Default)]
pub struct ReconcileLimiter(Arc<Mutex<HashMap<String, usize>>>);

/// A reconcile in flight. Dropping this ends it.
#[derive(Debug)]
pub struct ReconcilePermit {
    limiter: ReconcileLimiter,
    namespace: String,
}

impl ReconcileLimiter {
    /// Begins a reconcile, unless the namespace is at its limit.
    pub fn begin(&self, namespace: &str) -> Option<ReconcilePermit> {
        let mut all = self.all();
        let count = all.entry(namespace.to_owned()).or_default();
        if *count >= OF_NAMESPACE {
            return None;
        }
        *count += 1;
        Some(ReconcilePermit { limiter: self.clone(), namespace: namespace.to_owned() })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ReconcilePermit {
    fn drop(&mut self) {
        let mut all = self.limiter.all();
        if let Some(count) = all.get_mut(&self.namespace) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use docmill_crds::IngestSource;
    use kube::ResourceExt as _;
    use kube::runtime::controller::Action;

    use super::{OF_NAMESPACE, ReconcileLimiter, limited_reconciles};
    use crate::controllers::ingest_source::tests::source;
    use crate::k8s::apply::ApplyError;
    use crate::telemetry::metrics::Kind;

    #[tokio::test]
    async fn a_reconcile_that_panics_ends_no_other() {
        let reconcile = |source: Arc<IngestSource>, _: Arc<()>| async move {
            assert_ne!(source.name_any(), "bad", "a fault of the operator");
            Ok::<_, ApplyError>(Action::await_change())
        };
        let reconcile = limited_reconciles(Kind::IngestSource, Arc::default(), reconcile);
        let named = |name: &str| {
            let mut source = source();
            source.metadata.name = Some(name.to_owned());
            Arc::new(source)
        };
        let failed = reconcile(named("bad"), Arc::new(())).await;
        assert!(matches!(failed, Err(ApplyError::Panicked)), "{failed:?}");
        assert_eq!(reconcile(named("good"), Arc::new(())).await.unwrap(), Action::await_change());
    }

    #[test]
    fn a_namespace_has_its_share_and_leaves_others_theirs() {
        let limiter = ReconcileLimiter::default();
        let mut permits: Vec<_> = (0..OF_NAMESPACE + 5).filter_map(|_| limiter.begin("hostile")).collect();
        assert_eq!(permits.len(), OF_NAMESPACE);
        assert!(limiter.begin("news").is_some());
        permits.pop();
        assert!(limiter.begin("hostile").is_some());
        permits.clear();
        assert!(limiter.all().is_empty());
    }
}
