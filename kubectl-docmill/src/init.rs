//! A source that fits: from samples, and from what a user answers. Pure.
//!
//! - [`fit`]: which preset converts the samples; [`manifest`]: the IngestSource.

pub mod fit;
pub mod manifest;

pub use fit::{Fit, best};
pub use manifest::{Answers, Trigger};
