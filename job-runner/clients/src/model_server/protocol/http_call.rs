//! A call of any HTTP server that takes and gives JSON, as the enricher maps it. No I/O.
//!
//! Requests are made of the JSON that the user wrote, with the inputs of the documents in their places; results are found by
//! JSON Pointers (RFC 6901). With several documents in a request the results are believed only if there are as many,
//! in the order of the documents.

mod answer;
mod request;

pub use answer::read;
pub use request::call;
