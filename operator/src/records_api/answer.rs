//! What is answered: JSON, content or a `Status` that says why there is none (`failure`), errors of stores in words
//! (`store_failure`), and lists in kubectl's columns (`table`). Pure.

mod failure;
pub mod store_failure;
pub mod table;

pub use failure::{Failure, bytes_response, json_response};
