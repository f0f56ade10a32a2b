//! The pages: pure functions of what was read.

pub mod diff;
pub mod failures;
pub mod faults;
pub mod flow;
pub mod layout;
pub mod new_run;
pub mod overview;
pub mod runs;
pub mod source;
pub mod tables;
pub mod trace;
