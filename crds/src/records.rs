//! Records of the work, kept in the stores themselves: one index for each kind of record.

pub mod applied_mapping;
pub mod enrichment_query;
pub mod enrichments;
pub mod heads;
pub mod lineage;
pub mod locations;
pub mod object_key;
pub mod own_index;
pub mod runs;
pub mod snapshot_line;
pub mod snapshot_reference;
pub mod units;
