//! The documents of a slice in flight: reading, calling models and storing run concurrently.
//!
//! - [`context`]: everything that they pass through; [`halt`]: the first error;
//! - `pages`: what the stored copies tell about the work that remains;
//! - `batch`, `stage`, `ask`: batches for a model, sent, retried, and split in halves if one document spoils
//!   a batch;
//! - `keep`: writes copies to the target, and failures and counts to the records;
//! - [`run`]: runs all of that concurrently.

mod ask;
mod batch;
pub(crate) mod context;
pub(crate) mod halt;
mod keep;
mod pages;
mod run;
mod stage;
