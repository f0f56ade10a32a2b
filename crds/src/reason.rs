//! Why a unit or a document was refused: one stable word, the same in the ledger, in `.error.json`, in metrics and in
//! the documentation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantArray};

/// A reason code. Its name is what users see and filter by, so a variant is never renamed.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    Display,
    IntoStaticStr,
    VariantArray,
)]
pub enum Reason {
    /// The object has no bytes, or nothing but white space.
    EmptyObject,
    /// The object is compressed, and its gzip or zstd data is damaged.
    CorruptCompression,
    /// The object is a ZIP or tar archive, and it is damaged, cut off, or not of its format.
    MalformedArchive,
    /// A member of an archive cannot be read as an object: it is encrypted, compressed by a method that is not
    /// supported, an archive itself, a hard link to a file that is not read, or has a name that leads out of the archive.
    UnsupportedMember,
    /// The object is in an unknown encoding, or declares another one than it is in.
    UnsupportedEncoding,
    /// The object has bytes that do not exist in its encoding.
    InvalidBytes,
    /// The object is not well-formed XML 1.0 with namespaces.
    MalformedXml,
    /// The object is not well-formed JSON (RFC 8259).
    MalformedJson,
    /// The object declares or uses an entity that the model does not allow.
    EntityRefused,
    /// A limit on size, depth or number was reached.
    LimitExceeded,
    /// The object is well-formed, but no element matches the model's record path.
    NoRecord,
    /// A required field has no value.
    MissingField,
    /// A value is not of its field's type.
    WrongType,
    /// A value does not match its field's pattern.
    PatternMismatch,
    /// A value is not among those that its field allows.
    NotInEnum,
    /// A value has fewer characters than its field requires.
    TooShort,
    /// A value has more characters than its field allows.
    TooLong,
    /// A value is below its field's minimum, or above its maximum.
    OutOfRange,
    /// A repeated field has fewer values than it requires.
    TooFew,
    /// A repeated field has more values than it allows.
    TooMany,
    /// The index name or the id cannot be derived from the document.
    NotAddressable,
    /// A date that names the index lies outside `index.window`.
    DateOutOfWindow,
    /// The source has created as many new indices within an hour as `index.maxNewIndicesPerHour` allows.
    TooManyIndices,
    /// Elasticsearch refused the document, for example because a field does not fit the index's mapping.
    IndexRejected,
    /// The object is in an archive storage class; it can be replayed once it is restored.
    ObjectArchived,
    /// The object store does not return this object, although it returns others of the bucket: for example
    /// because of its encryption key, or of permissions on this object alone.
    ObjectUnreadable,
    /// The object store does not accept this unit's JSON, although it accepts that of others.
    SnapshotRefused,
    /// The index of the document, or of an earlier copy of it, takes no writes and will not recover by
    /// itself: a block that somebody set, a closed index, an ingest pipeline that does not exist, an index that the
    /// cluster refuses to create.
    IndexBlocked,
    /// Workers died repeatedly while they processed this unit alone.
    Poison,
    /// A message of the queue, or one of its records, is not a valid notification.
    MalformedNotification,
    /// A notification is about a bucket other than the source's.
    ForeignNotification,
}

impl Reason {
    /// Whether the object itself could not be read.
    pub const fn is_unreadable(self) -> bool {
        matches!(self, Self::ObjectArchived | Self::ObjectUnreadable)
    }

    /// Whether the object, its model and where its documents belong bring it about by themselves, so that it comes again
    /// wherever the object is converted. All others depend on what a store does or holds, on the worker, or on the queue.
    pub const fn is_reproducible(self) -> bool {
        !matches!(
            self,
            Self::TooManyIndices
                | Self::IndexRejected
                | Self::ObjectArchived
                | Self::ObjectUnreadable
                | Self::SnapshotRefused
                | Self::IndexBlocked
                | Self::Poison
                | Self::MalformedNotification
                | Self::ForeignNotification
        )
    }

    /// The code as it is written everywhere, for example `MissingField`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a unit was skipped. Unlike a refusal, nothing is wrong with it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr, VariantArray,
)]
pub enum SkipReason {
    /// The object was deleted before it was read, or before it was indexed.
    ObjectGone,
    /// A newer version replaced the object before it was read; that version is a separate unit.
    ObjectReplaced,
    /// It was ingested, and a newer version of its key has since replaced it.
    Superseded,
    /// It has since been removed from the bucket, and its documents were deleted with it
    /// (`raw.onDelete: Delete`).
    ObjectRemoved,
    /// Its key was forgotten, with all that was made of it (`IngestRun` of mode `Forget`). No version of the key is
    /// ingested again.
    Forgotten,
    /// It marks a folder: its key ends with `/` (or, for Hadoop, with `_$folder$`), and it has no bytes.
    FolderMarker,
}

impl SkipReason {
    /// The code as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What is told of a unit of which nothing was refused. It is counted, and is no failure.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr, VariantArray,
)]
pub enum Notice {
    /// Several documents of the object have the same id, and only the last one is stored.
    DuplicateId,
}

impl Notice {
    /// The code as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
