//! Content: raw objects, snapshots, indexed documents, and why a unit was refused with its values.
//!
//! - `raw`, `snapshot`, `failure`: read it; `frame`: takes a unit out of a pack, and a document out of a unit; `excerpt`: the
//!   text around a fault.

mod excerpt;
pub mod failure;
mod frame;
pub mod raw;
pub mod snapshot;
