//! Objects that a source writes: [`locations`] defines their keys ([`object_key`] keeps them short); [`copy`]
//! and `multipart` handle large ones.

pub mod copy;
pub mod head_object;
pub(crate) mod multipart;

pub use docmill_crds::records::{locations, object_key};
