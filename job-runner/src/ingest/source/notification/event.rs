//! The meaning of a record, or why it has none.

use crate::ingest::unit::object_ref::ObjectRef;

/// How many envelopes and lists around a record are opened; nobody sends more, and they would only use up the
/// stack.
pub(crate) const MAX_DEPTH: usize = 12;
/// Maximum number of characters quoted from foreign texts.
const QUOTED_CHARACTERS: usize = 200;

/// What a record reports about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An object landed.
    Landed(ObjectRef),
    /// An archived object can be read for a while: if it was reported before, it was refused.
    Restored(ObjectRef),
    /// An object or one of its versions was removed.
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

/// Why a record is not a notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// JSON, but none of the known forms.
    #[error("it is JSON, but no S3 notification (neither Records nor an EventBridge detail)")]
    UnknownForm,
    /// An empty list.
    #[error("it is a list without any record")]
    NoRecord,
    /// Too many nested envelopes.
    #[error("it lies in more than {MAX_DEPTH} envelopes")]
    TooDeep,
    /// An SNS topic asks for a confirmation.
    #[error(
        "an SNS topic asks to confirm its subscription: confirm it with the SubscribeURL of this message"
    )]
    Confirmation,
    /// An unknown event.
    #[error("an event {0:?} is not known")]
    UnknownEvent(String),
    /// A record that lacks one of its parts, or has one of the wrong type.
    #[error("it has no {0}, or not as a text")]
    MissingPart(&'static str),
    /// A key whose escapes are not UTF-8.
    #[error("its key is not UTF-8 after decoding: {0:?}")]
    KeyNotUtf8(String),
}

/// The beginning of a foreign text.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(QUOTED_CHARACTERS).collect()
}
