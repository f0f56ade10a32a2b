//! OpenLineage: tells another system which runs read and wrote what, if an administrator names one.
//!
//! - [`event`]: the events, in the form of the specification 2-0-2; [`dataset`]: the names of what is read and written. Both
//!   pure;
//! - [`sender`]: sends them in the background.
//!
//! An event is told at most once. A reconcile hands it over and goes on: if the receiver is away for long, or the operator
//! ends, events are lost and counted, and the work is not held up.

pub mod dataset;
pub mod event;
pub mod sender;

pub use dataset::Dataset;
pub use event::{EventType, JobRun, RunEvent};
pub use sender::LineageSender;
