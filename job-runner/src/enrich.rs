//! A worker of an `EnrichmentRun`: sends the documents of one slice through models and stores the enriched copies.
//!
//! In the order in which a document travels:
//! - [`slice_plan`]: the order, read and checked once; `slice`: one slice, worked to its end;
//! - `selection`: the documents of the slice, a page at a time, from a view that does not change, and what the stored
//!   copies tell about what has still to be done;
//! - `work`: one document on its way;
//! - [`model`]: what a model is given of it, the digest by which an unchanged input is recognised, when and how much is
//!   asked, and the results put into the document;
//! - [`flow`]: batches for a model, sent, retried, and halved where one document spoils a batch, all at the same time;
//!   requests are written and answers read by [`protocol`](docmill_clients::model_server::protocol);
//! - [`target`]: the copies into the target, and how two sides of a document differ;
//! - `records`: failures, counts, the budget and the progress of the slice.
//!
//! A slice that is started again goes over its range again. What is done is known by the copies themselves: nothing is
//! asked twice of a model, and the counts are those of the whole run. The worker waits for a model that is down, and never
//! makes a document a failure for it; a failure is never stored as a result, so that the next run can try it again.

mod error;
pub mod flow;
pub mod model;
mod patience;
mod records;
mod selection;
mod slice;
pub mod slice_plan;
pub mod target;
mod work;

pub use error::EnrichError;
pub use slice::run;
