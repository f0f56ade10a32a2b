//! Environment variables, files and ports of a worker pod.

/// Environment variable with the [`WorkOrder`](super::WorkOrder).
pub const WORK_ORDER_ENV: &str = "DOCMILL_WORK_ORDER";

/// Environment variable with the pod's own name, for `_docmill.runner` and the ledger.
pub const POD_NAME_ENV: &str = "DOCMILL_POD_NAME";

/// Environment of every worker: settings of glibc's allocator. By default, it raises the size above which a
/// block is returned to the system at once up to 32 MiB, and keeps a heap for each thread, so that the memory
/// of a worker that had some large documents stays large
/// (<https://man7.org/linux/man-pages/man3/mallopt.3.html>).
pub const WORKER_MEMORY_ENV: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_ARENA_MAX", "2")];

/// Environment variable with the number of the slice, which the Job controller sets for an Indexed Job.
pub const SLICE_ENV: &str = "JOB_COMPLETION_INDEX";

/// Port of a worker pod with `/metrics` (Prometheus), `/status` ([`WorkerStatus`](super::WorkerStatus)) and `/healthz`.
pub const WORKER_PORT: u16 = 8080;

/// Environment variable with the format of the logs, `json` or `text`, of operator and workers alike.
pub const LOG_FORMAT_ENV: &str = "DOCMILL_LOG_FORMAT";

/// Environment variable with the hosts and networks that operator and workers may connect to, if not all are
/// allowed.
pub const ENDPOINTS_ALLOW_ENV: &str = "DOCMILL_ENDPOINTS_ALLOW";

/// Environment variable with the hosts and networks that they may not connect to.
pub const ENDPOINTS_DENY_ENV: &str = "DOCMILL_ENDPOINTS_DENY";

/// Environment variable with the hosts and networks that they may connect to although such addresses are
/// denied by default.
pub const ENDPOINTS_ALLOW_RESERVED_ENV: &str = "DOCMILL_ENDPOINTS_ALLOW_RESERVED";

/// Environment variable in which every pod has the address of the API server.
pub const KUBERNETES_SERVICE_HOST_ENV: &str = "KUBERNETES_SERVICE_HOST";

/// File that the kubelet reads the [`Report`](super::Report) from.
pub const TERMINATION_LOG: &str = "/dev/termination-log";

/// Folder under which each Secret of a pod is mounted, by one of the names in [`secret_mount`].
pub const SECRETS_DIR: &str = "/etc/docmill/secrets";

/// Environment variable with a folder to use instead of [`SECRETS_DIR`], for a worker outside a pod.
pub const SECRETS_DIR_ENV: &str = "DOCMILL_SECRETS_DIR";

/// Names of the folders under [`SECRETS_DIR`].
pub mod secret_mount {
    /// `spec.storage.credentialsSecretRef` of an `IngestSource`.
    pub const STORAGE: &str = "storage";
    /// `spec.trigger.sqs.credentialsSecretRef` of an `IngestSource`.
    pub const QUEUE: &str = "queue";
    /// Credentials of `spec.index.elasticsearch` of an `IngestSource`.
    pub const INDEX: &str = "index";
    /// Credentials of `spec.ledger.elasticsearch` of an `IngestSource`.
    pub const LEDGER: &str = "ledger";
    /// The cluster that an `EnrichmentRun` reads.
    pub const FROM: &str = "from";
    /// The cluster that an `EnrichmentRun` writes.
    pub const TO: &str = "to";

    /// A cluster with enriched copies that an `IngestRun` of mode Forget erases, by its position in the order.
    pub fn enriched(place: usize) -> String {
        format!("enriched-{place}")
    }

    /// `secretRef` of an enricher, by its position among the run's enrichers.
    pub fn enricher(place: usize) -> String {
        format!("enricher-{place}")
    }
}
