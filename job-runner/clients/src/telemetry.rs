//! The telemetry of a process, operator or worker.

pub mod build_info;
pub mod logs;
pub mod process;
