//! Logs on standard output, of operator and worker alike. Bodies of documents and secrets are never logged.

use tracing_subscriber::layer::{Identity, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line, with the fields of the unit that it is about under `span`.
    #[default]
    Json,
    /// Lines for people.
    Text,
}

impl LogFormat {
    /// Its name on the command line and in the environment.
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
    /// Another logger is installed already.
    #[error("failed to start logging: {0}")]
    Taken(String),
}

/// Starts logging. `filter` is a level or a list of directives as in `RUST_LOG`.
pub fn init(format: LogFormat, filter: &str) -> Result<(), LogError> {
    init_with(format, filter, None::<Identity>)
}

/// Starts logging with an additional layer, for example for spans, to which the filter does not apply.
pub fn init_with<L>(format: LogFormat, filter: &str, layer: Option<L>) -> Result<(), LogError>
where
    L: Layer<Registry> + Send + Sync,
{
    let filter =
        EnvFilter::try_new(filter).map_err(|error| LogError::Filter { filter: filter.to_owned(), error })?;
    let lines = tracing_subscriber::fmt::layer();
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    tracing_subscriber::registry()
        .with(layer)
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| LogError::Taken(error.to_string()))
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
        let error = init(LogFormat::Json, "info,=,=").unwrap_err();
        assert!(matches!(error, LogError::Filter { .. }), "{error}");
        assert!(error.to_string().contains("info,=,="));
    }
}
