//! Why a resource cannot be worked on now, as its `Ready` condition reports it.

use docmill_crds::error_class::ErrorClass;

/// Something that the spec names is missing, unreachable or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// Reason of the condition, one CamelCase word.
    pub reason: &'static str,
    /// What is wrong, where, and where possible what to do.
    pub message: String,
    /// Who has to act.
    pub class: ErrorClass,
}

impl NotReady {
    /// A fault that the user has to fix.
    pub fn user(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), class: ErrorClass::User }
    }

    /// A fault that goes away by itself.
    pub fn transient(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), class: ErrorClass::Transient }
    }
}
