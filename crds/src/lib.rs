//! What the operator, the worker, the chart and the users of Docmill agree on.
//!
//! - [`api`]: the resources that users write: [`api::ingest_source`], [`api::ingest_run`], [`api::enrichment_run`],
//!   [`api::schedule`], [`api::conversion_model`], [`api::connection`], and the parts
//!   that they share;
//! - [`conversion`], [`reason`], [`template`]: the model language of documents, and the names of what can be
//!   wrong with a document;
//! - [`records`]: records of the work, kept in the stores themselves; [`records_api`]: how they are read through the API
//!   server;
//! - [`audit`]: the names of what an audit can find;
//! - [`contract`]: the work order that a worker pod gets, the report and the exit code that it gives back;
//! - [`manifests`], [`reference_docs`]: the definitions of the resources and the reference documentation, made from the types;
//! - [`error_class`]: what every error of the product says about who has to act;
//!
//! Nothing here performs I/O.

pub mod api;
pub mod audit;
pub mod contract;
pub mod conversion;
pub mod digest;
pub mod error_class;
pub mod manifests;
pub mod reason;
pub mod records;
pub mod records_api;
pub mod reference_docs;
mod serialization;
pub mod template;
pub mod untrusted_text;

pub use api::connection::{
    ClusterConnection, ClusterConnectionSpec, Connection, ConnectionSpec, ConnectionStatus,
};
pub use api::conversion_model::{ConversionModel, ConversionModelSpec, ConversionModelStatus};
pub use api::enrichment_run::{EnrichmentRun, EnrichmentRunSpec, EnrichmentRunStatus};
pub use api::ingest_run::{IngestRun, IngestRunSpec, IngestRunStatus};
pub use api::ingest_source::{IngestSource, IngestSourceSpec, IngestSourceStatus};
pub use api::schedule::enrichment_schedule::{EnrichmentSchedule, EnrichmentScheduleSpec};
pub use api::schedule::ingest_schedule::{IngestSchedule, IngestScheduleSpec};
pub use api::schedule::{Schedule, ScheduleStatus};
