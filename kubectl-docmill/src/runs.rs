//! Runs that are followed to their end.
//!
//! - [`run_state`]: what a run of either kind says of itself; [`meter`]: rate and time left; [`render`]: the line of progress and
//!   the verdict; no I/O;
//! - [`follow`]: looks at a run until it has ended.

pub mod follow;
pub mod meter;
pub mod render;
pub mod run_state;
#[cfg(test)]
mod tests;
