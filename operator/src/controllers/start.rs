//! What triggers a reconcile: a change of a resource, of one of its Jobs or of a connection that it refers to, or a
//! requeue.

use std::sync::Arc;
use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_crds::api::connection_ref::ConnectionKind;
use docmill_crds::contract::{
    ENDPOINTS_ALLOW_ENV, ENDPOINTS_ALLOW_RESERVED_ENV, ENDPOINTS_DENY_ENV, LOG_FORMAT_ENV, label,
};
use docmill_crds::{
    ClusterConnection, Connection, ConversionModel, EnrichmentRun, EnrichmentSchedule, IngestRun,
    IngestSchedule, IngestSource,
};
use futures::StreamExt as _;
use futures::future::{OptionFuture, join, join_all, try_join_all};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::store::WriterDropped;
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use super::ingest_source::context::SourceContext;
use super::reconcile_limit::{ReconcileResult, limited_reconciles};
use super::retention::{self, Retention};
use super::views::Views;
use super::{connection, conversion_model, ingest_source, run_controller, schedule};
use crate::args::Args;
use crate::connections::{ClusterViews, Connections, users};
use crate::context::Context;
use crate::k8s::apply::{ApplyError, FIELD_MANAGER, Writer};
use crate::k8s::cluster;
use crate::k8s::leader::Leadership;
use crate::k8s::rules::Rules;
use crate::k8s::scope::Scope;
use crate::k8s::view::slim;
use crate::outcome::requeue;
use crate::shutdown::Shutdown;
use crate::stores::SecretReader;
use crate::stores::circuit_breaker::CircuitBreaker;
use crate::telemetry::metrics::{Kind, Metrics, ResourceCollector, ResourceMetrics};
use crate::telemetry::open_lineage::LineageSender;
use crate::workers::worker_pod::WorkerImage;
use crate::workers::worker_status;

/// Concurrent reconciles per kind. A reconcile mostly waits for the stores of its resource, and some do not
/// answer.
const CONCURRENCY: u16 = 96;
/// Merges changes that arrive together, and lets the views of Jobs and pods catch up with the trigger.
const DEBOUNCE: Duration = Duration::from_secs(1);
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
    let scopes = Scope::all(&args.scope, &client);
    let (watched, ignored) = (&args.scope.watch_namespaces, &args.scope.ignore_namespaces);
    tracing::info!(?watched, ?ignored, "watching");
    let (views, watching): (Vec<Views>, Vec<_>) = scopes.iter().map(Views::of).unzip();
    let (cluster, watching_cluster) = watched.is_empty().then(|| ClusterViews::of(&client)).unzip();
    let source_controllers: Vec<_> = scopes.iter().map(controller::<IngestSource>).collect();
    let model_controllers: Vec<_> = scopes.iter().map(controller::<ConversionModel>).collect();
    let lineage = LineageSender::start(&args.lineage, metrics.clone())?;
    let context = Arc::new(Context {
        client: client.clone(),
        reader: SecretReader::new(client.clone(), Arc::new(Rules::new(&args.rules))),
        writer: Writer::new(client.clone(), leadership, recorder(args, &client)),
        cluster_uid: cluster::uid(args, &client).await?,
        image: WorkerImage {
            image: args.worker_image.clone(),
            pull_policy: args.worker_image_pull_policy.clone(),
            env: worker_env(args),
            user: args.worker_run_as_user.0,
        },
        release: format!("{}/{}", args.lease.namespace, args.lease.name),
        max_workers: args.max_workers,
        metrics,
        jobs: views.iter().map(|views| views.jobs.clone()).collect(),
        pods: views.iter().map(|views| views.pods.clone()).collect(),
        sources: source_controllers.iter().map(Controller::store).collect(),
        models: model_controllers.iter().map(Controller::store).collect(),
        ingest_runs: views.iter().map(|views| views.ingest_runs.clone()).collect(),
        scheduled_runs: views.iter().map(|views| views.scheduled_runs.clone()).collect(),
        connections: Connections {
            namespaced: views.iter().map(|views| views.connections.clone()).collect(),
            cluster,
            required: args.rules.require_connections,
        },
        worker_http: worker_status::client()?,
        lineage,
        circuit_breaker: CircuitBreaker::default(),
    });
    let sources = Arc::new(SourceContext::new(context, args.idle_polls_per_second));
    let retention = Retention {
        every: Duration::from_secs(args.retention_interval_seconds),
        grace: Duration::from_secs(args.retention_grace_seconds),
    };
    let parts = scopes.iter().zip(&views).zip(source_controllers.into_iter().zip(model_controllers));
    let controllers =
        parts.map(|((scope, views), controllers)| run_scope(scope, views, controllers, &sources, &stop));
    let controllers = try_join_all(controllers);
    let others = async {
        tokio::join!(
            retention::run(sources.clone(), retention, stop.clone()),
            run_cluster_connections(&sources.common, &stop),
        );
        anyhow::Ok(())
    };
    tokio::select! {
        result = async { tokio::try_join!(controllers, others) } => result.map(drop),
        _ = join(join_all(watching), OptionFuture::from(watching_cluster)) => Ok(()),
    }
}

