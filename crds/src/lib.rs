//! What the operator, the worker, the chart and the users of Docmill agree on.
//!
//! - [`ingest_source`], [`ingest_run`], [`enrichment_run`] and [`enrichment_schedule`]: the resources that users write;
//! - [`enricher`]: the models of an enrichment, by protocol;
//! - [`conversion`], [`reason`]: the model language of documents, and the names of what can be wrong with one;
//! - [`storage`], [`elasticsearch`], [`template`]: the parts that both resources share;
//! - [`ledger`], [`run_ledger`], [`enrichment_ledger`]: what is remembered of the work, in the stores themselves;
//!   [`own_index`]: what the indices with it are called, and whose they are;
//! - [`audit`]: the names of what an audit can find;
//! - [`contract`]: the work order that a worker pod gets, the report and the exit code that it gives back;
//! - [`manifests`], [`reference`]: the definitions of the resources and the reference documentation, made from the types;
//! - [`error_class`]: what every error of the product says about who has to act.
//!
//! Nothing here performs I/O.

mod any_json;
pub mod audit;
pub mod contract;
pub mod conversion;
pub mod elasticsearch;
pub mod enricher;
pub mod enrichment_ledger;
pub mod enrichment_query;
pub mod enrichment_run;
pub mod enrichment_schedule;
pub mod error_class;
pub mod foreign;
pub mod ingest_run;
pub mod ingest_source;
pub mod ledger;
pub mod manifests;
pub mod own_index;
pub mod reason;
pub mod reference;
pub mod run_ledger;
pub mod storage;
pub mod template;
mod words;

pub use enrichment_run::{EnrichmentRun, EnrichmentRunSpec, EnrichmentRunStatus};
pub use enrichment_schedule::{EnrichmentSchedule, EnrichmentScheduleSpec, EnrichmentScheduleStatus};
pub use ingest_run::{IngestRun, IngestRunSpec, IngestRunStatus};
pub use ingest_source::{IngestSource, IngestSourceSpec, IngestSourceStatus};

/// The API group of all Docmill resources.
pub const GROUP: &str = "docmill.io";
