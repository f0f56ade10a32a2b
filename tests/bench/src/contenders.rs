//! Who is measured: the worker, a Python stack, and what each server does by itself at the least.

mod command;
mod contender;
mod limits;
mod programs;
mod python;
mod worker;

pub use command::command;
pub use contender::Contender;
pub use limits::{Bulk, Limit, limit};
pub use programs::Programs;
