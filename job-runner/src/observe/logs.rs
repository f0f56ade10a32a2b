//! Logs on standard output, of operator and worker alike. Bodies of documents and secrets are never logged.

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use super::traces::{Traces, UNIT_SPAN};

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line, with the fields of the unit that it is about under `span`.
    #[default]
    Json,
    /// Lines for a person's eyes.
    Text,
}

impl LogFormat {
    /// The word for it on the command line and in the environment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("failed to read the log level {filter:?}: {error}; try info, or info,kube=debug")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong with it.
        error: tracing_subscriber::filter::ParseError,
    },
    /// Something else logs already.
    #[error("failed to start logging: {0}")]
    Taken(String),
}

/// Starts logging, and the making of spans where they are sent. `filter` is a level or a list of directives as in
/// `RUST_LOG`; spans do not depend on it.
pub fn init(format: LogFormat, filter: &str, traces: Option<&Traces>) -> Result<(), LogError> {
    let filter =
        EnvFilter::try_new(filter).map_err(|error| LogError::Filter { filter: filter.to_owned(), error })?;
    let lines = tracing_subscriber::fmt::layer();
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces.map(span_layer))
        .try_init()
        .map_err(|error| LogError::Taken(error.to_string()))
}

/// Makes spans of units, and of nothing else: lines of the log stay in the log.
pub(super) fn span_layer<S>(traces: &Traces) -> impl Layer<S> + use<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer());
    let layer = layer.with_location(false).with_threads(false).with_target(false);
    layer.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.name() == UNIT_SPAN))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::{LogError, LogFormat, init};

    #[test]
    fn words_are_those_of_the_command_line() {
        for format in LogFormat::value_variants() {
            assert_eq!(LogFormat::from_str(format.as_str(), false).as_ref(), Ok(format));
        }
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let error = init(LogFormat::Json, "info,=,=", None).unwrap_err();
        assert!(matches!(error, LogError::Filter { .. }), "{error}");
        assert!(error.to_string().contains("info,=,="));
    }
}
