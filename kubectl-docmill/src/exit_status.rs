//! What scripts learn of a command by its exit status.

use std::process::ExitCode;

/// How a command ended. A wrong command line ends with 2, by clap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: it did its work, and nothing is wrong.
    Success,
    /// 1: it could not do its work, or the run that it followed failed.
    Failed,
    /// 3: it did its work, and found something: units that were refused, differences, a document that does not exist.
    Findings,
    /// 130: the user stopped it. A run that it followed continues.
    Interrupted,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Success => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Findings => 3,
            ExitStatus::Interrupted => 130,
        })
    }
}
