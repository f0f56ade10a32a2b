//! What tells of objects, and gives them.
//!
//! [`queue`] hands out messages and keeps them hidden while they are worked on, [`notification`] reads them; [`object`] is the raw
//! object, [`body`] reads it as it comes, [`current`] asks what the bucket holds now, and [`access`] tells trouble of one object
//! from that of all.

pub mod access;
pub mod body;
pub mod current;
pub mod notification;
pub mod object;
pub mod queue;
