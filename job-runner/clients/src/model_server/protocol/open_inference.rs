//! The Open Inference Protocol, version 2, over HTTP: writes requests and reads responses. No I/O.
//!
//! Specification:
//! <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md>. A
//! request holds one `BYTES` tensor of shape `[n, 1]` for each input, one row per document. A response is
//! accepted only if every requested tensor has exactly one row per document.

mod answer;
mod metadata;
mod request;
mod tensor;

pub use answer::read;
pub use metadata::{metadata_url, read_metadata};
pub use request::{infer_url, write};
