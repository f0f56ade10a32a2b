//! The sources of events about objects, and of the objects themselves.
//!
//! [`queue`] receives messages and keeps them hidden while they are processed, [`notification`] parses them;
//! [`object`] is the raw object, [`body`] streams its content, [`range_reader`] reads it at any place, [`listing`]
//! lists the objects of a bucket, [`current`] asks what the bucket holds now, and [`access_tracker`] tells trouble of one
//! object from trouble of all.
pub mod access_tracker;
pub mod body;
pub mod current;
pub mod listing;
pub mod notification;
pub mod object;
pub mod queue;
pub mod range_reader;
