//! A worker of an `EnrichmentRun`: sends the documents of one slice through models and stores the enriched
//! copies.
//!
//! In the order in which a document travels:
//! - [`slice_plan`]: the work order, read and checked once; `slice`: processes one slice to completion;
//! - `selection`: the documents of the slice, a page at a time, from a view that does not change, and what
//!   the stored copies tell about the work that remains;
//! - `article_work`: one document in flight;
//! - [`model`]: a model's inputs, the digest that detects unchanged inputs, when and how often a model is
//!   called, and how its results are put into the document;
//! - [`pipeline`]: batches for a model, sent concurrently, retried, and split in halves if one document spoils a
//!   batch; [`protocol`](docmill_clients::model_server::protocol) writes the requests and reads the
//!   responses;
//! - [`target`]: writes the copies to the target, and compares two sides of a document;
//! - `records`: failures, counts, the budget and the progress of the slice.
//!
//! A restarted slice goes over its range again. The copies themselves show what is done: no model is called
//! twice for it, and the counts cover the whole run. The worker waits for a model that is down, and never
//! counts that as a document's failure; a failure is never stored as a result, so that the next run can retry
//! the document.

mod article_work;
mod error;
pub mod model;
pub mod pipeline;
mod records;
mod retry_policy;
mod selection;
mod slice;
pub mod slice_plan;
pub mod target;

pub use error::EnrichError;
pub use slice::run;
