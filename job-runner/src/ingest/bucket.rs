//! Objects that a source writes: [`locations`] says under which keys ([`object_key`] keeps them short); [`copy`] and `multipart`
//! are for large ones.

pub mod copy;
pub mod head;
pub mod locations;
pub(crate) mod multipart;
pub mod object_key;