/// Runs the controllers of a scope until the process is asked to shut down and their reconciles are done. A
/// scope that cannot be read does not keep the others waiting.
async fn run_scope(
    scope: &Scope,
    views: &Views,
    (source_controller, model_controller): (
        Controller<DeserializeGuard<IngestSource>>,
        Controller<DeserializeGuard<ConversionModel>>,
    ),
    sources: &Arc<SourceContext>,
    stop: &Shutdown,
) -> anyhow::Result<()> {
    let context = &sources.common;
    // With a view that is not filled yet, a reconcile would start workers that already exist, and not find connections.
    tokio::select! {
        ready = ready(views, &context.connections) => ready?,
        () = stop.clone().requested() => return Ok(()),
    }
    let metrics_and_stop = (&context.metrics, stop);
    let resources = &context.metrics.resources;
    tokio::join!(
        start_controller(
            with_connections(with_models(source_controller, scope), scope, context)
                .owns(scope.api::<Job>(), scope.labelled(label::SOURCE))
                .owns(scope.api::<DeserializeGuard<IngestRun>>(), scope.labelled(label::TRIGGER)),
            (Kind::IngestSource, &resources.sources),
            ingest_source::reconcile,
            sources.clone(),
            metrics_and_stop,
        ),
        start_controller(
            controller(scope).owns(scope.api::<Job>(), scope.labelled(label::INGEST_RUN)),
            (Kind::IngestRun, &resources.ingest_runs),
            run_controller::reconcile::<IngestRun>,
            context.clone(),
            metrics_and_stop,
        ),
        start_controller(
            controller(scope).owns(scope.api::<Job>(), scope.labelled(label::RUN)),
            (Kind::EnrichmentRun, &resources.enrichment_runs),
            run_controller::reconcile::<EnrichmentRun>,
            context.clone(),
            metrics_and_stop,
        ),
        start_controller(
            controller(scope)
                .owns(scope.api::<DeserializeGuard<EnrichmentRun>>(), scope.labelled(label::SCHEDULE)),
            (Kind::EnrichmentSchedule, &resources.enrichment_schedules),
            schedule::reconcile::<EnrichmentSchedule>,
            context.clone(),
            metrics_and_stop,
        ),
        start_controller(
            controller(scope)
                .owns(scope.api::<DeserializeGuard<IngestRun>>(), scope.labelled(label::SCHEDULE)),
            (Kind::IngestSchedule, &resources.ingest_schedules),
            schedule::reconcile::<IngestSchedule>,
            context.clone(),
            metrics_and_stop,
        ),
        start_controller(
            model_controller,
            (Kind::ConversionModel, &resources.models),
            conversion_model::reconcile,
            context.clone(),
            metrics_and_stop,
        ),
        start_controller(
            controller(scope),
            (Kind::Connection, &resources.connections),
            connection::reconcile::<Connection>,
            context.clone(),
            metrics_and_stop,
        ),
    );
    Ok(())
}

/// Waits until everything is known that the reconciles of a scope look up in memory.
async fn ready(views: &Views, connections: &Connections) -> Result<(), WriterDropped> {
    views.ready().await?;
    match &connections.cluster {
        Some(cluster) => cluster.ready().await,
        None => Ok(()),
    }
}

