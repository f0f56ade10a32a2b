//! Calls to any HTTP server that accepts and returns JSON, as the enricher maps it. No I/O.
//!
//! Requests are built from the JSON that the user wrote, with the inputs of the documents inserted; results
//! are found by JSON Pointers (RFC 6901). With several documents in a request the results are accepted only
//! if there are as many, in the order of the documents.

mod answer;
mod request;

pub use answer::read;
pub use request::call;
