//! The Open Inference Protocol, version 2, over HTTP: requests written and answers read. No I/O.
//!
//! Specification: <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md>.
//! A request holds one `BYTES` tensor of shape `[n, 1]` for each input, one row a document. An answer is believed only
//! if every tensor that is wanted has exactly one row a document.

mod answer;
mod metadata;
mod request;
mod tensor;

pub use answer::read;
pub use metadata::{metadata_url, read_metadata};
pub use request::{infer_url, write};
