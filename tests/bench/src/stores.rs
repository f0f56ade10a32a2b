//! The stores, by clients that do nothing but what is asked of them.

mod addresses;
mod elastic;
mod hash;
mod s3;
mod signer;
mod sqs;

pub use addresses::Stores;
pub use elastic::{Elastic, Size, Stored};
pub use s3::{Listed, S3};
pub use signer::Keys;
pub use sqs::{BATCH, Sqs};
