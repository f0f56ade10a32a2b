//! Ingest runs.

mod bed;
mod planning;
mod working;
