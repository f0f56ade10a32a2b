//! `job-runner work`: executes the work order that the operator put into the pod, and reports.

use std::path::Path;
use std::process::ExitCode as ProcessExit;
use std::time::Duration;

use docmill_clients::cause;
use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_clients::outbound::{self, EndpointFault, EndpointPolicy, Gates, Limits, Outbound, PatternError};
use docmill_clients::secrets::MountError;
use docmill_crds::contract::{
    EnrichOrder, ExitCode, POD_NAME_ENV, Report, SLICE_ENV, StopReason, TERMINATION_LOG, WORK_ORDER_ENV,
    WorkOrder, secret_mount,
};
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::untrusted_text::UntrustedText;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::enrich::{self, EnrichError};
use crate::ingest::error::IngestError;
use crate::ingest::processor::ShutdownTokens;
use crate::ingest::worker;
use crate::run::{self, RunError};
use crate::telemetry;

/// How long a worker that is asked to end may take to finish what is in flight. It stays below the pod's
/// grace period of 60 seconds, so that there is time to release the rest in order.
const CLOSING: Duration = Duration::from_secs(45);

/// Why a worker ended before its work was done.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error(
        "the environment variable {WORK_ORDER_ENV} is not set; this command is for pods that the operator makes"
    )]
    NoOrder,
    #[error("failed to read the work order: {0}")]
    Order(serde_json::Error),
    #[error("the environment variable {SLICE_ENV} is not the number of a slice; an Indexed Job sets it")]
    NoSlice,
    #[error(transparent)]
    Endpoints(#[from] PatternError),
    #[error("failed to listen for signals: {0}")]
    Signals(std::io::Error),
    #[error(transparent)]
    Secret(#[from] MountError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    #[error(transparent)]
    Enrich(#[from] EnrichError),
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Classify for WorkError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::NoOrder | Self::Order(_) | Self::NoSlice | Self::Endpoints(_) => ErrorClass::Permanent,
            Self::Signals(_) | Self::Secret(_) => ErrorClass::Transient,
            Self::Ingest(error) => error.class(),
            Self::Elastic(error) => error.class(),
            Self::Enrich(error) => error.class(),
            Self::Run(error) => error.class(),
        }
    }

    fn words(&self) -> Option<&UntrustedText> {
        match self {
            Self::Ingest(error) => error.words(),
            Self::Elastic(error) => error.words(),
            Self::Enrich(error) => error.words(),
            Self::Run(error) => error.words(),
            _ => None,
        }
    }
}

/// Does the work, writes the report where the kubelet reads it, and returns the exit status.
pub async fn run() -> ProcessExit {
    let stop = listen();
    let closing = stop.as_ref().ok().map(|stop| stop.closing.clone());
    let result = match stop {
        Ok(stop) => work(stop).await,
        Err(error) => Err(error),
    };
    let (report, exit) = match result {
        Ok(report) => (report, ExitCode::Done),
        Err(error) => {
            tracing::error!(%error, said = error.said(), "the work failed");
            let exit = exit_code(&error, closing.is_some_and(|closing| closing.is_cancelled()));
            let reason = match &error {
                WorkError::Enrich(EnrichError::ModelChanged { .. }) => Some(StopReason::ModelChanged),
                _ => None,
            };
            let error = Some(error.to_string());
            (Report { ended: "error".into(), reason, error, ..Report::default() }, exit)
        }
    };
    tracing::info!(?report, "the work has ended");
    write_report(&report);
    ProcessExit::from(exit.code())
}

/// How a process ends that has not done its work.
fn exit_code(error: &WorkError, was_asked_to_end: bool) -> ExitCode {
    match error.class() {
        ErrorClass::Permanent => ExitCode::Permanent,
        // Another pod would not be allowed more.
        _ if cause::find::<EndpointFault>(error).is_some() => ExitCode::Permanent,
        ErrorClass::Transient | ErrorClass::User if was_asked_to_end => ExitCode::Stopped,
        ErrorClass::Transient | ErrorClass::User => ExitCode::Transient,
    }
}

