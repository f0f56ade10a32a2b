//! The stores, by clients that do nothing but what is asked of them.

mod elastic;
mod hash;
mod s3;
mod signer;
mod sqs;

pub use elastic::{Elastic, Size, Stored};
pub use s3::{Listed, S3};
pub use signer::Keys;
pub use sqs::{BATCH, Sqs};

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
