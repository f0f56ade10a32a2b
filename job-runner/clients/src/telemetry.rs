//! What can be seen of a process, operator or worker.

pub mod logs;
pub mod process;
