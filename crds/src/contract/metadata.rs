//! Labels and annotations on objects that the operator creates.

/// Labels on objects that the operator creates, and the one that it requires on Secrets.
pub mod label {
    /// Name of the `IngestSource` that a worker works for.
    pub const SOURCE: &str = "docmill.io/source";
    /// Name of the `EnrichmentRun` that a worker works for.
    pub const RUN: &str = "docmill.io/run";
    /// Name of the `IngestRun` that a worker works for.
    pub const INGEST_RUN: &str = "docmill.io/ingest-run";
    /// On an `IngestRun`: which trigger of the source created it; `poll` is the only one.
    pub const TRIGGER: &str = "docmill.io/trigger";
    /// On a run: name of the `IngestSchedule` or `EnrichmentSchedule` that created it.
    pub const SCHEDULE: &str = "docmill.io/schedule";
    /// On a Secret, by whoever may write it: that resources of its namespace may have Docmill use it.
    pub const USE: &str = "docmill.io/use";
    /// The value of [`USE`] that says so.
    pub const USE_ALLOWED: &str = "true";
}

/// Annotations on objects that the operator creates.
pub mod annotation {
    /// On a run of a schedule: the schedule time for which it was created, in RFC 3339.
    pub const SCHEDULED_TIME: &str = "docmill.io/scheduled-time";
    /// On a suspended Job: who suspended it. The operator resumes only Jobs that it suspended itself.
    pub const SUSPENDED_BY: &str = "docmill.io/suspended-by";
    /// The value of [`SUSPENDED_BY`] where the operator suspended the Job for its run.
    pub const SUSPENDED_BY_RUN: &str = "run";
    /// On the Job of a worker of a source: digest of the pod that it was made with, without its work order.
    pub const POD_DIGEST: &str = "docmill.io/pod-digest";
}
