//! The command line. Every flag can also be set by an environment variable, which is how the chart does it.

mod command;
mod lease;
mod lineage;
mod records;
mod scope;

use std::net::SocketAddr;
use std::path::PathBuf;

use docmill_clients::outbound::{EndpointPolicy, PatternError};
use docmill_clients::telemetry::logs::LogFormat;
use docmill_crds::contract::{
    ENDPOINTS_ALLOW_ENV, ENDPOINTS_ALLOW_RESERVED_ENV, ENDPOINTS_DENY_ENV, KUBERNETES_SERVICE_HOST_ENV,
    LOG_FORMAT_ENV,
};

pub use command::{CheckArgs, Command};
pub use lease::LeaseArgs;
pub use lineage::LineageArgs;
pub use records::RecordsArgs;
pub use scope::ScopeArgs;

/// Turns Docmill resources into worker Jobs and reports their progress.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "operator", version = docmill_clients::telemetry::build_info::version())]
pub struct Args {
    /// Image of the worker pods.
    #[arg(long, env = "DOCMILL_WORKER_IMAGE")]
    pub worker_image: String,

    /// Pull policy of the worker image.
    #[arg(long, env = "DOCMILL_WORKER_IMAGE_PULL_POLICY", default_value = "IfNotPresent",
          value_parser = ["Always", "IfNotPresent", "Never"])]
    pub worker_image_pull_policy: String,

    /// User and group of the worker pods; `none` leaves the choice to the cluster, as `OpenShift` needs it.
    #[arg(long, env = "DOCMILL_WORKER_RUN_AS_USER", default_value = "65532", value_parser = WorkerUser::parse)]
    pub worker_run_as_user: WorkerUser,

    /// Maximum number of worker pods of all `IngestSource`s together. When they need more, each gets a fair
    /// share.
    #[arg(long, env = "DOCMILL_MAX_WORKERS", default_value_t = 100,
          value_parser = clap::value_parser!(i32).range(1..=100_000))]
    pub max_workers: i32,

    /// Maximum number of requests a second to the queues of all idle `IngestSource`s together. Beyond it, those
    /// that have been idle for longest are looked at less often.
    #[arg(long, env = "DOCMILL_IDLE_POLLS_PER_SECOND", default_value_t = 4,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub idle_polls_per_second: u32,

    /// How often, in seconds, the operator looks for what deleted runs left in the stores.
    #[arg(long, env = "DOCMILL_RETENTION_INTERVAL_SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub retention_interval_seconds: u64,

    /// Grace period in seconds: what a deleted run left is removed once nothing has been written for it this
    /// long.
    #[arg(long, env = "DOCMILL_RETENTION_GRACE_SECONDS", default_value_t = 600,
          value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    pub retention_grace_seconds: u64,

    /// Hosts, `*.hosts`, addresses and networks that resources may name as endpoints, separated by commas. If
    /// empty, every endpoint that is not denied is allowed.
    #[arg(long, env = ENDPOINTS_ALLOW_ENV, default_value = "")]
    pub endpoints_allow: String,

    /// Hosts, `*.hosts`, addresses and networks that resources may not name as endpoints, separated by
    /// commas.
    #[arg(long, env = ENDPOINTS_DENY_ENV, default_value = "")]
    pub endpoints_deny: String,

    /// Endpoints, in the same form, that resources may name although they are denied by default: loopback,
    /// link-local and the like.
    #[arg(long, env = ENDPOINTS_ALLOW_RESERVED_ENV, default_value = "")]
    pub endpoints_allow_reserved: String,

    /// The leader election Lease.
    #[command(flatten)]
    pub lease: LeaseArgs,

    /// Identity of this operator in the Lease. Default: `operator-<process id>`, which is unique on one
    /// machine only.
    #[arg(long, env = "POD_NAME")]
    pub pod_name: Option<String>,

    /// In which namespaces the operator works.
    #[command(flatten)]
    pub scope: ScopeArgs,

    /// The HTTP servers.
    #[command(flatten)]
    pub server: ServerArgs,

    /// The Records API.
    #[command(flatten)]
    pub records: RecordsArgs,

    /// OpenLineage events.
    #[command(flatten)]
    pub lineage: LineageArgs,

    /// Log level, or a filter such as `info,kube=debug`. Workers get the same.
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    pub log_level: String,

    /// Log format. Workers get the same.
    #[arg(long, env = LOG_FORMAT_ENV, value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,

    /// What the operator may do on behalf of the authors of resources.
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// What the operator serves.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerArgs {
    /// Listen address of `/metrics` (Prometheus). `[::]` stands for all addresses, also those of IPv4.
    #[arg(long, env = "DOCMILL_METRICS_ADDRESS", default_value = "[::]:8080")]
    pub metrics_address: SocketAddr,

    /// Listen address of `/healthz` and `/readyz`, in the same form.
    #[arg(long, default_value = "[::]:8081")]
    pub health_address: SocketAddr,

    /// Serve metrics over TLS, and only to clients whose token may get the path /metrics.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set)]
    pub metrics_secure: bool,

    /// Directory with tls.crt and tls.key for the metrics. Default: a self-signed certificate.
    #[arg(long)]
    pub metrics_certificate_dir: Option<PathBuf>,
}

/// What the operator may do on behalf of the authors of resources. In lists, `*` stands for any number of
/// characters other than `/`.
#[derive(Clone, Debug, clap::Args)]
pub struct RuleArgs {
    /// Use only Secrets with the label docmill.io/use: "true" or of type docmill.io/credentials.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub marked_secrets_only: bool,

