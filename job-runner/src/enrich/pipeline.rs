//! The documents of a slice in flight: reading, calling models and storing run concurrently.
//!
//! - [`context`]: everything that they pass through; [`first_error`]: the first error;
//! - `pages`: what the stored copies tell about the work that remains;
//! - `batch`, `stage`, `model_client`: batches for a model, sent, retried, and split in halves if one document spoils
//!   a batch;
//! - `writer`: writes copies to the target, and failures and counts to the records;
//! - [`run`]: runs all of that concurrently.
mod batch;
pub(crate) mod context;
pub(crate) mod first_error;
mod model_client;
mod pages;
mod run;
mod stage;
mod writer;
