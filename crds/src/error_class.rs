//! Who has to act on an error: nobody (it passes), the user (mend a resource or a secret), or nobody can.

use super::contract::worker_status::{Store, StoreProblemReason};
use super::foreign::Foreign;

/// What an error means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Passes by itself (an outage, throttling, a timeout): try again later, never count it against a document.
    Transient,
    /// The user has to change something (a missing secret or bucket, denied access): say so, and look again.
    User,
    /// Trying again cannot help (a document that is refused, a resource that cannot work).
    Permanent,
}

/// Implemented by the error enum of every module that can fail at run time.
pub trait Classify {
    /// Who has to act.
    fn class(&self) -> ErrorClass;

    /// Which store hinders the work and how, where one does: not the document's fault, and not the end of the process.
    /// An error that wraps another one says what that one says.
    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        None
    }

    /// The words of the store, which `Display` does not show: for the logs of workers. An error that wraps another one
    /// gives what that one gives.
    fn words(&self) -> Option<&Foreign> {
        None
    }

    /// The same as a text, for the log of a worker.
    fn said(&self) -> Option<&str> {
        self.words().map(Foreign::for_records)
    }
}
