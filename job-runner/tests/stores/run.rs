//! Ingest runs.

mod bed;
mod forgetting;
mod planning;
mod working;
