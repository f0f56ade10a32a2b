//! Where the stores are.

/// Base URLs of the stores.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The object store.
    pub s3: String,
    /// The queue service.
    pub sqs: String,
    /// The cluster of articles and records.
    pub elastic: String,
}
