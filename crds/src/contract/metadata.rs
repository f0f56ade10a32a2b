//! Labels and annotations on what the operator creates.

/// Labels on what the operator makes, and the one that it asks for.
pub mod label {
    /// Name of the `IngestSource` that a worker works for.
    pub const SOURCE: &str = "docmill.io/source";
    /// Name of the `EnrichmentRun` that a worker works for.
    pub const RUN: &str = "docmill.io/run";
    /// Name of the `IngestRun` that a worker works for.
    pub const INGEST_RUN: &str = "docmill.io/ingest-run";
    /// On an `IngestRun`: which trigger of the source made it; `poll` is the only one.
    pub const TRIGGER: &str = "docmill.io/trigger";
    /// On an `EnrichmentRun`: name of the `EnrichmentSchedule` that made it.
    pub const SCHEDULE: &str = "docmill.io/schedule";
    /// On a Secret, by whoever may write it: that resources of its namespace may have Docmill use it.
    pub const USE: &str = "docmill.io/use";
    /// The value of [`USE`] that says so.
    pub const USE_ALLOWED: &str = "true";
}

/// Annotations on what the operator makes.
pub mod annotation {
    /// On an `EnrichmentRun`: the time of the schedule that it was made for, in RFC 3339.
    pub const SCHEDULED_TIME: &str = "docmill.io/scheduled-time";
}
