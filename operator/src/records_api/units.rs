//! Units: what the ledger records, what the bucket has now, and what was refused.
//!
//! - `query`: what is asked of the ledger; `page`: where a list goes on; `view`: what is told of a record;
//! - `read`: lists and gets units; `objects`: looks at objects, and reads small ones.

pub mod objects;
mod page;
pub mod query;
pub mod read;
pub mod view;
