//! What takes more than a minute. `cargo testbed test --long` sets the stores up and runs these one after the other;
//! without it they are left out.

mod archive_pods;
mod archives;
mod cluster;
mod count;
mod crashes;
mod enrichment;
mod enrichment_kills;
mod enrichment_operator;
mod enrichment_outage;
mod enrichment_speed;
mod hostile_tenants;
mod index_trouble;
mod kill_matrix;
mod latency;
mod listing;
mod many;
mod memory;
mod packing;
mod records_api_down;
mod removal_kills;
mod trace_latency;
mod upgrade;
