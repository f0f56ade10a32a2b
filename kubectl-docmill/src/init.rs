//! A source that fits: from samples, and from what a user answers. Pure.
//!
//! - [`fit`]: which preset converts the samples; [`inferred`]: a model for what none converts; [`manifest`]: the
//!   IngestSource.

pub mod fit;
pub mod inferred;
pub mod manifest;

pub use fit::{Fit, best};
pub use inferred::{Inferred, commented, infer};
pub use manifest::{Answers, Trigger};
