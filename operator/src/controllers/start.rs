//! What triggers a reconcile: a change of a resource, of one of its Jobs or of a connection that it refers to, or a
//! requeue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use docmill_clients::cause::with_causes;
use docmill_crds::api::connection::ConnectionKind;
use docmill_crds::contract::{
    ENDPOINTS_ALLOW_ENV, ENDPOINTS_ALLOW_RESERVED_ENV, ENDPOINTS_DENY_ENV, LOG_FORMAT_ENV, label,
};
use docmill_crds::{ClusterConnection, Connection, EnrichmentRun, IngestRun, IngestSource};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use super::ingest_source::client_cache::ClientCache;
use super::ingest_source::context::SourceContext;
use super::ingest_source::rest::RestingSources;
use super::ingest_source::worker_quota::WorkerQuota;
use super::reconcile_limit::ReconcileLimiter;
use super::retention::{self, Retention};
use super::{connection, enrichment_schedule, ingest_source, run_controller};
use crate::args::Args;
use crate::circuit_breaker::CircuitBreaker;
use crate::connections::{self, users};
use crate::context::Context;
use crate::k8s::apply::{ApplyError, FIELD_MANAGER, Writer};
use crate::k8s::cluster;
use crate::k8s::leader::Leadership;
use crate::k8s::rules::Rules;
use crate::requeue;
use crate::shutdown::Shutdown;
use crate::stores::SecretReader;
use crate::telemetry::metrics::{Kind, Metrics, ReconcileOutcome, ResourceCollector, ResourceMetrics};
use crate::workers::worker_pod::WorkerImage;
use crate::workers::worker_status;

/// Concurrent reconciles per kind. A reconcile mostly waits for the stores of its resource, and some do not
/// answer.
const CONCURRENCY: u16 = 96;
/// Merges changes that arrive together, and lets the views of Jobs and pods catch up with the trigger.
const DEBOUNCE: Duration = Duration::from_secs(1);
/// Requeue interval of a reconcile that found its namespace at its limit.
const ANOTHER_TURN: Duration = Duration::from_secs(1);
/// Requeue interval after an error of the API server; its client has retried several times by then.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// Reconciles everything until the process is asked to shut down and the reconciles in flight are done.
pub async fn run(
    args: &Args,
    client: Client,
    metrics: Arc<Metrics>,
    leadership: Leadership,
    stop: Shutdown,
) -> anyhow::Result<()> {
    let (jobs, watch_jobs) = view::<Job>(&client);
    let (pods, watch_pods) = view::<Pod>(&client);
    let (poll_runs, watch_poll_runs) = view::<DeserializeGuard<IngestRun>>(&client);
    let (scheduled_runs, watch_scheduled_runs) = view::<DeserializeGuard<EnrichmentRun>>(&client);
    let (connections, watch_connections) = connections::watch(&client, args.rules.require_connections);
    let source_controller = controller::<IngestSource>(&client);
    let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(args.identity()) };
    let recorder = Recorder::new(client.clone(), reporter);
    let context = Arc::new(Context {
        client: client.clone(),
        reader: SecretReader { client: client.clone(), rules: Arc::new(Rules::new(&args.rules)) },
        writer: Writer::new(client.clone(), leadership, recorder),
        cluster_uid: cluster::uid(&client).await?,
        image: WorkerImage {
            image: args.worker_image.clone(),
            pull_policy: args.worker_image_pull_policy.clone(),
            env: worker_env(args),
            user: args.worker_run_as_user.0,
        },
        metrics,
        jobs: jobs.clone(),
        pods: pods.clone(),
        sources: source_controller.store(),
        poll_runs: poll_runs.clone(),
        scheduled_runs: scheduled_runs.clone(),
        connections: connections.clone(),
        worker_http: worker_status::client()?,
        circuit_breaker: CircuitBreaker::default(),
    });
    let sources = Arc::new(SourceContext {
        common: context.clone(),
        clients: ClientCache::default(),
        quota: WorkerQuota::new(args.max_workers),
        resting: RestingSources::default(),
    });
    let retention = Retention {
        every: Duration::from_secs(args.retention_interval_seconds),
        grace: Duration::from_secs(args.retention_grace_seconds),
    };
    let controllers = async {
        // With a view that is not filled yet, a reconcile would start workers that already exist.
        jobs.wait_until_ready().await?;
        pods.wait_until_ready().await?;
        poll_runs.wait_until_ready().await?;
        scheduled_runs.wait_until_ready().await?;
        connections.wait_until_ready().await?;
        let metrics_and_stop = (&context.metrics, &stop);
        let resources = &context.metrics.resources;
        let (jobs, ingest_runs, enrichment_runs) = (
            || Api::<Job>::all(client.clone()),
            || Api::<DeserializeGuard<IngestRun>>::all(client.clone()),
            || Api::<DeserializeGuard<EnrichmentRun>>::all(client.clone()),
        );
        let source_controller = on_connections(source_controller, &client);
        tokio::join!(
            start_controller(
                source_controller
                    .owns(jobs(), labelled(label::SOURCE))
                    .owns(ingest_runs(), labelled(label::TRIGGER)),
                (Kind::IngestSource, &resources.sources),
                ingest_source::reconcile,
                sources.clone(),
                metrics_and_stop,
            ),
            start_controller(
                controller(&client).owns(jobs(), labelled(label::INGEST_RUN)),
                (Kind::IngestRun, &resources.ingest_runs),
                run_controller::reconcile::<IngestRun>,
                context.clone(),
                metrics_and_stop,
            ),
            start_controller(
                controller(&client).owns(jobs(), labelled(label::RUN)),
                (Kind::EnrichmentRun, &resources.enrichment_runs),
                run_controller::reconcile::<EnrichmentRun>,
                context.clone(),
                metrics_and_stop,
            ),
            start_controller(
                controller(&client).owns(enrichment_runs(), labelled(label::SCHEDULE)),
                (Kind::EnrichmentSchedule, &resources.schedules),
                enrichment_schedule::reconcile,
                context.clone(),
                metrics_and_stop,
            ),
            start_connections(&client, &context, &stop),
            retention::run(sources.clone(), retention, stop.clone()),
        );
        anyhow::Ok(())
    };
    tokio::select! {
        result = controllers => result,
        () = watch_jobs => Ok(()),
        () = watch_pods => Ok(()),
        () = watch_poll_runs => Ok(()),
        () = watch_scheduled_runs => Ok(()),
        () = watch_connections => Ok(()),
    }
}

