//! Why a command could not do its work: what, where, and what to do next.

use std::fmt::{Display, Write as _};

use kube::core::Status;

/// Why a command ended without doing its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
    advice: Option<String>,
    code: Option<u16>,
}

impl Failure {
    /// A failure: what was tried, on what, and what went wrong, as one sentence in lower case.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), advice: None, code: None }
    }

    /// Adds what the user can do about it.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// What the API server answered when the plugin tried to do something, for example `read IngestSource wire in
    /// namespace news`.
    pub fn of_api(tried: &str, error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(tried, status),
            kube::Error::Auth(error) => Self::unreachable(tried, error).advice(
                "log in again as for any other kubectl command; `kubectl auth whoami` shows whether the login works",
            ),
            kube::Error::SerdeError(error) => {
                Self::new(format!("failed to {tried}: the answer has another form than this plugin reads: {error}"))
                    .advice(
                        "install the plugin of the same version as the operator and its custom resource definitions: \
                         `kubectl docmill --version` shows that of the plugin",
                    )
            }
            other => Self::unreachable(tried, &root(other)).advice(
                "check with `kubectl cluster-info` whether the API server can be reached with this kubeconfig and context",
            ),
        }
    }

    /// The status code with which the API server refused a request, if that is what went wrong.
    pub const fn code(&self) -> Option<u16> {
        self.code
    }

    fn unreachable(tried: &str, error: &dyn Display) -> Self {
        Self::new(format!("failed to {tried}: {error}"))
    }

    fn of_status(tried: &str, status: &Status) -> Self {
        let what = format!("failed to {tried}: {}", status.message);
        let failure = Self { code: Some(status.code), ..Self::new(what) };
        match status.code {
            401 => failure.advice("log in again; `kubectl auth whoami` shows whether the login works"),
            403 => failure.advice(
                "ask an administrator for this right, or check with `kubectl auth can-i --list` what you may do",
            ),
            _ => failure,
        }
    }

    /// What a terminal shows: the error and, below it, what to do next.
    pub fn explanation(&self) -> String {
        let mut text = format!("error: {}\n", self.what);
        if let Some(advice) = &self.advice {
            // Writing to a text does not fail.
            let _ = writeln!(text, "  next: {advice}");
        }
        text
    }
}

/// The innermost cause, which says what happened; the outer errors only say in which layer.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::Failure;

    #[test]
    fn an_error_says_what_and_what_next() {
        let status = Status { code: 403, message: "you may not".to_owned(), ..Status::default() };
        let failure = Failure::of_api("read IngestSource wire", &kube::Error::Api(Box::new(status)));
        assert_eq!(failure.code(), Some(403));
        assert_eq!(
            failure.explanation(),
            "error: failed to read IngestSource wire: you may not\n  next: ask an administrator for this right, \
             or check with `kubectl auth can-i --list` what you may do\n"
        );
    }

    #[test]
    fn an_answer_of_another_version_is_not_taken_for_an_api_server_that_is_away() {
        let error = serde_json::from_str::<u8>("{}").unwrap_err();
        let text = Failure::of_api("list IngestSources", &kube::Error::SerdeError(error)).explanation();
        assert!(text.contains("same version") && !text.contains("cluster-info"), "{text}");
    }

    #[test]
    fn without_advice_there_is_one_line() {
        assert_eq!(Failure::new("no such run").explanation(), "error: no such run\n");
    }
}
