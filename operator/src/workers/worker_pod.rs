//! The spec of a worker pod, for any kind of resource. No I/O.
//!
//! It runs under the Pod Security Standard `restricted`, has no access to the API server, and gets its
//! credentials as mounted files.

mod mounts;
mod settings;

use std::borrow::Cow;
use std::collections::BTreeMap;

use docmill_crds::api::credentials::CredentialSource;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::api::pod_template::{PodSettings, PodTemplate};
use docmill_crds::contract::{
    ExitCode, POD_NAME_ENV, SECRETS_DIR, WORK_ORDER_ENV, WORKER_MEMORY_ENV, WORKER_PORT, WorkOrder,
    secret_mount,
};
use k8s_openapi::api::batch::v1::{
    PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, ObjectFieldSelector, PodSpec,
    PodTemplateSpec, ResourceRequirements, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::ObjectMeta;

use crate::outcome::not_ready::NotReady;
use settings::not_empty;

/// Name of the container in every worker pod.
pub const CONTAINER: &str = "job-runner";
/// How long a worker may take to finish its batch when it is asked to stop.
const GRACE_SECONDS: i64 = 60;
/// Linux allows 128 KiB for one environment variable, including its name and the terminating zero.
const MAX_ORDER_BYTES: usize = 128 * 1024 - 64;

/// The image of all workers, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerImage {
    /// The image reference.
    pub image: String,
    /// `Always`, `IfNotPresent` or `Never`.
    pub pull_policy: String,
    /// Environment variables of every worker.
    pub env: Vec<(String, String)>,
    /// User and group of every worker, unless its template has others; `None` leaves the choice to the
    /// cluster.
    pub user: Option<i64>,
}

/// Credentials and the directory under [`SECRETS_DIR`] at which they are mounted.
#[derive(Clone, Debug)]
pub struct Mount<'a> {
    /// One of `docmill_crds::contract::secret_mount`.
    pub folder: Cow<'static, str>,
    /// Where they come from; empty if the resource names none.
    pub sources: Vec<CredentialSource<'a>>,
}

/// The Secrets of a source.
pub fn source_mounts(spec: &IngestSourceSpec) -> Vec<Mount<'_>> {
    vec![
        Mount { folder: secret_mount::STORAGE.into(), sources: spec.storage.credentials() },
        Mount { folder: secret_mount::QUEUE.into(), sources: spec.queue_credentials() },
        Mount { folder: secret_mount::INDEX.into(), sources: of_cluster(spec.index_cluster()) },
        Mount { folder: secret_mount::LEDGER.into(), sources: of_cluster(spec.own_ledger_cluster()) },
    ]
}

fn of_cluster(cluster: Option<&ElasticsearchCluster>) -> Vec<CredentialSource<'_>> {
    cluster.map(ElasticsearchCluster::credentials).unwrap_or_default()
}

/// What differs from one worker pod to the next.
#[derive(Debug)]
pub struct WorkerPod<'a> {
    /// The image.
    pub image: &'a WorkerImage,
    /// The work order, as [`encode_order`] returns it.
    pub order: String,
    /// Its Secrets.
    pub mounts: Vec<Mount<'a>>,
    /// Docmill's own labels.
    pub labels: BTreeMap<String, String>,
    /// What the user adds.
    pub template: &'a PodTemplate,
}

/// Encodes the work order as the value of an environment variable. Kubernetes expands `$(NAME)` in such
/// values, and reads `$$` as a literal `$`.
pub fn encode_order(order: &WorkOrder) -> Result<String, NotReady> {
    let json = serde_json::to_string(order).map_err(|error| {
        NotReady::user("InvalidSpec", format!("the spec cannot be written as JSON: {error}"))
    })?;
    if json.len() > MAX_ORDER_BYTES {
        let message = format!(
            "the spec has {} bytes, but workers can take at most {MAX_ORDER_BYTES}; shorten it",
            json.len()
        );
        return Err(NotReady::user("SpecTooLarge", message));
    }
    Ok(json.replace('$', "$$"))
}

/// Decodes the work order of a pod that [`encode_order`] encoded.
pub fn decode_order(pod: &PodSpec) -> Option<WorkOrder> {
    let container = pod.containers.iter().find(|container| container.name == CONTAINER)?;
    let variable = container.env.as_ref()?.iter().find(|variable| variable.name == WORK_ORDER_ENV)?;
    serde_json::from_str(&variable.value.as_ref()?.replace("$$", "$")).ok()
}

/// The pod template of a worker Job.
pub fn pod_template(pod: WorkerPod<'_>) -> PodTemplateSpec {
    let WorkerPod { image, order, mounts, labels, template } = pod;
    let mut all_labels = template.metadata.labels.clone();
    all_labels.extend(labels);
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(all_labels),
            annotations: not_empty(template.metadata.annotations.clone(), BTreeMap::is_empty),
            ..ObjectMeta::default()
        }),
        spec: Some(pod_spec(image, order, &mounts, &template.spec)),
    }
}