/// What workers inherit from the operator: log format and level, which endpoints they may use, and where
/// spans go.
fn worker_env(args: &Args) -> Vec<(String, String)> {
    let logs = [
        (LOG_FORMAT_ENV.to_owned(), args.log_format.as_str().to_owned()),
        ("RUST_LOG".to_owned(), args.log_level.clone()),
    ];
    let endpoints = [
        (ENDPOINTS_ALLOW_ENV, &args.endpoints_allow),
        (ENDPOINTS_DENY_ENV, &args.endpoints_deny),
        (ENDPOINTS_ALLOW_RESERVED_ENV, &args.endpoints_allow_reserved),
    ];
    let endpoints = endpoints.into_iter().filter(|(_, list)| !list.is_empty());
    let endpoints = endpoints.map(|(name, list)| (name.to_owned(), list.clone()));
    let traces = std::env::vars().filter(|(name, _)| name == "OTEL_EXPORTER_OTLP_ENDPOINT");
    logs.into_iter().chain(endpoints).chain(traces).collect()
}

/// Runs the controller of a kind until the process is asked to shut down and its reconciles are done. The
/// kind's metrics read the controller's view.
async fn start_controller<K, C, R, P>(
    controller: Controller<DeserializeGuard<K>>,
    (kind, resources): (Kind, &ResourceCollector<K>),
    reconcile: R,
    context: Arc<C>,
    (metrics, stop): (&Arc<Metrics>, &Shutdown),
) where
    K: ResourceMetrics + DeserializeOwned,
    C: Send + Sync + 'static,
    R: Fn(Arc<DeserializeGuard<K>>, Arc<C>) -> P,
    P: Future<Output = ReconcileResult> + Send + 'static,
{
    let controller = controller.with_config(config()).graceful_shutdown_on(stop.clone().requested());
    resources.set_view(controller.store());
    let reconcile = limited_reconciles(kind, Arc::clone(metrics), reconcile);
    controller.run(reconcile, after_error, context).for_each(log_reconcile).await;
}

/// The objects with a label.
fn labelled(label: &str) -> watcher::Config {
    watcher::Config::default().labels(label)
}

