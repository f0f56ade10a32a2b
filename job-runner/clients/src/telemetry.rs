//! The telemetry of a process, operator or worker.

pub mod logs;
pub mod process;
