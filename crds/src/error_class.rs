//! Who has to act on an error: nobody (it passes), the user (correct a resource or a secret), or nobody can.

pub mod store_problem;

use self::store_problem::{Store, StoreProblemReason};
use super::untrusted_text::UntrustedText;

/// What an error means for further processing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Passes by itself (an outage, throttling, a timeout): retry later, never count it against a document.
    Transient,
    /// The user has to change something (a missing secret or bucket, denied access): report it, and check
    /// again.
    User,
    /// A retry cannot help (a document that is refused, a resource that cannot work).
    Permanent,
}

/// Implemented by the error enum of every module that can fail at run time.
pub trait Classify {
    /// Who has to act.
    fn class(&self) -> ErrorClass;

    /// The store that blocks the work, if any, and how: not the document's fault, and not the end of the
    /// process. An error that wraps another one returns the inner error's value.
    fn store_problem(&self) -> Option<(Store, StoreProblemReason)> {
        None
    }

    /// The store's own message, which `Display` does not show: for the logs of workers. An error that wraps
    /// another one returns the inner error's value.
    fn words(&self) -> Option<&UntrustedText> {
        None
    }

    /// The same as a text, for the log of a worker.
    fn said(&self) -> Option<&str> {
        self.words().map(UntrustedText::for_records)
    }
}
