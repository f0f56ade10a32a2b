//! The meaning of event names. Pure.
//!
//! In each list the first matching entry counts; one that ends with `*` matches every name with that prefix.
//! A name without a match is unknown, and its record is set aside. Ignored events are counted by their entry.

/// What an event means for the ingested objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventMeaning {
    /// There is an object.
    Created,
    /// An archived object can be read for a while.
    Restored,
    /// An object or one of its versions is gone.
    Removed,
    /// No object's bytes have changed.
    Nothing,
}

use EventMeaning::{Created, Nothing, Removed, Restored};

type List = &'static [(&'static str, EventMeaning)];

/// Events in records of S3 and of compatible stores, without `s3:`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>,
/// <https://docs.ceph.com/en/latest/radosgw/s3-notification-compatibility/>, `MinIO`'s `internal/event/name.go`).
pub(crate) const RECORDS: List = &[
    // MinIO reports settings of an object as its creation.
    ("ObjectCreated:PutTagging", Nothing),
    ("ObjectCreated:DeleteTagging", Nothing),
    ("ObjectCreated:PutRetention", Nothing),
    ("ObjectCreated:PutLegalHold", Nothing),
    ("ObjectCreated:*", Created),
    ("ObjectRemoved:*", Removed),
    // S3 reports removals by its lifecycle rules under these names, and never as `ObjectRemoved`.
    ("LifecycleExpiration:Delete", Removed),
    ("LifecycleExpiration:DeleteMarkerCreated", Removed),
    ("LifecycleTransition", Nothing),
    ("LifecycleDelMarkerExpiration:Delete", Nothing),
    // Ceph.
    ("ObjectLifecycle:Expiration:AbortM*", Nothing),
    ("ObjectLifecycle:Expiration:*", Removed),
    ("ObjectLifecycle:Transition:*", Nothing),
    ("ObjectSynced:Create", Created),
    ("ObjectSynced:Delet*", Removed),
    ("Replication:Create", Created),
    ("Replication:Delet*", Removed),
    ("Replication:Operation*", Nothing),
    ("ObjectRestore:Completed", Restored),
    ("ObjectRestore:*", Nothing),
    ("ObjectTagging:*", Nothing),
    ("ObjectAcl:*", Nothing),
    ("ObjectAnnotation:*", Nothing),
    ("ObjectRetention:*", Nothing),
    ("ObjectLegalHold:*", Nothing),
    ("IntelligentTiering", Nothing),
    ("ReducedRedundancyLostObject", Nothing),
    // MinIO.
    ("ObjectAccessed:*", Nothing),
    ("ObjectTransition:*", Nothing),
    ("BucketCreated*", Nothing),
    ("BucketRemoved*", Nothing),
    ("Scanner:*", Nothing),
    ("TestEvent", Nothing),
];

/// Detail types that S3 sends to EventBridge
/// (<https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-s3.html>).
pub(crate) const DETAILS: List = &[
    ("Object Created", Created),
    ("Object Deleted", Removed),
    ("Object Restore Completed", Restored),
    ("Object Restore Initiated", Nothing),
    ("Object Restore Expired", Nothing),
    ("Object Tags Added", Nothing),
    ("Object Tags Deleted", Nothing),
    ("Object ACL Updated", Nothing),
    ("Object Storage Class Changed", Nothing),
    ("Object Access Tier Changed", Nothing),
    ("Async Copy Completion", Nothing),
];

/// Calls that `CloudTrail` reports. `DeleteObjects` is not among them, since the event does not contain its
/// keys: it is set aside.
pub(crate) const CALLS: List = &[
    ("PutObject", Created),
    ("PostObject", Created),
    ("CopyObject", Created),
    ("CompleteMultipartUpload", Created),
    ("DeleteObject", Removed),
    ("PutObjectTagging", Nothing),
    ("DeleteObjectTagging", Nothing),
    ("PutObjectAcl", Nothing),
    ("PutObjectRetention", Nothing),
    ("PutObjectLegalHold", Nothing),
    ("RestoreObject", Nothing),
    ("CreateMultipartUpload", Nothing),
    ("UploadPart*", Nothing),
    ("AbortMultipartUpload", Nothing),
    ("GetObject*", Nothing),
    ("HeadObject", Nothing),
    ("SelectObjectContent", Nothing),
    ("List*", Nothing),
];

/// The entry of a list that matches a name.
pub(crate) fn find(list: List, name: &str) -> Option<(&'static str, EventMeaning)> {
    let fits = |entry: &str| match entry.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == entry,
    };
    list.iter().copied().find(|(entry, _)| fits(entry))
}
