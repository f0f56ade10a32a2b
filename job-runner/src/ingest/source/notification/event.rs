//! What a record tells, or why it is none.

use crate::ingest::unit::object_ref::ObjectRef;

/// Envelopes and lists around a record that are opened; more are nobody's, and would only use up the stack.
pub(crate) const MAX_DEPTH: usize = 12;
/// Characters of foreign texts that are told.
const TOLD_CHARACTERS: usize = 200;

/// What a record tells of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An object landed.
    Landed(ObjectRef),
    /// An archived object can be read for a while: it was refused, if it was told of before.
    Restored(ObjectRef),
    /// An object was removed, or one of its versions was.
    Removed(ObjectRef),
}

impl Event {
    /// The object.
    pub const fn object(&self) -> &ObjectRef {
        match self {
            Self::Landed(object) | Self::Restored(object) | Self::Removed(object) => object,
        }
    }
}

/// Why a record is no notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// JSON, but none of the known forms.
    #[error("it is JSON, but no S3 notification (neither Records nor an EventBridge detail)")]
    UnknownForm,
    /// A list without anything in it.
    #[error("it is a list without any record")]
    NoRecord,
    /// Envelopes in envelopes.
    #[error("it lies in more than {MAX_DEPTH} envelopes")]
    TooDeep,
    /// An SNS topic asks for a confirmation.
    #[error(
        "an SNS topic asks to confirm its subscription: confirm it with the SubscribeURL of this message"
    )]
    Confirmation,
    /// An event that nobody has heard of.
    #[error("an event {0:?} is not known")]
    UnknownEvent(String),
    /// A record without one of its parts, or with one of another type.
    #[error("it has no {0}, or not as a text")]
    MissingPart(&'static str),
    /// A key whose escapes are not UTF-8.
    #[error("its key is not UTF-8 after decoding: {0:?}")]
    KeyNotUtf8(String),
}

/// The beginning of a text that somebody else wrote.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(TOLD_CHARACTERS).collect()
}
