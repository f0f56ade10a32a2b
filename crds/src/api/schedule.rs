//! Kinds of schedules, which create runs as a `CronJob` creates Jobs: [`ingest_schedule`], [`enrichment_schedule`], and
//! the settings and the status that they share.

pub mod enrichment_schedule;
pub mod ingest_schedule;
mod settings;

pub use settings::{
    ActiveRun, ConcurrencyPolicy, RunMetadata, RunTemplate, Schedule, ScheduleSettings, ScheduleStatus,
};