fn pod_spec(image: &WorkerImage, order: String, mounts: &[Mount<'_>], settings: &PodSettings) -> PodSpec {
    let volumes = mounts.iter().filter_map(volume).chain(settings.volumes.iter().map(settings::volume));
    let pull_secrets = settings.image_pull_secrets.iter().map(settings::pull_secret);
    PodSpec {
        affinity: settings.affinity.as_deref().cloned(),
        automount_service_account_token: Some(false),
        containers: vec![container(image, order, mounts, settings)],
        dns_config: settings.dns_config.as_deref().cloned(),
        dns_policy: settings.dns_policy.map(|policy| policy.as_str().to_owned()),
        enable_service_links: Some(false),
        host_aliases: not_empty(settings.host_aliases.clone(), Vec::is_empty),
        image_pull_secrets: not_empty(pull_secrets.collect(), Vec::is_empty),
        node_selector: not_empty(settings.node_selector.clone(), BTreeMap::is_empty),
        priority_class_name: settings.priority_class_name.clone(),
        restart_policy: Some("Never".into()),
        runtime_class_name: settings.runtime_class_name.clone(),
        scheduler_name: settings.scheduler_name.clone(),
        security_context: Some(settings::security_context(image.user, settings.security_context.as_deref())),
        service_account_name: settings.service_account_name.clone(),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        tolerations: not_empty(settings.tolerations.clone(), Vec::is_empty),
        topology_spread_constraints: not_empty(settings.topology_spread_constraints.clone(), Vec::is_empty),
        volumes: not_empty(volumes.collect(), Vec::is_empty),
        ..PodSpec::default()
    }
}

/// Labels that every Job and pod of a worker has.
pub fn common_labels() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), "docmill-worker".to_owned()),
        ("app.kubernetes.io/part-of".to_owned(), "docmill".to_owned()),
        ("app.kubernetes.io/managed-by".to_owned(), "docmill-operator".to_owned()),
    ])
}

/// How a Job treats the end of a pod: an eviction, a drained node or a worker that was asked to stop is no
/// failure, and an order that cannot be executed is not retried.
pub fn failure_policy() -> PodFailurePolicy {
    let ended_with = |code: ExitCode| PodFailurePolicyOnExitCodesRequirement {
        container_name: Some(CONTAINER.into()),
        operator: "In".into(),
        values: vec![i32::from(code.code())],
    };
    let rule = |action: &str, exit: Option<_>, condition: Option<_>| PodFailurePolicyRule {
        action: action.into(),
        on_exit_codes: exit,
        on_pod_conditions: condition,
    };
    let disrupted =
        PodFailurePolicyOnPodConditionsPattern { status: "True".into(), type_: "DisruptionTarget".into() };
    PodFailurePolicy {
        rules: vec![
            rule("FailJob", Some(ended_with(ExitCode::Permanent)), None),
            rule("Ignore", Some(ended_with(ExitCode::Stopped)), None),
            rule("Ignore", None, Some(vec![disrupted])),
        ],
    }
}

fn container(image: &WorkerImage, order: String, mounts: &[Mount<'_>], settings: &PodSettings) -> Container {
    let volume_mounts =
        mounts.iter().filter_map(volume_mount).chain(settings.volume_mounts.iter().map(settings::mount));
    Container {
        name: CONTAINER.into(),
        image: Some(image.image.clone()),
        image_pull_policy: Some(image.pull_policy.clone()),
        command: Some(vec!["job-runner".into(), "work".into()]),
        env: Some(env(image, order, settings)),
        ports: Some(vec![ContainerPort {
            name: Some("metrics".into()),
            container_port: WORKER_PORT.into(),
            ..ContainerPort::default()
        }]),
        resources: Some(settings.resources.as_deref().cloned().unwrap_or_else(default_resources)),
        security_context: Some(container_security()),
        volume_mounts: not_empty(volume_mounts.collect(), Vec::is_empty),
        ..Container::default()
    }
}

fn env(image: &WorkerImage, order: String, settings: &PodSettings) -> Vec<EnvVar> {
    let plain = |(name, value): (String, String)| EnvVar { name, value: Some(value), value_from: None };
    let own_name = EnvVar { name: POD_NAME_ENV.into(), value: None, value_from: Some(own_name()) };
    let order = plain((WORK_ORDER_ENV.to_owned(), order));
    let memory = WORKER_MEMORY_ENV.map(|(name, value)| (name.to_owned(), value.to_owned()));
    // A name may be in the list once. What the administrator lets a resource set wins.
    let inherited = image.env.iter().filter(|(name, _)| settings.env.iter().all(|own| own.name != *name));
    [order, own_name]
        .into_iter()
        .chain(memory.into_iter().chain(inherited.cloned()).map(plain))
        .chain(settings.env.iter().map(settings::variable))
        .collect()
}

fn own_name() -> EnvVarSource {
    EnvVarSource {
        field_ref: Some(ObjectFieldSelector {
            api_version: Some("v1".into()),
            field_path: "metadata.name".into(),
        }),
        ..EnvVarSource::default()
    }
}

/// A worker's memory is bounded by its batches; its CPU use depends on the input, and is not limited.
fn default_resources() -> ResourceRequirements {
    let quantity = |name: &str, amount: &str| (name.to_owned(), Quantity(amount.to_owned()));
    ResourceRequirements {
        requests: Some(BTreeMap::from([quantity("cpu", "50m"), quantity("memory", "64Mi")])),
        limits: Some(BTreeMap::from([quantity("memory", "512Mi")])),
        claims: None,
    }
}

fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".into()]) }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

fn volume(mount: &Mount<'_>) -> Option<Volume> {
    mounts::volume(mount.folder.to_string(), &mount.sources)
}

fn volume_mount(mount: &Mount<'_>) -> Option<VolumeMount> {
    let mounted = VolumeMount {
        name: mount.folder.to_string(),
        mount_path: format!("{SECRETS_DIR}/{}", mount.folder),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    (!mount.sources.is_empty()).then_some(mounted)
}
