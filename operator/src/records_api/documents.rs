//! Documents: where each is, from raw object to enriched copy.
//!
//! - `read`: gets documents; `view`: what is told of them; `enriched`: their copies in the targets of enrichments;
//!   `history`: the units that they came from.

pub mod enriched;
pub mod history;
pub mod read;
mod view;