async fn work(stop: ShutdownTokens) -> Result<Report, WorkError> {
    let text = std::env::var(WORK_ORDER_ENV).map_err(|_| WorkError::NoOrder)?;
    let order: WorkOrder = serde_json::from_str(&text).map_err(WorkError::Order)?;
    let runner = std::env::var(POD_NAME_ENV).unwrap_or_else(|_| "unknown".to_owned());
    let gates = Gates::of(match &order {
        WorkOrder::Ingest(order) => &order.limits,
        WorkOrder::Run(order) => &order.ingest.limits,
        WorkOrder::Enrich(order) => &order.limits,
    });
    outbound::install(Outbound { policy: EndpointPolicy::from_env()?, limits: Limits::worker(), gates });
    match &order {
        WorkOrder::Ingest(order) => telemetry::name(&order.namespace, &order.source),
        WorkOrder::Run(order) => telemetry::name(&order.ingest.namespace, &order.ingest.source),
        // It works for a run, whose documents may come from several sources.
        WorkOrder::Enrich(order) => telemetry::name(&order.namespace, ""),
    }
    tokio::spawn(telemetry::server::run());
    match order {
        // On the heap, since it is large.
        WorkOrder::Ingest(order) => Ok(Box::pin(worker::run(*order, runner, stop)).await?),
        // On the heap: these two are large.
        WorkOrder::Run(order) => Ok(Box::pin(run::run(*order, slice(), runner, stop)).await?),
        WorkOrder::Enrich(order) => Box::pin(enrich_slice(&order, &stop)).await,
    }
}

/// Processes the slice that the Job controller assigned to this pod. When asked to end, it stops where it is:
/// what is done is in the target index, and the pod that replaces it recognizes it.
async fn enrich_slice(order: &EnrichOrder, stop: &ShutdownTokens) -> Result<Report, WorkError> {
    let slice = slice().ok_or(WorkError::NoSlice)?;
    let from = Elastic::mounted(&order.from, secret_mount::FROM)?;
    let to = Elastic::mounted(&order.to.elasticsearch, secret_mount::TO)?;
    Ok(Box::pin(enrich::run(order, slice, &from, &to, &stop.closing)).await?)
}

/// The number that the Job controller assigned to this pod.
fn slice() -> Option<i32> {
    std::env::var(SLICE_ENV).ok()?.parse().ok()
}

/// SIGTERM and SIGINT request an end; [`CLOSING`] later, whatever is still in flight is released.
fn listen() -> Result<ShutdownTokens, WorkError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(WorkError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(WorkError::Signals)?;
    let stop = ShutdownTokens { closing: CancellationToken::new(), abort: CancellationToken::new() };
    let tokens = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop; finishing the work in flight");
        tokens.closing.cancel();
        tokio::time::sleep(CLOSING).await;
        tokens.abort.cancel();
    });
    Ok(stop)
}

/// Outside of a pod there is no such file; the log has the report too.
fn write_report(report: &Report) {
    let path = Path::new(TERMINATION_LOG);
    if path.exists()
        && let Err(error) = std::fs::write(path, report.to_message())
    {
        tracing::warn!(%error, "failed to write the report");
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::ExitCode;

    use super::{WorkError, exit_code};
    use crate::enrich::EnrichError;
    use crate::run::RunError;

    #[test]
    fn whoever_was_asked_to_end_has_not_failed_unless_another_pod_could_not_do_it_either() {
        let exits = |error: WorkError| [false, true].map(|was_asked| exit_code(&error, was_asked));
        for stopped in [WorkError::Run(RunError::Stopped), WorkError::Enrich(EnrichError::Stopped)] {
            assert_eq!(exits(stopped), [ExitCode::Transient, ExitCode::Stopped]);
        }
        assert_eq!(exits(WorkError::NoSlice), [ExitCode::Permanent, ExitCode::Permanent]);
    }
}