/// Runs the controllers of both kinds of connections.
async fn start_connections(client: &Client, context: &Arc<Context>, stop: &Shutdown) {
    let metrics_and_stop = (&context.metrics, stop);
    let resources = &context.metrics.resources;
    tokio::join!(
        start_controller(
            controller(client),
            (Kind::Connection, &resources.connections),
            connection::reconcile::<Connection>,
            context.clone(),
            metrics_and_stop,
        ),
        start_controller(
            controller(client),
            (Kind::ClusterConnection, &resources.cluster_connections),
            connection::reconcile::<ClusterConnection>,
            context.clone(),
            metrics_and_stop,
        ),
    );
}

/// Reconciles a source also when a connection that it refers to changes.
fn on_connections(
    sources: Controller<DeserializeGuard<IngestSource>>,
    client: &Client,
) -> Controller<DeserializeGuard<IngestSource>> {
    let users_of_namespaced = users::<IngestSource, Connection>(sources.store(), ConnectionKind::Connection);
    let users_of_cluster =
        users::<IngestSource, ClusterConnection>(sources.store(), ConnectionKind::ClusterConnection);
    let namespaced = Api::<DeserializeGuard<Connection>>::all(client.clone());
    let cluster = Api::<DeserializeGuard<ClusterConnection>>::all(client.clone());
    sources.watches(namespaced, watcher::Config::default(), users_of_namespaced).watches(
        cluster,
        watcher::Config::default(),
        users_of_cluster,
    )
}

/// A controller of all resources of a kind.
fn controller<K>(client: &Client) -> Controller<DeserializeGuard<K>>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    Controller::new(Api::<DeserializeGuard<K>>::all(client.clone()), watcher::Config::default())
}

fn config() -> controller::Config {
    controller::Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE)
}

/// The reconciles of a kind: each is counted, and begins when its namespace is below its limit.
fn limited_reconciles<K, C, R, P>(
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
            let result = reconciling.await;
            let outcome = if result.is_ok() { ReconcileOutcome::Done } else { ReconcileOutcome::Failed };
            metrics.reconciled(kind, outcome, started.elapsed());
            result
        }
        .boxed()
    }
}

/// The result of a reconcile.
type ReconcileResult = Result<Action, ApplyError>;

#[allow(clippy::needless_pass_by_value, reason = "the signature that a controller asks for")]
fn after_error<K: Resource, C>(object: Arc<K>, error: &ApplyError, _: Arc<C>) -> Action {
    let name = object.name_any();
    let namespace = object.namespace().unwrap_or_default();
    tracing::warn!(error = with_causes(error), namespace, name, "a reconcile failed");
    let uid = object.uid().unwrap_or_default();
    Action::requeue(requeue::jitter(AFTER_ERROR, &uid, Timestamp::now()))
}

/// The result of a reconcile, as the controller reports it.
type ReconcileReport<K> =
    Result<(reflector::ObjectRef<K>, Action), controller::Error<ApplyError, watcher::Error>>;

/// Failed reconciles were logged by [`after_error`] already; only errors of watches are left.
async fn log_reconcile<K: Resource>(report: ReconcileReport<K>)
where
    K::DynamicType: std::fmt::Debug + Clone + Eq + std::hash::Hash,
{
    match report {
        Ok((object, _)) => tracing::debug!(%object, "reconcile done"),
        Err(controller::Error::ReconcilerFailed(..) | controller::Error::ObjectNotFound(_)) => {}
        Err(error) => tracing::warn!(error = with_causes(&error), "a watch failed; restarting it"),
    }
}

/// A view of all worker objects of a type, and the watch that keeps it up to date.
fn view<K>(client: &Client) -> (Store<K>, impl Future<Output = ()> + use<K>)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let (store, writer) = reflector::store();
    let ours = watcher::Config::default().labels("app.kubernetes.io/managed-by=docmill-operator");
    let watch = watcher(Api::<K>::all(client.clone()), ours)
        .default_backoff()
        // Managed fields are large, and never read.
        .modify(|object| {
            object.meta_mut().managed_fields = None;
        })
        .reflect(writer)
        .for_each(|event| async move {
            if let Err(error) = event {
                tracing::warn!(error = with_causes(&error), "a watch failed; restarting it");
            }
        });
    (store, watch)
}
