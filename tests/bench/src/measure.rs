//! What is measured: CPU time of the servers' pods by their control groups, CPU time and memory of a contender's process by
//! `/proc`, requests by proxies that only count.

mod cgroups;
mod cost;
mod counter;
mod process;

pub use cgroups::Servers;
pub use cost::{Cost, Side};
pub use counter::{Count, Counter};
pub use process::Process;
