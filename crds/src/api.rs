//! The resources that users write, and the parts that they share.

pub mod connection;
pub mod connection_ref;
pub mod conversion_model;
pub mod credentials;
pub mod elasticsearch;
pub mod enricher;
pub mod enrichment_run;
pub mod index_options;
pub mod ingest_run;
pub mod ingest_source;
pub mod pod_template;
pub mod schedule;
pub mod storage;
pub mod time_range;
pub mod tls;
