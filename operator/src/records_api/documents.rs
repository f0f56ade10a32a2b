//! Documents: where each is, from raw object to enriched copy.
//!
//! - `read`: gets documents; `view`: what is told of them; `enriched`: their copies in the targets of enrichments;
//!   `history`: the units that they came from;
//! - `search`: finds documents by words of their content; `search_query`: what it asks of an index;
//! - `answers`: what several sources say to one request.

mod answers;
pub mod enriched;
pub mod history;
pub mod read;
pub mod search;
mod search_query;
mod view;