/// Runs the controller of `ClusterConnection`s, unless the operator watches single namespaces.
async fn run_cluster_connections(context: &Arc<Context>, stop: &Shutdown) {
    if context.connections.cluster.is_none() {
        return;
    }
    let all = Api::<DeserializeGuard<ClusterConnection>>::all(context.client.clone());
    let running = start_controller(
        controller_of(all, watcher::Config::default()),
        (Kind::ClusterConnection, &context.metrics.resources.cluster_connections),
        connection::reconcile::<ClusterConnection>,
        context.clone(),
        (&context.metrics, stop),
    );
    Box::pin(running).await;
}

/// What records the Events.
fn recorder(args: &Args, client: &Client) -> Recorder {
    let reporter = Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(args.identity()) };
    Recorder::new(client.clone(), reporter)
}

/// A controller that also looks at the sources that refer to a model whenever the model changes.
fn with_models(
    sources: Controller<DeserializeGuard<IngestSource>>,
    scope: &Scope,
) -> Controller<DeserializeGuard<IngestSource>> {
    let view = sources.store();
    sources.watches(scope.api::<DeserializeGuard<ConversionModel>>(), scope.everything(), move |model| {
        conversion_model::users(&model, &view.state())
    })
}

/// A controller that also looks at the sources that refer to a connection whenever the connection changes.
fn with_connections(
    sources: Controller<DeserializeGuard<IngestSource>>,
    scope: &Scope,
    context: &Context,
) -> Controller<DeserializeGuard<IngestSource>> {
    let view = sources.store();
    let of_namespaced = users::<IngestSource, Connection>(view.clone(), ConnectionKind::Connection);
    let connections = scope.api::<DeserializeGuard<Connection>>();
    let sources = sources.watches(connections, scope.everything(), of_namespaced);
    if context.connections.cluster.is_none() {
        return sources;
    }
    let of_cluster = users::<IngestSource, ClusterConnection>(view, ConnectionKind::ClusterConnection);
    let connections = Api::<DeserializeGuard<ClusterConnection>>::all(context.client.clone());
    sources.watches(connections, watcher::Config::default(), of_cluster)
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
    let traces = trace_env(|name| std::env::var(name).ok());
    logs.into_iter().chain(endpoints).chain(traces).collect()
}

/// Which of the variables for spans the operator has itself. Not the headers of the exporter: they hold secrets, and
/// whoever sees a pod sees its variables.
fn trace_env(own: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    const NAMES: [&str; 5] = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "OTEL_RESOURCE_ATTRIBUTES",
    ];
    NAMES.into_iter().filter_map(|name| Some((name.to_owned(), own(name)?))).collect()
}

/// Runs the controller of a kind until the process is asked to shut down and its reconciles are done. The
/// kind's metrics read the controller's view too.
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
    resources.add_view(controller.store());
    let reconcile = limited_reconciles(kind, Arc::clone(metrics), reconcile);
    controller.run(reconcile, after_error, context).for_each(log_reconcile).await;
}

/// A controller of the resources of a kind in a scope.
fn controller<K>(scope: &Scope) -> Controller<DeserializeGuard<K>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    controller_of(scope.api(), scope.everything())
}

/// A controller of these resources.
fn controller_of<K>(
    resources: Api<DeserializeGuard<K>>,
    selection: watcher::Config,
) -> Controller<DeserializeGuard<K>>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (view, writer) = reflector::store();
    let watch = watcher(resources, selection).modify(slim).reflect(writer).applied_objects();
    Controller::for_stream(watch, view)
}

fn config() -> controller::Config {
    controller::Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE)
}

#[allow(clippy::needless_pass_by_value, reason = "the signature that a controller asks for")]
fn after_error<K: Resource<DynamicType = ()>, C>(object: Arc<K>, error: &ApplyError, _: Arc<C>) -> Action {
    let (kind, name) = (K::kind(&()), object.name_any());
    let namespace = object.namespace().unwrap_or_default();
    tracing::warn!(error = with_causes(error), %kind, namespace, name, "a reconcile failed");
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

#[cfg(test)]
mod tests {
    use super::trace_env;

    #[test]
    fn workers_inherit_where_spans_go_and_how_many_but_no_headers() {
        let set = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_HEADERS"];
        let passed = trace_env(|name| set.contains(&name).then(|| "a".to_owned()));
        let names: Vec<&str> = passed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER"]);
    }
}
