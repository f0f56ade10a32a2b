//! A worker of an `EnrichmentRun`: sends the documents of one slice through models and stores the enriched copies.
//!
//! In the order in which a document travels:
//! - [`recipe`]: the order, read and checked once;
//! - `select` and `hits`: the documents of the slice, a page at a time, from a view that does not change;
//! - `pages`: what the stored copies tell about what has still to be done ([`standing`]);
//! - `work`: one document on its way; [`input`]: what a model is given of it, and the digest by which an unchanged input is
//!   recognised;
//! - `batch`, `stage`, `ask`: batches for a model, sent, tried again, and cut in halves where one document spoils a batch;
//!   `shorten` cuts texts that are too long for a model that truncates; `limits` and `budget` say when and how much, [`link`](docmill_clients::model_server::link) by which certificates and credentials;
//! - [`protocol`](docmill_clients::model_server::protocol): requests written and answers read; [`builtin`]: what needs no server;
//! - [`attach`]: the results and where they come from, put into the document;
//! - `objects`: raw objects that a model is given; `compare`: how two sides of a document differ;
//! - `keep`: the copies into the target (`store`), failures into the records (`failures`), the counts (`tally`) into the record
//!   of the slice (`progress`);
//! - `flow` has all of that at work at the same time.
//!
//! A slice that is started again goes over its range again. What is done is known by the copies themselves: nothing is
//! asked twice of a model, and the counts are those of the whole run. A model that is down is waited for and never
//! makes a document a failure; a failure is never stored as a result, so that the next run can try it again.
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
