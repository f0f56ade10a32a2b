//! What the operator passes to a worker pod, and what it gets back.
//!
//! In: the [`WorkOrder`] as JSON in an environment variable; credentials as files, one folder per Secret, so that
//! they appear in no manifest and a rotated Secret reaches a running pod. Out, while it runs: its [`WorkerStatus`] at
//! `GET /status` on [`WORKER_PORT`]; at its end: a [`Report`] as the pod's termination message (the kubelet keeps up to
//! 4,096 bytes of it) and an [`ExitCode`].
mod environment;
mod exit_code;
mod limits;
mod metadata;
mod order;
mod report;
pub(crate) mod worker_status;

pub use environment::{
    ENDPOINTS_ALLOW_ENV, ENDPOINTS_ALLOW_RESERVED_ENV, ENDPOINTS_DENY_ENV, KUBERNETES_SERVICE_HOST_ENV,
    LOG_FORMAT_ENV, POD_NAME_ENV, SECRETS_DIR, SECRETS_DIR_ENV, SLICE_ENV, TERMINATION_LOG, WORK_ORDER_ENV,
    WORKER_MEMORY_ENV, WORKER_PORT, secret_mount,
};
pub use exit_code::ExitCode;
pub use limits::RequestLimits;
pub use metadata::{annotation, label};
pub use order::{EnrichOrder, EnrichStep, EnrichedTarget, IngestOrder, RunOrder, RunStep, WorkOrder};
pub use report::{Report, StopReason};
pub use worker_status::{HeldUnits, IndexTrouble, StoreProblem, WorkerStatus};

pub use super::error_class::store_problem::{Store, StoreProblemReason};

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::api::ingest_run::probe::{Need, ProbeResult};

    #[test]
    fn a_report_fits_into_a_termination_message() {
        let report = Report { error: Some("ß\n\"".repeat(10_000)), ..Report::default() };
        let message = report.to_message();
        assert!(message.len() <= 4096, "{} bytes", message.len());
        let back: Report = serde_json::from_str(&message).expect("a report");
        assert!(back.error.expect("an error").starts_with("ß\"ß"));
    }

    #[test]
    fn so_does_a_probe_in_which_everything_fails() {
        let detail = "x".repeat(1000);
        let probes: Vec<_> = Need::ALL.iter().map(|need| ProbeResult::failed(*need, &detail)).collect();
        let message = Report { probes: probes.clone(), ..Report::default() }.to_message();
        assert!(message.len() <= 4096, "{} bytes", message.len());
        assert_eq!(serde_json::from_str::<Report>(&message).expect("a report").probes, probes);
        let failed = Report { error: Some("ß".repeat(1000)), probes, ..Report::default() };
        assert!(failed.to_message().len() <= 4096);
    }
}