    /// Refuse resources that state addresses themselves, and do not refer to Connections or `ClusterConnections`.
    #[arg(long, env = "DOCMILL_REQUIRE_CONNECTIONS", default_value_t = false, action = clap::ArgAction::Set)]
    pub require_connections: bool,

    /// Namespaces in which the operator may use its own cloud identity for buckets, queues and signed
    /// clusters of resources that name no Secret.
    #[arg(long, value_delimiter = ',')]
    pub own_identity_namespaces: Vec<String>,

    /// Labels that a podTemplate may set on workers.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "team,cost-center,kueue.x-k8s.io/queue-name,kueue.x-k8s.io/priority-class"
    )]
    pub pod_labels: Vec<String>,

    /// Annotations that a podTemplate may set on workers.
    #[arg(long, value_delimiter = ',', default_value = "*,prometheus.io/*")]
    pub pod_annotations: Vec<String>,

    /// Service accounts, besides `default`, that a podTemplate may name.
    #[arg(long, value_delimiter = ',', default_value = "docmill-worker,docmill-worker-*")]
    pub pod_service_accounts: Vec<String>,

    /// Priority classes that a podTemplate may name.
    #[arg(long, value_delimiter = ',')]
    pub pod_priority_classes: Vec<String>,

    /// Taints that a podTemplate may tolerate.
    #[arg(long, value_delimiter = ',', default_value = "*,*/*")]
    pub pod_tolerations: Vec<String>,

    /// Environment variables that a podTemplate may set on workers. Some are refused whatever is listed:
    /// Docmill's own, and those that decide which code runs.
    #[arg(long, value_delimiter = ',', default_value = "RUST_BACKTRACE,SSL_CERT_DIR,SSL_CERT_FILE")]
    pub pod_env: Vec<String>,

    /// Kinds of volumes that a podTemplate may have: configMap, secret, emptyDir, projected,
    /// persistentVolumeClaim, csi.
    #[arg(long, value_delimiter = ',', default_value = "configMap,secret,emptyDir,projected")]
    pub pod_volumes: Vec<String>,

    /// Runtime classes that a podTemplate may name.
    #[arg(long, value_delimiter = ',')]
    pub pod_runtime_classes: Vec<String>,

    /// Schedulers, besides `default-scheduler`, that a podTemplate may name.
    #[arg(long, value_delimiter = ',')]
    pub pod_schedulers: Vec<String>,

    /// Fields that a podTemplate may set although they are refused by default: securityContext, hostAliases,
    /// dnsConfig (that is, its nameservers and searches).
    #[arg(long, value_delimiter = ',')]
    pub pod_fields: Vec<String>,
}

/// The user, and the group of the same number, that worker pods run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerUser(pub Option<i64>);

impl WorkerUser {
    /// Reads `none`, or a number that is not root's.
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        match text.parse::<i32>() {
            Ok(user) if user > 0 => Ok(Self(Some(user.into()))),
            _ => Err(format!("write none, or a number from 1 to {}", i32::MAX)),
        }
    }
}

impl Args {
    /// Which endpoints resources may name. The address of the API server is in the environment of every pod.
    pub fn endpoints(&self) -> Result<EndpointPolicy, PatternError> {
        let (allow, deny) = (&self.endpoints_allow, &self.endpoints_deny);
        let policy = EndpointPolicy::parse(allow, deny, &self.endpoints_allow_reserved)?;
        Ok(policy.with_api_server(&std::env::var(KUBERNETES_SERVICE_HOST_ENV).unwrap_or_default()))
    }

    /// The name of this operator among its replicas.
    pub fn identity(&self) -> String {
        self.pod_name.clone().unwrap_or_else(|| format!("operator-{}", std::process::id()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::Args;

    #[test]
    fn an_unknown_pull_policy_is_refused() {
        let given = ["operator", "--worker-image", "w", "--worker-image-pull-policy", "Sometimes"];
        assert!(Args::try_parse_from(given).is_err());
    }

    #[test]
    fn no_worker_and_no_look_at_all_are_refused_and_the_defaults_are_a_hundred_and_four() {
        let parse =
            |more: &[&str]| Args::try_parse_from([&["operator", "--worker-image", "w"], more].concat());
        assert!(parse(&["--max-workers", "0"]).is_err());
        assert!(parse(&["--idle-polls-per-second", "0"]).is_err());
        assert_eq!(parse(&[]).unwrap().max_workers, 100);
        assert_eq!(parse(&[]).unwrap().idle_polls_per_second, 4);
    }

    #[test]
    fn workers_run_as_a_user_that_is_not_root_or_as_the_cluster_says() {
        let parse = |more: &[&str]| {
            let given = [&["operator", "--worker-image", "w"], more].concat();
            Args::try_parse_from(given).map(|args| args.worker_run_as_user.0).ok()
        };
        assert_eq!(parse(&[]), Some(Some(65532)));
        assert_eq!(parse(&["--worker-run-as-user", "1000660000"]), Some(Some(1_000_660_000)));
        assert_eq!(parse(&["--worker-run-as-user", "none"]), Some(None));
        for wrong in ["0", "root", "", "2147483648"] {
            assert_eq!(parse(&["--worker-run-as-user", wrong]), None, "{wrong}");
        }
    }

    #[test]
    fn the_pod_name_is_the_identity() {
        let args =
            Args::try_parse_from(["operator", "--worker-image", "w", "--pod-name", "operator-0"]).unwrap();
        assert_eq!(args.identity(), "operator-0");
    }
}
