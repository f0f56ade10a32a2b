//! The documents of a slice on their way: read, asked for, stored, all at the same time.
//!
//! - [`context`]: all that they pass through; [`halt`]: the first error;
//! - `pages`: what the stored copies tell about what has still to be done;
//! - `batch`, `stage`, `ask`: batches for a model, sent, tried again, and cut in halves where one document spoils a batch;
//! - `keep`: copies into the target, failures and counts into the records;
//! - [`run`]: has all of that at work at the same time.

mod ask;
mod batch;
pub(crate) mod context;
pub(crate) mod halt;
mod keep;
mod pages;
mod run;
mod stage;
